"""numpy's `.npz`, with numpy as the judge, and archives that are damaged or hostile."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import Payload, assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.errors import UserError


def arrays() -> dict[str, np.ndarray]:
    return {
        **{dtype: np.array([[0, 1, 2], [3, 50, 100]]).astype(dtype) for dtype in DTYPES},
        "scalar": np.array(2**40),
        "empty": np.zeros((0, 2), np.float32),
        "a/b.weight.npy": np.array([np.nan, np.inf, -0.0], np.float16),
        "ünï": np.ones(1, np.float32),
    }


def test_numpy_reads_what_we_write(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.npz", Checkpoint(arrays()))
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert list(found) == list(arrays())
        assert_same({name: found[f"{name}.npy"] for name in arrays()}, arrays())
    assert read_checkpoint(tmp_path / "a.npz").container == "npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_we_read_what_numpy_writes(tmp_path: Path, save) -> None:
    views = {"f": np.asfortranarray(np.arange(6.0).reshape(2, 3)), "big": np.arange(3, dtype=">i4"), "t": np.ones(2).T}
    save(tmp_path / "a.npz", **views)
    found = read_checkpoint(tmp_path / "a.npz").tensors
    assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in views.items()}
    assert all(array.dtype.isnative and array.flags.c_contiguous for array in found.values())


@pytest.mark.parametrize("name", ["a\0b", "n" * 70_000])
def test_names_that_a_zip_archive_cannot_hold(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match="cannot hold the name"):
        write_checkpoint(tmp_path / "a.npz", Checkpoint({name: np.ones(2)}))
    assert not list(tmp_path.iterdir())


def npy(header: str, data: bytes = bytes(8), version: bytes = b"\x01\x00") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text + data


def descr(shape: object, dtype: object = "<f4") -> str:
    return repr({"descr": dtype, "fortran_order": False, "shape": shape})


def archive(*members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members:
            file.writestr(name, content)
    return buffer.getvalue()


GOOD = ("w.npy", npy(descr((2,))))

BROKEN = {
    "no numpy magic": (("w.npy", b"nothing"), "'w': damaged"),
    "an empty member": (("w.npy", b""), "'w': damaged"),
    "version 9": (("w.npy", npy(descr((2,)), version=b"\x09\x00")), "'w': is of version|damaged"),
    "header that is no literal": (("w.npy", npy("__import__('os').mkdir('made')")), "'w': damaged"),
    "header without shape": (("w.npy", npy("{'descr': '<f4'}")), "'w': damaged"),
    "header of brackets": (("w.npy", npy("(" * 3000)), "'w': damaged"),
    "shape of 2^60": (("w.npy", npy(descr((2**60,)))), "impossible shape"),
    "empty shape of 2^60 x 2^60 x 0": (("w.npy", npy(descr((2**60, 2**60, 0)), b"")), "impossible shape"),
    "negative shape": (("w.npy", npy(descr((-2,)))), "impossible shape"),
    "too much data": (("w.npy", npy(descr((1,)))), "needs another number"),
    "complex of 256 bits": (("w.npy", npy(descr((1,), "<c32"), bytes(32))), "'w': is complex256"),
    "text": (("w.npy", npy(descr((2,), "<U1"))), "'w': is str32"),
    "fields": (("w.npy", npy(descr((2,), [("a", "<f4")]))), "'w': is void32"),
    "dtype that is none": (("w.npy", npy(descr((2,), "nonsense"))), "'w': damaged"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_arrays(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    member, message = BROKEN[kind]
    Path("a.npz").write_bytes(archive(member))
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint("a.npz")
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_arrays_of_objects_are_refused_unopened(tmp_path: Path) -> None:
    data = pickle.dumps(Payload(tmp_path / "made"))
    (tmp_path / "a.npz").write_bytes(archive(("w.npy", npy(descr((1,), "|O"), data))))
    with pytest.raises(UserError, match="'w': is object"):
        read_checkpoint(tmp_path / "a.npz")
    assert not (tmp_path / "made").exists()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_twice(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archive(GOOD, GOOD))
    with pytest.raises(UserError, match="a name twice"):
        read_checkpoint(tmp_path / "a.npz")


def test_an_archive_bomb(tmp_path: Path) -> None:
    bomb = archive(("w.npy", npy(descr((25 << 20,)), bytes(100 << 20))), compression=zipfile.ZIP_DEFLATED)
    (tmp_path / "a.npz").write_bytes(bomb)
    with pytest.raises(UserError, match="unfolds from"):
        read_checkpoint(tmp_path / "a.npz")


def test_other_members_are_left_behind(tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(archive(GOOD, ("readme.txt", b"hello")))
    assert read_checkpoint(tmp_path / "a.npz").left_behind == ("readme.txt",)


def test_truncated_anywhere_and_changed_bytes(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.npz", Checkpoint({"w": np.arange(20.0)}))
    whole = (tmp_path / "a.npz").read_bytes()
    for position in range(0, len(whole), 3):
        (tmp_path / "b.npz").write_bytes(whole[:position])
        with pytest.raises(UserError):
            read_checkpoint(tmp_path / "b.npz")
        (tmp_path / "b.npz").write_bytes(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            tensors = read_checkpoint(tmp_path / "b.npz").tensors
        except UserError:
            continue
        assert next(iter(tensors.values())).tolist() == list(range(20)), position
