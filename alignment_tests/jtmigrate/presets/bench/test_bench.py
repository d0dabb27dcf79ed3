"""`jtmigrate bench` of a small detector, and what it compares. No time is asserted."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from alignment_tests import trainers
from jtmigrate.bench.result import Check
from jtmigrate.cli import main
from jtmigrate.presets.bench.material import read, with_size, write_material
from jtmigrate.presets.bench.run import LIMIT, compare, environment
from jtmigrate.presets.bench.variants import TAKE_PART, VARIANTS, chosen
from nanodet_common.config import load_config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small detector's configuration as a file."""
    path = tmp_path_factory.mktemp("config") / "small.yml"
    path.write_text(trainers.config().to_yaml())
    return path


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Call the command; returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["jtmigrate", "bench", *map(str, arguments)])
    with pytest.raises(SystemExit) as left:
        main.main()
    return left.value.code


def error(folder: Path, expected: np.ndarray, found: np.ndarray) -> Check:
    np.savez(folder / "a.npz", output=expected, other=np.ones(3))
    np.savez(folder / "b.npz", output=found, other=np.ones(3))
    return compare(folder / "a.npz", folder / "b.npz")


def test_errors_are_shares_of_the_largest_value(tmp_path: Path) -> None:
    expected = np.array([[100.0, -1, 0]], np.float32)
    assert error(tmp_path, expected, expected) == Check(0, LIMIT)
    assert error(tmp_path, expected, expected + np.float32(0.5)).error == pytest.approx(0.005)
    assert not error(tmp_path, expected, expected + np.float32(0.5))
    for other in (expected[:, :2], np.where(expected == 0, np.nan, expected)):
        assert not error(tmp_path, expected, other)


def test_a_reference_that_is_not_finite_agrees_with_nobody(tmp_path: Path) -> None:
    endless = np.array([np.inf, 1], np.float32)
    assert not error(tmp_path, endless, endless)


def test_variants_are_chosen_by_name_and_the_reference_is_among_them() -> None:
    assert chosen(()) == VARIANTS
    assert [one.name for one in chosen(("onnxruntime", "jittor"))] == ["torch", "jittor", "onnxruntime"]
    assert {name for names in TAKE_PART.values() for name in names} <= {one.name for one in VARIANTS}


def test_workers_get_the_same_material(config: Path, tmp_path: Path) -> None:
    given = write_material(tmp_path, str(config), None, (64, 96))
    (one, state), (two, same) = read(given[64]), read(given[96])
    assert one.data.val.input_size == one.data.train.input_size == (64, 64)
    assert one == with_size(two, 64)
    for name, array in state.items():
        np.testing.assert_array_equal(array, same[name])
    assert set(environment(3).values()) == {"3"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--what", "speed"], "nothing to measure is called 'speed'"),
        (["--variants", "torch,tensorflow"], "no variant 'tensorflow'"),
        (["--batch", "1,zero"], "--batch is '1,zero'"),
        (["--batch", ""], "--batch is ''"),
        (["--threads", "0"], "--threads is '0'"),
        (["--threads", "4096"], "4096 threads on"),
        (["--size", "100"], "multiples of 32"),
        (["--rounds", "0"], "Invalid value for '--rounds'"),
        (["--config", "no-such"], "no-such"),
        (["--weights", "no-such.pth"], "no-such.pth"),
        (["--voc", "no-such-folder", "--what", "data"], "no-such-folder"),
        (["--json", "/proc/none/result.json"], "cannot write"),
        (["--out", "/proc/none"], "cannot write"),
    ],
)
def test_bad_input_is_refused_before_anything_is_measured(arguments, message, monkeypatch, capsys) -> None:
    monkeypatch.setattr("jtmigrate.presets.bench.run.Worker", None)
    assert bench(monkeypatch, *arguments) == 2
    captured = capsys.readouterr()
    assert message in " ".join(captured.err.split())
    assert captured.out == ""


# Larger than two images of 64 pixels, whose smallest maps leave BatchNorm two values a channel: nobody agrees then.
SMALL = ("--size", "128", "--batch", "2", "--training-batch", "4", "--threads", "1", "--rounds", "2")


@pytest.mark.slow
def test_the_small_detector(config: Path, monkeypatch, tmp_path: Path) -> None:
    """All that there is, but for torch.compile, which takes a minute."""
    assert load_config(config).model.arch.head.num_classes == trainers.CLASSES
    names = [one.name for one in VARIANTS if one.name != "torch-compiled"]
    out = tmp_path / "out"
    assert bench(monkeypatch, "--config", config, *SMALL, "--variants", ",".join(names), "--out", out) == 0
    found = json.loads((out / "result.json").read_text())
    cases = {(one["case"]["what"], *one["case"]["settings"].values()): one for one in found["cases"]}
    assert {what for what, *_ in cases} == {"inference", "training", "data", "startup"}
    for case in found["cases"]:
        for one in case["variants"]:
            assert one["status"] == "measured", (case["case"], one["variant"]["name"], one["reason"])
            assert one["check"]["error"] <= LIMIT
            assert one["facts"].get("threads", 1) == 1
    inference = cases["inference", 128, 2, 1]["variants"]
    assert [one["variant"]["name"] for one in inference] == names
    assert all(len(one["seconds"]) == 2 and one["facts"]["peak memory MB"] > 50 for one in inference)
    training = cases["training", 128, 4, 1]["variants"]
    assert all(len(one["facts"]["losses"]) == 7 for one in training)
    assert len({one["facts"]["steps"] for one in training}) == 1
    titles = [one["title"] for one in found["tables"]]
    assert titles[:2] == ["Cost of the model", "What this machine can do at most"]
    assert titles[-1] == "Layers by kind"
    pictures = {f"{name}.png" for name in ("speed", "inference", "training", "data", "startup")}
    assert {path.name for path in out.iterdir()} == {"README.md", "result.json", *pictures}


@pytest.mark.slow
def test_a_detector_that_computes_something_else_has_no_time(config: Path, monkeypatch, tmp_path, capsys) -> None:
    monkeypatch.setattr("jtmigrate.presets.bench.run.LIMIT", 1e-12)
    arguments = ("--config", config, *SMALL, "--what", "inference", "--variants", "jittor")
    assert bench(monkeypatch, *arguments, "--json", tmp_path / "result.json") == 1
    (case,) = json.loads((tmp_path / "result.json").read_text())["cases"]
    assert [one["status"] for one in case["variants"]] == ["measured", "outputs differ"]
    assert case["variants"][1]["seconds"] == []
    assert case["comparisons"] == []
    assert "jittor: outputs differ" in capsys.readouterr().out
