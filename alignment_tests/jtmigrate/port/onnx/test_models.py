"""Whole models, as PyTorch's exporter writes them: the code computes what onnxruntime computes.

Tolerance: 1e-5 of the largest value, that of the command. The batch may have any size.
"""

from pathlib import Path

import pytest
import torch

from alignment_tests.jtmigrate.port.loading import module_of
from alignment_tests.jtmigrate.port.program import run
from alignment_tests.nanodet_common import hand_made
from nanodet_common.weights import load_weights
from nanodet_ref_torch.engine import Engine
from nanodet_ref_torch.export import export

pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.slow

MODELS = Path(__file__).parent.parent / "models"


def nanodet(path: Path) -> None:
    config = hand_made.write_config(path.with_name("config.yml"))
    state = hand_made.write_weights(path.with_name("weights.pth"), config)
    found, tensors = load_weights(str(config), state)
    export(Engine(found, tensors), found, path)


def exported(name: str, path: Path) -> None:
    """A model of porting's own tests."""
    module = module_of(MODELS / f"{name}.py", f"exported_{name}")
    inputs = tuple(torch.from_numpy(array) for array in module.inputs().values())
    torch.onnx.export(
        module.build().eval(), inputs, path, opset_version=18, dynamo=True, verbose=False, external_data=False
    )


@pytest.mark.parametrize("name", ["nanodet", "unet", "vit"])
def test_the_code_computes_what_the_graph_computes(name: str, tmp_path: Path):
    path = tmp_path / f"{name}.onnx"
    nanodet(path) if name == "nanodet" else exported(name, path)
    done = run("port", path, "--out", tmp_path / "out")
    assert done.returncode == 0, done
    assert done.stdout.count(": largest error ") == 1
    assert "NOT the same" not in done.stdout
    assert run("lint", tmp_path / "out").returncode == 0
    assert run("port", path, "--out", tmp_path / "out", "--check").returncode == 0
