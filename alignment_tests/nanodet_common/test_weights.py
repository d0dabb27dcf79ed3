"""Checkpoints of every origin become the same state; what does not fit is told."""

from pathlib import Path

import numpy as np
import pytest

from alignment_tests.nanodet_common import hand_made
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.errors import UserError
from nanodet_common.weights import load_weights

CONFIG = "nanodet-plus-m_320"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    folder = tmp_path_factory.mktemp("weights")
    config = hand_made.write_config(folder / "config.yml")
    return dict(read_checkpoint(hand_made.write_weights(folder / "weights.pth", config)).tensors)


def written(path: Path, tensors: dict[str, np.ndarray]) -> Path:
    write_checkpoint(path, Checkpoint(tensors))
    return path


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".npz", ".safetensors", ".ckpt"])
def test_every_format(original, tmp_path, suffix):
    config, state = load_weights(CONFIG, written(tmp_path / f"weights{suffix}", original))
    assert config.model.arch.head.num_classes == len(hand_made.NAMES)
    assert list(state) == list(original)
    assert all(np.array_equal(state[name], array) for name, array in original.items())


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {f"module.{name}": array for name, array in state.items()},
        lambda state: {name: array for name, array in state.items() if not name.endswith("num_batches_tracked")},
        lambda state: state | {"aux_head.gfl_cls.weight": np.zeros((3, 3, 3, 3), np.float32)},
    ],
    ids=["a wrapper's prefix", "from Jittor", "auxiliary branch"],
)
def test_what_makes_no_difference(original, tmp_path, change):
    _, state = load_weights(CONFIG, written(tmp_path / "weights.npz", change(original)))
    assert list(state) == list(original)
    assert all(np.array_equal(state[name], array) for name, array in original.items())


def test_half_precision_is_widened(original, tmp_path):
    half = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in original.items()}
    _, state = load_weights(CONFIG, written(tmp_path / "half.safetensors", half))
    assert {array.dtype.name for array in state.values()} == {"float32", "int64"}
    assert all(np.array_equal(state[name], array) for name, array in half.items())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: {name: state[name] for name in list(state)[1:]}, r"1 missing \(backbone\.conv1\.0\.weight\)"),
        (lambda state: state | {"more": np.zeros(1, np.float32)}, r"1 unexpected \(more\)"),
        (lambda state: state | {"fpn.reduce_layers.0.bn.bias": np.zeros(5, np.float32)}, "1 of other shape"),
        (lambda state: state | {"fpn.reduce_layers.0.bn.bias": np.full(96, 0.1)}, "1 of other dtype"),
    ],
    ids=["missing", "unexpected", "shape", "float64 that float32 cannot hold"],
)
def test_what_does_not_fit(original, tmp_path, change, complaint):
    with pytest.raises(UserError, match=complaint):
        load_weights(CONFIG, written(tmp_path / "weights.npz", change(original)))
