"""The small detector that comes with the package, and how a checkpoint becomes one."""

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from nanodet_common.errors import InputError
from nanodet_common.pretrained import SMALL, SMALL_CONFIG
from nanodet_common.pretrained.__main__ import command
from nanodet_common.weights import load_weights

LARGEST_FILE = 3_000_000
"""Bytes: it is kept in the repository."""


def test_it_is_small_and_fits():
    weights = load_weights(SMALL_CONFIG, SMALL)
    assert SMALL.stat().st_size < LARGEST_FILE
    assert weights.config.model.arch.head.num_classes == 20
    floats = {array.dtype for array in read_checkpoint(SMALL).tensors.values() if array.dtype.kind == "f"}
    assert floats == {np.dtype(np.float16)}


def test_floats_are_rounded_and_the_rest_is_kept(tmp_path, capsys):
    tensors = {"weight": np.array([1.0, 1 / 3], np.float32), "counter": np.array([7], np.int64)}
    write_checkpoint(tmp_path / "whole.pkl", Checkpoint(tensors))
    command(tmp_path / "whole.pkl", tmp_path / "half.pth")
    found = read_checkpoint(tmp_path / "half.pth").tensors
    np.testing.assert_array_equal(found["weight"], tensors["weight"].astype(np.float16))
    np.testing.assert_array_equal(found["counter"], tensors["counter"])
    assert "2 tensors" in capsys.readouterr().out


def test_what_is_too_large_is_refused(tmp_path):
    write_checkpoint(tmp_path / "whole.pkl", Checkpoint({"weight": np.array([1e5], np.float32)}))
    with pytest.raises(InputError, match="weight: 100000 is beyond float16"):
        command(tmp_path / "whole.pkl", tmp_path / "half.pth")
    assert not (tmp_path / "half.pth").exists()
