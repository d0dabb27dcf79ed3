"""`convert --map`, `--model`, `--training-state` and `match` through the command line."""

import json
import sys
from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.pairs import JittorCNN, TorchCNN
from alignment_tests.jtmigrate.tensors import assert_same
from alignment_tests.jtmigrate.test_convert import run as run_without_framework
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.tree import read_tree, same_tree
from jtmigrate.cli.main import main
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.load import load

QKV = r"""
[[rule]]
prefix = 'module.'
[[rule]]
split = '(.*)\.qkv\.(weight|bias)'
into = ['\1.q.\2', '\1.k.\2', '\1.v.\2']
[[rule]]
transpose = '.*\.[qkv]\.weight'
axes = [1, 0]
"""

PAIRS = "alignment_tests.jtmigrate.pairs"


def tensors() -> dict[str, np.ndarray]:
    random = np.random.RandomState(0)
    shapes = {"module.a.qkv.weight": (12, 5), "module.a.qkv.bias": (12,), "module.fc.weight": (3, 5)}
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def saved(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    write_checkpoint(path, Checkpoint(arrays))
    return path


def command(capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> tuple[int, str, str]:
    """Exit code and output of a command run in this process, where both frameworks are loaded already."""
    monkeypatch.setattr(sys, "argv", ["jtmigrate", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    return (caught.value.code or 0, *capsys.readouterr())


def test_one_map_there_and_back(tmp_path: Path) -> None:
    src, rules = saved(tmp_path / "a.pth", tensors()), tmp_path / "rules.toml"
    rules.write_text(QKV)
    report = tmp_path / "r.json"
    done = run_without_framework(src, tmp_path / "b.pkl", "--map", rules, "--report", report)
    assert done.returncode == 0, done.stderr
    found = read_checkpoint(tmp_path / "b.pkl").tensors
    np.testing.assert_array_equal(found["a.k.weight"], tensors()["module.a.qkv.weight"][4:8].T)
    assert list(found) == [*(f"a.{part}.{kind}" for kind in ("weight", "bias") for part in "qkv"), "fc.weight"]
    counts = json.loads(report.read_text())["counts"]
    assert (counts["rearranged"], counts["copied"]) == (6, 1)
    first = json.loads(report.read_text())["tensors"][0]
    assert (first["fate"], first["source"]) == ("rearranged", "module.a.qkv.weight")
    assert first["reason"].startswith("prefix 'module.'")
    back = run_without_framework(
        tmp_path / "b.pkl", tmp_path / "c.pth", "--map", rules, "--reverse", "--report", report
    )
    assert back.returncode == 0, back.stderr
    assert_same(read_checkpoint(tmp_path / "c.pth").tensors, tensors())
    assert json.loads(report.read_text())["tensors"][0]["source"] == "a.q.weight + a.k.weight + a.v.weight"


def test_ready_rules_and_several_maps(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", {f"module.{name}": array for name, array in tensors().items()})
    (tmp_path / "rules.toml").write_text(QKV)
    done = run_without_framework(src, tmp_path / "b.npz", "--map", "ddp", "--map", tmp_path / "rules.toml")
    assert done.returncode == 0, done.stderr
    assert "a.q.weight" in read_checkpoint(tmp_path / "b.npz").tensors


def test_tied_weights_stay_tied_through_a_map(tmp_path: Path) -> None:
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    src = saved(tmp_path / "a.pth", {"a": weight, "b": weight})
    (tmp_path / "rules.toml").write_text("[[rule]]\ntranspose = '[ab]'\naxes = [1, 0]")
    assert run_without_framework(src, tmp_path / "b.pkl", "--map", tmp_path / "rules.toml").returncode == 0
    found = read_checkpoint(tmp_path / "b.pkl").tensors
    assert found["a"] is found["b"]
    np.testing.assert_array_equal(found["a"], weight.T)


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ("[[rule]]\nrename = 'nothing'\nto = 'x'", "a.pth: rule 1 (rename 'nothing', to 'x'): no name matches"),
        ("[[rule]]\ncast = '.*'\nfrom = 'float32'\nto = 'float16'", "would change values"),
        ("[[rule]]\nrename = '('\nto = 'x'", "is no regular expression"),
        (None, "no such file, and no ready rules; those are ddp, ema, "),
    ],
)
@pytest.mark.parametrize("dry", [True, False])
def test_what_is_wrong_with_a_map_is_one_line(tmp_path: Path, rules: str | None, message: str, dry: bool) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    path = tmp_path / "rules.toml"
    if rules:
        path.write_text(rules)
    done = run_without_framework(src, tmp_path / "b.pkl", "--map", path, *["--dry-run"] * dry)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "b.pkl").exists()


@pytest.mark.parametrize("target", ["TorchCNN", "JittorCNN"])
def test_a_live_model_as_target(tmp_path: Path, capsys, monkeypatch, target: str) -> None:
    """Counters of batches stay in a file for Jittor, and are made for PyTorch where a file lacks them."""
    state = TorchAdapter().state(TorchCNN())
    src = saved(tmp_path / "a.pth", {f"module.{name}": array for name, array in state.items()})
    code, out, err = command(capsys, monkeypatch, "convert", src, tmp_path / "b.pkl", "--model", f"{PAIRS}:{target}")
    assert code == 0, err
    assert "not checked" not in out
    assert set(read_checkpoint(tmp_path / "b.pkl").tensors) == set(state)
    assert load(JittorCNN(), tmp_path / "b.pkl")
    without = {name: array for name, array in state.items() if "num_batches" not in name}
    src = saved(tmp_path / "c.pkl", without)
    code, out, err = command(capsys, monkeypatch, "convert", src, tmp_path / "d.pth", "--model", f"{PAIRS}:TorchCNN")
    assert code == 0, err
    assert "initialised" in out
    TorchCNN().load_state_dict(torch.load(tmp_path / "d.pth", weights_only=True)["state_dict"])


def test_a_live_model_that_does_not_fit(tmp_path: Path, capsys, monkeypatch) -> None:
    src = saved(tmp_path / "a.pth", tensors())
    code, _, err = command(capsys, monkeypatch, "convert", src, tmp_path / "b.pkl", "--model", f"{PAIRS}:JittorMLP")
    assert code == 2
    assert "4 missing (hidden.weight" in err
    code, _, err = command(capsys, monkeypatch, "convert", src, tmp_path / "b.pkl", "--model", "os:getcwd")
    assert code == 2
    assert "os:getcwd returned str, no torch.nn.Module or jittor.Module: return the model" in err


def test_a_scalar_has_the_shape_of_its_target(tmp_path: Path) -> None:
    src = saved(tmp_path / "a.pth", {"scale": np.array(2.0, np.float32)})
    (tmp_path / "s.json").write_text('{"scale": {"shape": [1], "dtype": "float32"}}')
    assert run_without_framework(src, tmp_path / "b.pkl", "--schema", tmp_path / "s.json").returncode == 0
    assert read_checkpoint(tmp_path / "b.pkl").tensors["scale"].shape == (1,)


def test_a_training_state_there_and_back(tmp_path: Path) -> None:
    model = TorchCNN()
    optimizer = torch.optim.Adam(model.parameters())
    sum(parameter.square().sum() for parameter in model.parameters()).backward()
    optimizer.step()
    entries = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7, "args": torch.nn.ReLU()}
    torch.save(entries, tmp_path / "a.pth")
    done = run_without_framework(tmp_path / "a.pth", tmp_path / "b.pkl", "--training-state")
    assert done.returncode == 0, done.stderr
    assert "left behind: args" in done.stdout
    assert jt.load(str(tmp_path / "b.pkl"))["epoch"] == 7
    assert run_without_framework(tmp_path / "b.pkl", tmp_path / "c.pth", "--training-state").returncode == 0
    assert same_tree(read_tree(tmp_path / "c.pth").entries, read_tree(tmp_path / "a.pth").entries)
    again = torch.load(tmp_path / "c.pth", weights_only=True)
    model.load_state_dict(again["model"])
    optimizer.load_state_dict(again["optimizer"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.pth", "b.npz", "--training-state"], "a training state is written as .pkl, "),
        (["a.safetensors", "b.pkl", "--training-state"], "holds tensors only, and no training state"),
        (["a.pth", "b.pkl", "--training-state", "--map", "ddp"], "--map would have no effect"),
        (["a.pth", "a.pth", "--training-state"], "is the source too"),
        (["a.pth", "b.pkl", "--reverse"], "--reverse turns a --map round"),
        (["a.pth", "b.pkl", "--map", "ddp", "--ema"], "leave the request for EMA weights out"),
        (["a.pth", "b.pkl", "--schema", "s.json", "--model", "a:b"], "--model and --schema name two targets"),
    ],
)
def test_options_that_do_not_go_together(tmp_path: Path, arguments: list[str], message: str) -> None:
    for name in ("a.pth", "a.safetensors"):
        saved(tmp_path / name, tensors())
    paths = [tmp_path / argument if "." in argument else argument for argument in arguments]
    done = run_without_framework(*paths)
    assert done.returncode == 2
    assert message in done.stderr


def test_match_writes_a_map_that_convert_uses(tmp_path: Path, capsys, monkeypatch) -> None:
    """Twins are left open, told so, and settled by hand in the file."""
    source, target = saved(tmp_path / "a.pth", tensors()), {}
    for name, array in tensors().items():
        target[name.removeprefix("module.").replace("weight", "kernel")] = np.ascontiguousarray(array.T)
    target |= {"twin_1": np.zeros(4, np.float32), "twin_2": np.zeros(4, np.float32)}
    other = saved(tmp_path / "b.npz", target)
    source = saved(tmp_path / "a.pth", {**tensors(), "x": np.ones(4, np.float32), "y": np.ones(4, np.float32)})
    code, out, _ = command(capsys, monkeypatch, "match", source, other, "--out", tmp_path / "m.toml")
    assert code == 1
    assert "transposed" in out
    assert "nothing found for: twin_1" in out
    with open(tmp_path / "m.toml", "a") as file:
        file.write("[[rule]]\nrename = '^x$'\nto = 'twin_2'\n[[rule]]\nrename = '^y$'\nto = 'twin_1'\n")
    done = run_without_framework(source, tmp_path / "c.npz", "--map", tmp_path / "m.toml")
    assert done.returncode == 0, done.stderr
    found = read_checkpoint(tmp_path / "c.npz").tensors
    assert set(found) == set(target)
    np.testing.assert_array_equal(found["a.qkv.kernel"], tensors()["module.a.qkv.weight"].T)


def test_match_two_live_models_after_a_probe(tmp_path: Path, capsys, monkeypatch) -> None:
    (tmp_path / "renamed.py").write_text(
        "import numpy as np\nfrom torch import nn\n\n"
        "class Net(nn.Module):\n"
        "    def __init__(self, names):\n"
        "        super().__init__()\n"
        "        for name in names:\n"
        "            self.add_module(name, nn.Linear(4, 4))\n"
        "        self.order = names\n"
        "    def forward(self, x):\n"
        "        for name in self.order:\n"
        "            x = getattr(self, name)(x)\n"
        "        return x\n\n"
        "def a():\n    return Net(['p', 'q'])\n\n"
        "def b():\n    return Net(['s', 'r'])\n"
    )
    np.savez(tmp_path / "x.npz", np.ones((2, 4), np.float32))
    specs = [f"{tmp_path / 'renamed.py'}:{name}" for name in "ab"]
    code, _, _ = command(capsys, monkeypatch, "match", *specs)
    assert code == 1
    report = tmp_path / "r.json"
    code, out, err = command(capsys, monkeypatch, "match", *specs, "--input", tmp_path / "x.npz", "--json", report)
    assert code == 0, err
    assert "called at the same place" in out
    assert "check: s.weight from p.weight: square" in out
    pairs = {pair["target"]: pair["source"] for pair in json.loads(report.read_text())["pairs"]}
    assert pairs == {"s.weight": "p.weight", "s.bias": "p.bias", "r.weight": "q.weight", "r.bias": "q.bias"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.pth", "nowhere.pth"], "no such file"),
        (["a.pth", "a.pth", "--input", "x.npz"], "a file cannot be run"),
        (["a.pth", "a.pth", "--out", "."], "cannot write"),
        (["a.pth", "no.module:f"], "cannot import no.module"),
    ],
)
def test_what_match_refuses(tmp_path: Path, capsys, monkeypatch, arguments: list[str], message: str) -> None:
    monkeypatch.chdir(tmp_path)
    saved(Path("a.pth"), tensors())
    np.savez("x.npz", np.ones(1))
    code, _, err = command(capsys, monkeypatch, "match", *arguments)
    assert code == 2
    assert message in err
