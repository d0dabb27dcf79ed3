"""The script runs without this toolkit and shows the difference that was seen."""

import ast
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate import pairs
from alignment_tests.jtmigrate.full_disk import files_of_at_most
from jtmigrate import diff
from jtmigrate.compare.matching import How, Matching, Pair
from jtmigrate.errors import UserError
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.repro import BUILD, Sources, write_repro, write_repro_of_files
from jtmigrate.trace.file import TraceFile
from jtmigrate.trace.sketch import sketch
from jtmigrate.trace.tiers import Tier

ROOT = Path(__file__).resolve().parents[2]
MODELS = """
from alignment_tests.jtmigrate import pairs


def original(seed):
    return pairs.seeded(pairs.TorchMLP(), seed)
"""
SOURCES = Sources("models.py:original(0)", "alignment_tests.jtmigrate.pairs:JittorMLP(slope=0.2)")


@pytest.fixture
def found():
    """A result with a fault, and the two float32 runs behind it."""
    original, port = pairs.seeded(pairs.TorchMLP()), pairs.JittorMLP(slope=0.2)
    JittorAdapter().load_state(port, TorchAdapter().state(original))
    result = diff(original, port, pairs.VECTORS)
    return result, TorchAdapter().record(original, pairs.VECTORS), JittorAdapter().record(port, pairs.VECTORS)


def run(folder):
    (folder / "models.py").write_text(MODELS)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, folder / "repro.py"], cwd=folder, env=environment, capture_output=True, text=True
    )


@pytest.mark.slow
def test_the_script_shows_the_difference(tmp_path, found):
    told = write_repro(tmp_path, *found, SOURCES)
    assert told == f"{tmp_path / 'repro.py'} runs act alone in both frameworks"
    done = run(tmp_path)
    assert done.returncode == 1, done.stderr
    assert "the layers differ" in done.stdout
    result, reference, _ = found
    seen = result.first_fault.isolated.max_abs
    shown = float(done.stdout.split("max|torch - jittor| = ")[1].split(",")[0])
    assert shown == pytest.approx(seen, rel=1e-3)  # it is printed with four digits
    with np.load(tmp_path / "repro.npz") as data:
        np.testing.assert_array_equal(data["output "], reference.by_key["act"].outputs[""])
    script = (tmp_path / "repro.py").read_text()
    assert "import jtmigrate" not in script
    assert "from jtmigrate" not in script
    assert "@" not in script.replace("@stage", "")


@pytest.mark.slow
def test_the_whole_model_runs_with_the_parameters_that_it_had(tmp_path, found):
    result, reference, candidate = found
    whole = replace(result, first_fault=result.layers[-1])
    write_repro(tmp_path, whole, reference, candidate, SOURCES)
    done = run(tmp_path)
    assert done.returncode == 1, done.stderr
    shown = float(done.stdout.split("max|torch - jittor| = ")[1].split(",")[0])
    assert shown == pytest.approx(result.layers[-1].propagated.max_abs, rel=1e-3)


@pytest.mark.parametrize("nbytes", [100, 3000])  # neither fits, the data do
def test_a_full_disk_leaves_nothing(tmp_path, found, nbytes):
    with (
        files_of_at_most(nbytes),
        pytest.raises(UserError, match=r"cannot write .*: File too large; give another path"),
    ):
        write_repro(tmp_path / "bug", *found, SOURCES)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_factory_leaves_a_place_to_fill_in(tmp_path, found):
    write_repro(tmp_path, *found, Sources(None, None))
    script = (tmp_path / "repro.py").read_text()
    compile(script, "repro.py", "exec")
    assert 'raise SystemExit("complete this script: build the PyTorch model here")' in script


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("models:build", "from models import build\n\n    return build()"),
        ("pkg.models:build(1, x='a')", "from pkg.models import build\n\n    return build(1, x='a')"),
        ("my/models.py:build", "sys.path.insert(0, 'my')\n    from models import build\n\n    return build()"),
        ("models:build(print())", 'raise SystemExit("complete this script: build the Jittor model here")'),
        ("os;x:build", 'raise SystemExit("complete this script: build the Jittor model here")'),
    ],
)
def test_factories_are_imported_as_they_were(tmp_path, found, source, lines):
    write_repro(tmp_path, *found, Sources(source, source))
    assert f"def build_jittor():\n    {lines}\n" in (tmp_path / "repro.py").read_text()


def test_words_cannot_leave_their_docstring(tmp_path, found):
    result, *runs = found
    write_repro(tmp_path, replace(result, cause='\\"""; import os'), *runs, SOURCES)
    script = ast.parse((tmp_path / "repro.py").read_text())
    assert "; import os" in ast.get_docstring(script)
    assert not [node for node in ast.walk(script) if isinstance(node, ast.Import) and node.names[0].name == "os"]


def test_no_script_is_written_where_none_can_be(tmp_path, found):
    result, reference, candidate = found
    assert "no layer is at fault" in write_repro(tmp_path, replace(result, first_fault=None), *found[1:], SOURCES)
    layers = [replace(each, inputs={"0": sketch(each.inputs["0"])}) for each in reference.layers]
    hollow = replace(reference, layers=tuple(layers))
    assert "holds no tensors of act" in write_repro(tmp_path, result, hollow, candidate, SOURCES)
    stages = replace(reference, layers=tuple(replace(each, kind="function") for each in reference.layers))
    assert "act is no module" in write_repro(tmp_path, result, stages, candidate, SOURCES)
    other = replace(candidate, layers=candidate.layers[:1])
    assert "the port calls no module of the name act" in write_repro(tmp_path, result, reference, other, SOURCES)
    odd = [replace(each, arguments=((object(),), {})) for each in reference.layers]
    odd = replace(reference, layers=tuple(odd))
    assert "which no file can hold" in write_repro(tmp_path, result, odd, candidate, SOURCES)
    assert list(tmp_path.iterdir()) == []


def test_two_files_are_enough(tmp_path, found):
    result, *runs = found
    files = [
        TraceFile("x.trace", Tier.EVERYTHING, {"float32": run}, {}, {BUILD: f"models:{run.framework}"}) for run in runs
    ]
    assert "runs act alone" in write_repro_of_files(tmp_path, result, *files)
    script = (tmp_path / "repro.py").read_text()
    assert "from models import torch\n\n    return torch()" in script
    assert "from models import jittor\n\n    return jittor()" in script
    assert "no script" in write_repro_of_files(tmp_path, result, *reversed(files))


def test_a_port_with_other_names_is_run_by_its_own(tmp_path, found):
    result, reference, candidate = found
    modules = (Pair("act", "activation", How.ORDER),)
    parameters = (Pair("act.weight", "activation.w", How.TRANSPOSED),)
    turned = replace(candidate, state={**candidate.state, "act.weight": np.zeros((2, 3))})
    write_repro(tmp_path, result, reference, turned, SOURCES, Matching(modules, parameters, {}))
    assert "PATHS = {\"torch\": 'act', \"jittor\": 'activation'}" in (tmp_path / "repro.py").read_text()
    with np.load(tmp_path / "repro.npz") as data:
        assert data["jittor w"].shape == (3, 2)
