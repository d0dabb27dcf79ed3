"""Two processes and two files give the verdicts and the numbers of one `diff`."""

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate import pairs
from jtmigrate import diff
from jtmigrate.compare.result import Verdict
from jtmigrate.errors import UserError
from jtmigrate.facts import describe_inputs
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.offline import REPLAY_OF, compare_files
from jtmigrate.plan import ModelPair, Plan
from jtmigrate.report.json_report import to_dict
from jtmigrate.report.summary import verdict_line
from jtmigrate.runs import Clock
from jtmigrate.trace.file import read_traces, write_traces
from jtmigrate.trace.tiers import Tier
from jtmigrate.tracing import record, replayable

ROOT = Path(__file__).resolve().parents[2]
NESTED = {"image": pairs.noise(3, 4), "mask": pairs.noise(3, 4, seed=2)}


def traced(path, framework, model, inputs, *, tier=Tier.EVERYTHING, suspects=(), replayed=None, backward=False):
    """What `jtmigrate trace` does."""
    pair = ModelPair(lambda: model, lambda: model, inputs)
    plan = Plan(mode="both" if replayed or framework == "torch" else "propagated", backward=backward)
    runs, meta = record(framework, pair, plan, Clock(lambda stage: None), replayed)
    meta |= {"inputs": describe_inputs(inputs), "title": framework}
    meta |= {REPLAY_OF: replayed.identities["float32"]} if replayed else {}
    write_traces(path, runs, tier=tier, suspects=suspects, meta=meta)
    return read_traces(path)


def both(folder, original, port, inputs, *, tier=Tier.EVERYTHING, suspects=(), backward=False):
    """A trace file of each model; the port's is replayed on everything that the original's recorded."""
    options = {"tier": tier, "suspects": suspects, "backward": backward}
    whole = traced(folder / "whole.trace", "torch", original, inputs)
    kept = traced(folder / "a.trace", "torch", original, inputs, **options)
    return kept, traced(folder / "b.trace", "jittor", port, inputs, replayed=whole, **options)


def ported(original, port, change=None):
    state = TorchAdapter().state(original)
    if change:
        state[change] = state[change] * np.float32(1.001)
    JittorAdapter().load_state(port, state)
    return pairs.evaluating(port)


def numbers(result):
    """Everything in a result but how it came about."""
    return {name: value for name, value in to_dict(result).items() if name != "meta"}


@pytest.mark.parametrize(
    ("original", "port", "inputs", "change", "backward"),
    [
        (pairs.TorchCNN, pairs.JittorCNN, (pairs.IMAGE,), None, False),
        (pairs.TorchCNN, pairs.JittorCNN, pairs.IMAGE, "blocks.1.conv.weight", True),
        (pairs.TorchTwice, pairs.JittorTwice, pairs.noise(3, 5), None, False),
        (pairs.TorchNested, pairs.JittorNested, NESTED, None, True),
    ],
    ids=["cnn", "wrong-weight", "twice", "nested"],
)
def test_two_files_give_the_result_of_one_diff(tmp_path, original, port, inputs, change, backward):
    original = pairs.seeded(original())
    port = ported(original, port(), change)
    files = both(tmp_path, original, port, inputs, backward=backward)
    assert numbers(compare_files(*files)) == numbers(diff(original, port, inputs, backward=backward))


@pytest.mark.parametrize("tier", [Tier.STATISTICS, Tier.SUSPECTS])
def test_statistics_find_the_same_fault_and_say_that_they_estimate(tmp_path, tier):
    original = pairs.seeded(pairs.TorchCNN())
    port = ported(original, pairs.JittorCNN(), "blocks.1.conv.weight")
    files = both(tmp_path, original, port, pairs.IMAGE, tier=tier, suspects=["heads"])
    result = compare_files(*files)
    exact = diff(original, port, pairs.IMAGE)
    assert not result
    assert result.first_fault.key == exact.first_fault.key == "blocks.1.conv"
    assert [layer.verdict for layer in result.layers] == [layer.verdict for layer in exact.layers]
    whole = {layer.key for layer in result.layers if tier is Tier.SUSPECTS and layer.key.startswith("heads")}
    for layer, true in zip(result.layers, exact.layers, strict=True):
        if layer.key in whole:
            assert (layer.reason, layer.propagated, layer.isolated) == (true.reason, true.propagated, true.isolated)
        elif layer.verdict is not Verdict.IDENTICAL:
            assert layer.reason.startswith("estimated")
            # The spread is known to some 15 %; how heavy the tails are, nothing tells.
            assert 0.2 < layer.propagated.max_abs / true.propagated.max_abs < 5
    assert "estimated" in result.warnings[-1]
    assert verdict_line(result).startswith("NOT ALIGNED (estimated): ")


