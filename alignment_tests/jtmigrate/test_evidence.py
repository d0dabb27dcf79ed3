import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from alignment_tests.jtmigrate import pairs
from jtmigrate import diff
from jtmigrate.errors import UserError
from jtmigrate.evidence import hold_against, read_evidence, verify, without_outputs, write_evidence
from jtmigrate.facts import loaded_code, weights_digest
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.trace.sketch import sketch

MODELS = """
def original():
    import torch
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(6, 3), torch.nn.Tanh())


def port():
    import jittor as jt
    return jt.nn.Sequential(jt.nn.Linear(6, 3), jt.nn.Tanh())
"""
DIFF = ("diff", "--torch", "bothmodels:original", "--jittor", "bothmodels:port", "--input", "x.npz", "--copy-weights")


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """A bundle of a real result, in a folder where its command can be run again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "bothmodels.py").write_text(MODELS)
    np.savez("x.npz", pairs.VECTORS)
    import bothmodels

    result = diff(bothmodels.original(), bothmodels.port(), (pairs.VECTORS,), copy_weights=True)
    assert result
    path = tmp_path / "evidence.zip"
    write_evidence(path, result, [*DIFF, "--json", "a.json", "--html=b.html"])
    monkeypatch.delitem(__import__("sys").modules, "bothmodels")
    return path


@pytest.mark.slow
def test_a_result_stands_until_the_code_changes(bundle, tmp_path):
    found = read_evidence(bundle)
    assert found.arguments == DIFF
    outcome = verify(found)
    assert outcome, outcome.different
    assert "inputs: input" not in outcome.changed

    (tmp_path / "bothmodels.py").write_text(MODELS.replace("jt.nn.Tanh", "jt.nn.Sigmoid"))
    outcome = verify(found)
    assert not outcome
    assert "not aligned instead of the opposite" in outcome.different
    assert "1: mismatch instead of aligned" in outcome.different or "1: mismatch instead of identical" in (
        outcome.different
    )


def test_a_result_that_was_tampered_with_does_not_stand(bundle):
    found = read_evidence(bundle)
    layers = [{**layer, "verdict": "mismatch"} for layer in found.result["layers"]]
    outcome = hold_against(replace(found, result={**found.result, "layers": layers}), found.result)
    assert not outcome
    assert any("better than in the bundle" in each for each in outcome.different)


def test_a_command_that_cannot_be_run_again_is_told(bundle, tmp_path):
    (tmp_path / "x.npz").unlink()
    with pytest.raises(UserError, match=r"cannot be run again: error: no such file: x.npz"):
        verify(read_evidence(bundle))


def test_only_commands_that_compare_are_run(bundle):
    with zipfile.ZipFile(bundle) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    evidence = json.loads(members["evidence.json"])
    with zipfile.ZipFile(bundle, "w") as archive:
        archive.writestr("evidence.json", json.dumps({**evidence, "arguments": ["convert", "a.pth", "b.pkl"]}))
        archive.writestr("result.json", members["result.json"])
    with pytest.raises(UserError, match="not one of diff, compare"):
        read_evidence(bundle)
    bundle.write_bytes(b"not a zip")
    with pytest.raises(UserError, match="no evidence bundle"):
        read_evidence(bundle)


def test_output_options_are_left_out():
    line = ["diff", "--image", "a.jpg", "--json", "x", "--html=y", "--all", "--evidence", "e.zip", "--mode", "both"]
    assert list(without_outputs(line)) == ["diff", "--image", "a.jpg", "--all", "--mode", "both"]


def test_weights_have_one_hash_whether_sketched_or_not():
    state = TorchAdapter().state(pairs.seeded(pairs.TorchMLP()))
    assert weights_digest(state) == weights_digest({name: sketch(array) for name, array in state.items()})
    assert weights_digest(state) != weights_digest({**state, "out.bias": state["out.bias"] + 1})


def test_the_code_is_what_is_loaded_and_not_installed():
    code = loaded_code()
    assert pairs.__name__ in code
    assert not {"torch", "jittor", "json", "jtmigrate"} & {name.partition(".")[0] for name in code}
