"""Every narrow float there is, read as float32, with PyTorch as the judge."""

from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.checkpoint.elements import NARROW, element_of

torch = pytest.importorskip("torch")

BITS = {1: torch.uint8, 2: torch.uint16}


def every(name: str) -> torch.Tensor:
    """One tensor of all values of a type."""
    width = NARROW[name].bits.itemsize
    return torch.arange(256**width).to(BITS[width]).view(getattr(torch, name))


@pytest.mark.parametrize("name", NARROW)
def test_every_value_is_exact(name: str) -> None:
    element = element_of(name)
    found = element.decode(np.arange(256**element.bits.itemsize).astype(element.bits).view(np.uint8))
    expected = every(name).float().numpy()
    assert found.dtype == element.dtype == np.float32
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(expected[~np.isnan(found)]))


def test_bfloat16_keeps_even_which_nan_it_was() -> None:
    bits = np.arange(2**16, dtype=np.uint16)
    wide = element_of("bfloat16").decode(bits.view(np.uint8)).view(np.uint32)
    assert np.array_equal(wide >> 16, bits)
    assert not (wide & 0xFFFF).any()


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("new", [True, False])
def test_from_a_pytorch_file(tmp_path: Path, name: str, new: bool) -> None:
    if not new and name != "bfloat16":
        pytest.skip("the legacy format has no such storages")
    whole = every(name)
    tensors = {"all": whole, "strided": whole.reshape(16, -1)[3::2, 1:5].t(), "scalar": whole[100]}
    torch.save({**tensors, "plain": torch.ones(2)}, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.stored == dict.fromkeys(tensors, name)
    for key, tensor in tensors.items():
        found = checkpoint.tensors[key]
        assert (found.dtype, found.shape) == (np.float32, tuple(tensor.shape))
        assert np.array_equal(found, tensor.float().numpy(), equal_nan=True)


@pytest.mark.parametrize("name", NARROW)
def test_from_safetensors(tmp_path: Path, name: str) -> None:
    library = pytest.importorskip("safetensors.torch")
    library.save_file({"all": every(name), "scalar": every(name)[100].clone()}, tmp_path / "a.safetensors")
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.stored == dict.fromkeys(("all", "scalar"), name)
    assert np.array_equal(checkpoint.tensors["all"], every(name).float().numpy(), equal_nan=True)
    assert checkpoint.tensors["scalar"].shape == ()
