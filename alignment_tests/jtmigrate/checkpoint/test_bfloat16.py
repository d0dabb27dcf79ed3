"""Every bfloat16 there is, read as float32."""

from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.checkpoint.bfloat16 import widened

torch = pytest.importorskip("torch")

EVERY = torch.arange(-(2**15), 2**15).to(torch.int16).view(torch.bfloat16)


def test_every_value_is_exact() -> None:
    bits = EVERY.view(torch.int16).numpy().view(np.uint16)
    wide = widened(bits)
    assert np.array_equal(wide, EVERY.float().numpy(), equal_nan=True)
    # The way back loses nothing, not even which NaN it was.
    assert np.array_equal(wide.view(np.uint32) >> 16, bits)
    assert not (wide.view(np.uint32) & 0xFFFF).any()


@pytest.mark.parametrize("new", [True, False])
def test_from_a_pytorch_file(tmp_path: Path, new: bool) -> None:
    tensors = {"all": EVERY, "strided": EVERY.reshape(256, 256)[3::2, 1:5].t(), "scalar": EVERY[16000]}
    torch.save({**tensors, "plain": torch.ones(2)}, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.stored == dict.fromkeys(tensors, "bfloat16")
    for name, tensor in tensors.items():
        found = checkpoint.tensors[name]
        assert (found.dtype, found.shape) == (np.float32, tuple(tensor.shape))
        assert np.array_equal(found, tensor.float().numpy(), equal_nan=True)
