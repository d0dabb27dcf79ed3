"""Our reader and writer of PyTorch's zip format, with torch as the judge of both."""

import argparse
import io
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import Payload, assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.errors import UserError

torch = pytest.importorskip("torch")


def views() -> dict[str, torch.Tensor]:
    """Tensors whose bytes do not lie in the file as they are read."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    return {
        "contiguous": base,
        "transposed": base.transpose(0, 2),
        "sliced": base[1],
        "strided": base[:, ::2, 1::2],
        "offset_scalar": base[1, 2, 3],
        "expanded": torch.arange(3.0)[:, None].expand(3, 5),
        "channels_last": torch.arange(120.0).reshape(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        "scalar": torch.tensor(7),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
    }


def assert_same_as_torch(arrays: dict[str, np.ndarray], tensors: dict[str, torch.Tensor]) -> None:
    assert_same(arrays, {name: tensor.detach().numpy() for name, tensor in tensors.items()})


def test_reads_every_view(tmp_path: Path) -> None:
    torch.save(views(), tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert checkpoint.container == "PyTorch zip"
    assert_same_as_torch(checkpoint.tensors, views())


@pytest.mark.parametrize("dtype", DTYPES)
def test_reads_and_writes_every_dtype(tmp_path: Path, dtype: str) -> None:
    tensors = {
        "a": torch.tensor([0, 1, 2, 100]).to(getattr(torch, dtype)),
        "b": torch.tensor(1).to(getattr(torch, dtype)),
    }
    torch.save(tensors, tmp_path / "a.pth")
    checkpoint = read_checkpoint(tmp_path / "a.pth")
    assert_same_as_torch(checkpoint.tensors, tensors)
    write_checkpoint(tmp_path / "b.pth", checkpoint)
    back = torch.load(tmp_path / "b.pth", weights_only=True)["state_dict"]
    assert {name: tensor.dtype for name, tensor in back.items()} == {name: t.dtype for name, t in tensors.items()}
    assert_same_as_torch(checkpoint.tensors, back)


def test_torch_loads_what_we_write(tmp_path: Path) -> None:
    torch.save(views(), tmp_path / "a.pth")
    write_checkpoint(tmp_path / "b.pth", read_checkpoint(tmp_path / "a.pth"))
    loaded = torch.load(tmp_path / "b.pth", weights_only=True)
    assert list(loaded) == ["state_dict"]
    assert list(loaded["state_dict"]) == list(views())
    for name, tensor in read_checkpoint(tmp_path / "a.pth").tensors.items():
        assert torch.equal(loaded["state_dict"][name], torch.from_numpy(tensor)), name
        assert loaded["state_dict"][name].is_contiguous(), name


def test_big_endian_arrays_are_written_by_value(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint({"a": np.array([1.0, 2.0], ">f4")}))
    assert torch.load(tmp_path / "a.pth")["state_dict"]["a"].tolist() == [1.0, 2.0]


def test_equal_tensors_give_equal_files(tmp_path: Path) -> None:
    for name in ("a.pth", "b.pth"):
        write_checkpoint(tmp_path / name, Checkpoint({"a": np.ones(3, np.float32)}))
    assert (tmp_path / "a.pth").read_bytes() == (tmp_path / "b.pth").read_bytes()


def test_state_dict_of_a_module_with_metadata(tmp_path: Path) -> None:
    state = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
    assert isinstance(state, OrderedDict)
    torch.save(state, tmp_path / "a.pth")
    assert_same_as_torch(read_checkpoint(tmp_path / "a.pth").tensors, state)


def test_other_entries_are_named_and_left_behind(tmp_path: Path) -> None:
    optimizer = {"state": {0: {"exp_avg": torch.ones(2)}}}
    hyper_parameters = {"cfg": argparse.Namespace(lr=0.1), "path": Path("x"), "when": {1, 2}}
    file = {
        "epoch": 3,
        "state_dict": {"w": torch.ones(2), "w._extra_state": 5},
        "optimizer_states": [optimizer],
        "hyper_parameters": hyper_parameters,
    }
    torch.save(file, tmp_path / "a.ckpt")
    checkpoint = read_checkpoint(tmp_path / "a.ckpt")
    assert list(checkpoint.tensors) == ["w"]
    assert checkpoint.wrapper == "state_dict"
    assert checkpoint.left_behind == ("epoch", "optimizer_states", "hyper_parameters", "state_dict.w._extra_state")


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    torch.save({"state_dict": {"w": torch.ones(2)}, "hyper_parameters": Payload(tmp_path / "made")}, tmp_path / "a.pth")
    assert list(read_checkpoint(tmp_path / "a.pth").tensors) == ["w"]
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("tensor", "named"),
    [
        (torch.ones(2, dtype=torch.complex32), "torch.complex32|ComplexHalf"),
        (torch.ones(2, dtype=torch.complex64).conj(), "conjugates"),
        (torch.ones(2, dtype=torch.complex64).conj().imag, "negates"),
        (torch.eye(2).to_sparse(), "_rebuild_sparse_tensor"),
    ],
)
def test_unread_kinds_of_tensor_are_refused_by_name(tmp_path: Path, tensor: torch.Tensor, named: str) -> None:
    torch.save({"ok": torch.ones(1), "odd": tensor}, tmp_path / "a.pth")
    with pytest.raises(UserError, match=f"'odd'.*{named}"):
        read_checkpoint(tmp_path / "a.pth")


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "a.pth")
    with pytest.raises(UserError, match=r"Linear.*state_dict\(\)"):
        read_checkpoint(tmp_path / "a.pth")


def test_a_file_without_tensors_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 1, "lr": 0.1}, tmp_path / "a.pth")
    with pytest.raises(UserError, match="no tensors by name; its entries: epoch, lr"):
        read_checkpoint(tmp_path / "a.pth")


def test_truncated_anywhere(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(50.0)}, tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.pth").write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_checkpoint(tmp_path / "b.pth")


def test_a_changed_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    torch.save({"w": torch.arange(50.0)}, tmp_path / "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    for position in range(0, len(whole), 5):
        (tmp_path / "b.pth").write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            tensors = read_checkpoint(tmp_path / "b.pth").tensors
        except UserError:
            continue
        assert tensors["w"].tolist() == list(range(50)), position


def test_compressed_archives_are_refused(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2)}, tmp_path / "a.pth")
    with (
        zipfile.ZipFile(tmp_path / "a.pth") as old,
        zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name))
    with pytest.raises(UserError, match="compressed"):
        read_checkpoint(tmp_path / "b.pth")


def test_another_zip_archive_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("readme.txt", "hello")
    (tmp_path / "a.pth").write_bytes(buffer.getvalue())
    with pytest.raises(UserError, match=r"without data\.pkl"):
        read_checkpoint(tmp_path / "a.pth")
