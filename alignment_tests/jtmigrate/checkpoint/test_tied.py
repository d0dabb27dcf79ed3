"""One tensor under several names stays one tensor, where a file can say so."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, keeps_ties, read_checkpoint, sharing, write_checkpoint
from jtmigrate.convert import convert
from jtmigrate.naming.schema import TensorSpec

TIED = (("embed.weight", "head.weight"),)


def tied_names(tensors: Mapping[str, np.ndarray]) -> tuple[tuple[str, ...], ...]:
    """Names that hold one and the same array object."""
    return sharing.tied_names({name: id(array) for name, array in tensors.items()})


def tied(dtype: type = np.float32) -> dict[str, np.ndarray]:
    shared = np.arange(6, dtype=dtype).reshape(2, 3)
    return {"embed.weight": shared, "norm.bias": np.ones(3, np.float32), "head.weight": shared}


@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_there_and_back(tmp_path: Path, suffix: str) -> None:
    assert keeps_ties(f"a{suffix}")
    write_checkpoint(tmp_path / f"a{suffix}", Checkpoint(tied()))
    write_checkpoint(tmp_path / f"b{suffix}", Checkpoint({**tied(), "head.weight": tied()["head.weight"].copy()}))
    assert tied_names(read_checkpoint(tmp_path / f"a{suffix}").tensors) == TIED
    assert tied_names(read_checkpoint(tmp_path / f"b{suffix}").tensors) == ()


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_formats_without_ties_get_copies(tmp_path: Path, suffix: str) -> None:
    assert not keeps_ties(f"a{suffix}")
    write_checkpoint(tmp_path / f"a{suffix}", Checkpoint(tied()))
    found = read_checkpoint(tmp_path / f"a{suffix}").tensors
    assert found["head.weight"].tolist() == found["embed.weight"].tolist()
    assert tied_names(found) == ()


def test_torch_sees_one_storage(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    write_checkpoint(tmp_path / "a.pth", Checkpoint(tied()))
    state = torch.load(tmp_path / "a.pth", weights_only=True)["state_dict"]
    assert state["embed.weight"].data_ptr() == state["head.weight"].data_ptr()
    assert state["embed.weight"].data_ptr() != state["norm.bias"].data_ptr()
    assert state["head.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("new", [True, False])
def test_ties_that_torch_wrote(tmp_path: Path, new: bool) -> None:
    torch = pytest.importorskip("torch")
    whole = torch.arange(6.0).reshape(2, 3)
    tensors = {"embed.weight": whole, "other.view": whole.t(), "equal": whole.clone(), "head.weight": whole}
    torch.save(tensors, tmp_path / "a.pth", _use_new_zipfile_serialization=new)
    assert tied_names(read_checkpoint(tmp_path / "a.pth").tensors) == TIED


def test_convert_keeps_ties_through_names_and_casts(tmp_path: Path) -> None:
    wrapped = {f"module.{name}": array for name, array in tied(np.float64).items()}
    write_checkpoint(tmp_path / "a.pth", Checkpoint(wrapped))
    schema = {name: TensorSpec(array.shape, "float32") for name, array in tied().items()}
    report = convert(tmp_path / "a.pth", tmp_path / "b.pth", schema=schema)
    assert tied_names(read_checkpoint(tmp_path / "b.pth").tensors) == TIED
    assert report.notes == ()


def test_a_target_that_wants_two_dtypes_gets_two_tensors(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint(tied()))
    schema = {name: TensorSpec(array.shape, "float32") for name, array in tied().items()}
    schema["head.weight"] = TensorSpec((2, 3), "float64")
    convert(tmp_path / "a.pth", tmp_path / "b.pth", schema=schema)
    found = read_checkpoint(tmp_path / "b.pth").tensors
    assert {name: array.dtype.name for name, array in found.items()} == {n: s.dtype for n, s in schema.items()}
    assert tied_names(found) == ()


def test_convert_says_what_became_a_copy(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint(tied()))
    report = convert(tmp_path / "a.pth", tmp_path / "b.safetensors")
    assert report.notes[-1] == ("Tied weights became copies, as safetensors has no ties: embed.weight = head.weight.")
