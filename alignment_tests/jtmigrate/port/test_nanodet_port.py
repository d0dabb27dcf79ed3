"""The reference detector, ported by the tool and not edited: it imports, loads the same weights, and is aligned."""

import difflib
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import nanodet_ref_torch
from jtmigrate.port.rewrite.output import write
from jtmigrate.port.rewrite.run import PortResult, port
from jtmigrate.testing import assert_aligned

ROOT = Path(__file__).parents[3]
MODEL_FILES = ["assigner", "backbone", "boxes", "detector", "ema", "head", "layers", "losses", "neck"]


@pytest.fixture(scope="module")
def ported(tmp_path_factory: pytest.TempPathFactory) -> tuple[PortResult, Path]:
    out = tmp_path_factory.mktemp("port") / "nanodet_ported"
    result = port(ROOT / "nanodet_ref_torch", out)
    write(result.output, out)
    return result, out


def test_nothing_is_left_of_the_model(ported: tuple[PortResult, Path]):
    result, _ = ported
    left = {problem.file for problem in result.problems}
    assert left <= {"batch_norm.py", "engine.py", "export.py", "optimizer.py", "processes.py"}


@pytest.mark.slow
def test_every_layer_is_aligned(ported: tuple[PortResult, Path], monkeypatch: pytest.MonkeyPatch):
    _, out = ported
    original = nanodet_ref_torch.build_model("nanodet-plus-m_320", num_classes=20).eval()
    monkeypatch.syspath_prepend(out.parent)
    model = importlib.import_module("nanodet_ported").build_model("nanodet-plus-m_320", num_classes=20)
    model.eval()
    counters = {name for name in original.state_dict() if name.endswith("num_batches_tracked")}
    assert set(model.state_dict()) == set(original.state_dict()) - counters

    def everything(detector, inputs):
        (images,) = inputs
        return detector.detect(images), detector.forward_train(images)

    inputs = (np.random.RandomState(0).randn(1, 3, 64, 64).astype(np.float32),)
    result = assert_aligned(original, model, inputs, call_torch=everything, call_jittor=everything)
    assert len(result.layers) > 500
    for name in [name for name in sys.modules if name.partition(".")[0] == "nanodet_ported"]:
        del sys.modules[name]


def test_how_far_it_is_from_the_hand_written_port(ported: tuple[PortResult, Path]):
    _, out = ported
    assert sum(lines_apart(out / f"{name}.py", ROOT / "nanodet_jittor" / f"{name}.py") for name in MODEL_FILES) < 200


def lines_apart(one: Path, other: Path) -> int:
    """Lines of either file that the other has not, the package's own name aside."""
    texts = [path.read_text().replace("nanodet_ported", "nanodet_jittor").splitlines() for path in (one, other)]
    return sum(
        line[0] in "+-" and line[:3] not in ("+++", "---") for line in difflib.unified_diff(*texts, n=0, lineterm="")
    )
