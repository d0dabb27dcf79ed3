"""Options of trace, compare and verify: what they do, and every bad one told in one line with exit code 2."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from alignment_tests.jtmigrate import pairs
from jtmigrate.cli import main
from jtmigrate.cli.map_file import read_map
from jtmigrate.cli.trace_options import read_suspects, size_in_bytes
from jtmigrate.errors import UserError
from jtmigrate.facts import describe_inputs
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.trace.file import read_traces, write_traces
from jtmigrate.trace.tiers import Tier

MODEL = """
def original():
    import torch
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Tanh())
"""
TRACE = ("trace", "--framework", "torch", "--torch", "onemodel.py:original", "--input", "x.npz")


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Runs a command line in a folder with a model, an input and two equal traces: (exit code, stdout, stderr)."""
    (tmp_path / "onemodel.py").write_text(MODEL)
    np.savez(tmp_path / "x.npz", pairs.VECTORS)
    run = TorchAdapter().record(pairs.seeded(pairs.TorchMLP()), pairs.VECTORS)
    meta = {"inputs": describe_inputs(pairs.VECTORS)}
    for name, tier in {"a": Tier.EVERYTHING, "b": Tier.EVERYTHING, "small": Tier.STATISTICS}.items():
        write_traces(tmp_path / f"{name}.trace", {"float32": run}, tier=tier, meta=meta)
    (tmp_path / "cut.trace").write_bytes((tmp_path / "a.trace").read_bytes()[:99])
    (tmp_path / "broken.toml").write_text("modules = 3")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["jtmigrate", *arguments])
        with pytest.raises(SystemExit) as left:
            main.main()
        written = capsys.readouterr()
        return left.value.code, written.out, written.err

    return command


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((*TRACE, "--out", "c.trace", "--budget", "lots"), "'lots' is no size: give one such as 500MB"),
        ((*TRACE, "--out", "c.trace", "--budget", "1kB"), "tier everything is not within the budget of 1.0 kB: hashes"),
        ((*TRACE, "--out", "c.trace", "--suspect", "0"), "suspects mean nothing with --tier everything"),
        ((*TRACE, "--out", "c.trace", "--tier", "suspects"), "--tier suspects needs --suspect PATTERN"),
        ((*TRACE, "--out", "c.trace", "--copy-weights"), "--copy-weights means nothing with no --replay-of"),
        ((*TRACE, "--out", "c.trace", "--replay-of", "a.trace"), "--replay-of means nothing with --framework torch"),
        (
            ("trace", "--framework", "jittor", "--replay-of", "a.trace", "--dtype", "float64", "--out", "c.trace"),
            "layers alone, which is done in float32",
        ),
        ((*TRACE, "--out", "c.trace", "--jittor", "x:y"), "--jittor means nothing with --framework torch"),
        ((*TRACE, "--out", "c.trace", "--config", "x"), "--config means nothing with no --image"),
        ((*TRACE, "--out", "."), "cannot write"),
        (("trace", "--framework", "jittor", "--out", "c.trace"), "nothing to run: give --image IMG, or --jittor M:F"),
        (("compare", "a.trace", "nothing.trace"), "no such file: nothing.trace"),
        (("compare", "a.trace", "cut.trace"), "cut.trace: no trace file, or a damaged one"),
        (("compare", "a.trace", "x.npz"), "x.npz: no trace file"),
        (("compare", "a.trace", "b.trace", "--map", "broken.toml"), "broken.toml: give a table [modules]"),
        (("compare", "a.trace", "b.trace", "--baseline", "x.npz"), "x.npz is no baseline"),
        (("compare", "a.trace", "b.trace", "--junit", "."), "cannot write"),
        (("verify", "a.trace"), "a.trace: no evidence bundle"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(command, tmp_path, arguments, complaint):
    before = sorted(tmp_path.iterdir())
    code, _, err = command(*arguments)
    assert code == 2
    assert complaint in err
    assert err.splitlines()[-1].startswith("error: ")
    left = [path for path in tmp_path.iterdir() if path not in before and path.name != "__pycache__"]
    assert left == []


def test_trace_takes_the_largest_tier_within_the_budget(command, tmp_path):
    np.savez(tmp_path / "x.npz", pairs.noise(20_000, 6))  # the arrays take a megabyte, all else some kilobytes
    code, out, _ = command(*TRACE, "--tier", "auto", "--budget", "500kB", "--dtype", "float32", "--out", "c.trace")
    assert code == 0
    assert "tier statistics" in out
    read = read_traces(tmp_path / "c.trace")
    assert (read.tier, list(read.runs)) == (Tier.STATISTICS, ["float32"])
    assert read.meta["title"] == read.meta["build"] == "onemodel.py:original"


def test_compare_writes_whatever_it_is_asked_for(command, tmp_path):
    written = ("r.json", "r.html", "r.xml", "base.json", "e.zip")
    options = zip(("--json", "--html", "--junit", "--write-baseline", "--evidence"), written, strict=True)
    code, out, _ = command("compare", "a.trace", "b.trace", *(word for option in options for word in option))
    assert code == 0
    assert "ALIGNED: 4 layers compared (4 identical)" in out
    assert all((tmp_path / name).stat().st_size for name in written)


def test_an_estimate_says_so(command):
    code, out, _ = command("compare", "a.trace", "small.trace")
    assert code == 0
    assert "(4 identical)" in out


def test_with_a_baseline_only_what_is_worse_fails(command, tmp_path):
    read = read_traces(tmp_path / "a.trace")
    run = read.runs["float32"]
    off = [
        replace(each, outputs={slot: array * np.float32(1.1) for slot, array in each.outputs.items()})
        for each in run.layers
    ]
    for name, layers in {"wrong": [*off[:1], *run.layers[1:]], "worse": [*off[:2], *run.layers[2:]]}.items():
        write_traces(tmp_path / f"{name}.trace", {"float32": replace(run, layers=tuple(layers))}, meta=read.meta)
    code, _, _ = command("compare", "a.trace", "wrong.trace", "--write-baseline", "base.json")
    assert code == 1
    code, out, _ = command("compare", "a.trace", "wrong.trace", "--baseline", "base.json")
    assert code == 0
    assert "NOT ALIGNED" in out
    assert "nothing worse than base.json" in out
    code, out, _ = command("compare", "a.trace", "worse.trace", "--baseline", "base.json")
    assert code == 1
    assert "act: mismatch instead of identical" in out
    code, _, _ = command(
        "compare", "a.trace", "wrong.trace", "--baseline", "base.json", "--write-baseline", "base.json"
    )
    assert code == 0


def test_sizes():
    assert [size_in_bytes(text) for text in ("12", "1kB", "500 MB", "1.5GB")] == [12, 1000, 500_000_000, 1_500_000_000]


def test_suspects_are_the_layers_that_are_wrong_themselves(tmp_path):
    path = tmp_path / "result.json"
    layers = [
        {"path": "a", "verdict": "mismatch", "own_fault": True},
        {"path": "b", "verdict": "mismatch", "own_fault": False},
        {"path": "c", "verdict": "aligned", "own_fault": False},
    ]
    path.write_text(json.dumps({"layers": layers}))
    assert read_suspects(path) == ("a",)
    path.write_text(json.dumps({"layers": layers[1:]}))
    assert read_suspects(path) == ("b",)
    path.write_text(json.dumps({"layers": layers[2:]}))
    with pytest.raises(UserError, match="no layer is a mismatch"):
        read_suspects(path)
    path.write_text("{}")
    with pytest.raises(UserError, match="not the JSON of a result"):
        read_suspects(path)


def test_a_map_file(tmp_path):
    path = tmp_path / "map.toml"
    path.write_text('[modules]\n"body.stem" = "backbone.conv1"\n')
    assert read_map(path) == {"body.stem": "backbone.conv1"}
    for content in ("[modules", "[other]\na = 1", "[modules]\na = 1", ""):
        path.write_text(content)
        with pytest.raises(UserError, match=r"no TOML file|give a table"):
            read_map(path)