def test_hashes_pass_nothing_that_is_not_identical(tmp_path):
    original = pairs.seeded(pairs.TorchMLP())
    files = both(tmp_path, original, ported(original, pairs.JittorMLP()), pairs.VECTORS, tier=Tier.HASHES)
    assert {layer.verdict for layer in compare_files(*files).layers} <= {Verdict.IDENTICAL, Verdict.MISMATCH}
    same = compare_files(files[0], files[0])
    assert same
    assert same.counts[Verdict.IDENTICAL] == len(same.layers)


def test_what_does_not_belong_together_is_refused(tmp_path):
    original = pairs.seeded(pairs.TorchMLP())
    a, b = both(tmp_path, original, ported(original, pairs.JittorMLP()), pairs.VECTORS)
    other = traced(tmp_path / "c.trace", "torch", original, pairs.VECTORS + 1)
    with pytest.raises(UserError, match="different inputs"):
        compare_files(other, b)
    with pytest.raises(UserError, match="ran alone on another reference"):
        compare_files(replace(other, meta=a.meta), b)
    with pytest.raises(UserError, match=r"only one of .* holds gradients"):
        compare_files(a, replace(b, meta={**b.meta, "backward": True}))
    double = replace(a, runs={"float64": a.runs["float64"]})
    single = replace(b, runs={"float32": b.runs["float32"]})
    with pytest.raises(UserError, match="share no precision"):
        compare_files(double, single)


def test_a_replay_needs_tensors_and_says_so(tmp_path):
    model = pairs.seeded(pairs.TorchCNN())
    statistics = traced(tmp_path / "a.trace", "torch", model, pairs.IMAGE, tier=Tier.STATISTICS)
    with pytest.raises(UserError, match="holds no tensors to replay: record it again with --tier everything"):
        replayable(statistics)
    options = {"tier": Tier.SUSPECTS, "suspects": ["blocks.1"]}
    some = replayable(traced(tmp_path / "b.trace", "torch", model, pairs.IMAGE, **options))
    assert [layer.key for layer in some.layers] == ["blocks.1.conv", "blocks.1.bn", "blocks.1.act", "blocks.1"]


def test_a_replay_of_what_no_file_can_hold_is_refused(tmp_path):
    model = pairs.seeded(pairs.TorchCNN())
    whole = traced(tmp_path / "a.trace", "torch", model, pairs.IMAGE)
    run = whole.runs["float32"]
    layers = [replace(each, arguments=(*each.arguments, object)) if each.key == "stem" else each for each in run.layers]
    write_traces(tmp_path / "b.trace", {"float32": replace(run, layers=tuple(layers))})
    with pytest.raises(
        UserError,
        match=r"what 1 call took or returned cannot be kept in a file: stem \(<class 'object'>\); compare with",
    ):
        replayable(read_traces(tmp_path / "b.trace"))


MODELS = """
def original():
    import torch
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.Tanh())


def port():
    import jittor as jt
    return jt.nn.Sequential(jt.nn.Linear(4, 3), jt.nn.Tanh())
"""


def jtmigrate(folder, *arguments):
    command = [sys.executable, "-m", "jtmigrate.cli.main", *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_commands(tmp_path):
    (tmp_path / "twomodels.py").write_text(MODELS)
    np.savez(tmp_path / "x.npz", np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4))
    original = ("--framework", "torch", "--torch", "twomodels:original", "--input", "x.npz")
    port = ("--framework", "jittor", "--jittor", "twomodels:port", "--input", "x.npz")

    done = jtmigrate(tmp_path, "trace", *original, "--out", "a.trace")
    assert done.returncode == 0, done.stderr
    assert "size by tier: hashes" in done.stdout
    assert "a.trace: float32, float64, 3 layers, tier everything" in done.stdout
    done = jtmigrate(tmp_path, "trace", *port, "--replay-of", "a.trace", "--copy-weights", "--out", "b.trace")
    assert done.returncode == 0, done.stderr

    started = time.perf_counter()
    done = jtmigrate(tmp_path, "compare", "a.trace", "b.trace", "--json", "compared.json", "--junit", "junit.xml")
    assert time.perf_counter() - started < 10  # a second on an idle machine: no framework is imported
    assert done.returncode == 0, done.stderr
    assert "ALIGNED: 3 layers compared" in done.stdout
    assert "<testsuites" in (tmp_path / "junit.xml").read_text()

    meta = json.loads((tmp_path / "compared.json").read_text())["meta"]
    assert meta["title"] == "twomodels:original against twomodels:port"
    assert meta["code"].keys() >= {"twomodels"}


def test_compare_imports_no_framework():
    code = (
        "import sys, jtmigrate.cli.compare, jtmigrate.offline, jtmigrate.cli.results, jtmigrate.repro;"
        "assert not {'torch', 'jittor'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
