"""Our reader and writer of safetensors, with the common library as the judge of both, and files that are damaged."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.safetensors import HOLDS
from jtmigrate.errors import UserError


def arrays() -> dict[str, np.ndarray]:
    return {
        **{dtype: np.array([[0, 1, 2], [3, 50, 100]]).astype(dtype) for dtype in HOLDS},
        "scalar": np.array(2**40),
        "empty": np.zeros((0, 2), np.float32),
        "odd": np.array([np.nan, np.inf, -0.0], np.float16),
        "ünï/[x]": np.ones(1, np.float32),
    }


def test_the_library_reads_what_we_write(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint(arrays()))
    found = library.load_file(tmp_path / "a.safetensors")
    assert_same({name: found[name] for name in arrays()}, arrays())
    assert len(found) == len(arrays())
    assert list(read_checkpoint(tmp_path / "a.safetensors").tensors) == list(arrays())


def test_we_read_what_the_library_writes(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    library.save_file(arrays(), tmp_path / "a.safetensors", {"made_by": "test"})
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.container == "safetensors"
    assert checkpoint.left_behind == ("__metadata__.made_by",)
    assert_same({name: checkpoint.tensors[name] for name in arrays()}, arrays())


def test_transformers_finds_the_note_that_it_demands(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint(arrays()))
    with safetensors.safe_open(tmp_path / "a.safetensors", "np") as file:
        assert file.metadata() == {"format": "pt"}


def test_bfloat16_is_read_as_float32(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("safetensors.torch")
    values = torch.arange(-100, 100).to(torch.bfloat16) / 7
    library.save_file({"w": values.reshape(4, 50), "scalar": values[3].clone()}, tmp_path / "a.safetensors")
    checkpoint = read_checkpoint(tmp_path / "a.safetensors")
    assert checkpoint.stored == {"w": "bfloat16", "scalar": "bfloat16"}
    expected = {"w": values.reshape(4, 50).float().numpy(), "scalar": values[3].float().numpy()}
    assert_same({name: checkpoint.tensors[name] for name in expected}, expected)


def test_a_length_that_looks_like_a_pickle(tmp_path: Path) -> None:
    """A header of 1152 bytes is 80 04 00 ... in the file, which is how a pickle of protocol 4 begins."""
    name = "w" * 1000
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint({name: np.ones(2, np.float32)}))
    text = (tmp_path / "a.safetensors").read_bytes()
    length = struct.unpack("<Q", text[:8])[0]
    padded = struct.pack("<Q", 0x480) + text[8 : 8 + length].ljust(0x480) + text[8 + length :]
    assert padded.startswith(b"\x80\x04")
    (tmp_path / "b.pkl").write_bytes(padded)
    assert list(read_checkpoint(tmp_path / "b.pkl").tensors) == [name]


def test_the_reserved_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="__metadata__"):
        write_checkpoint(tmp_path / "a.safetensors", Checkpoint({"__metadata__": np.ones(2)}))
    assert not list(tmp_path.iterdir())


def entry(begin: int, end: int, shape: Any = (2,), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def file_of(header: Any, data: bytes = bytes(8), length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


GOOD = {"w": entry(0, 8)}

BROKEN = {
    "header longer than the file": (file_of(GOOD, length=10**6), "a header of 1000000 bytes in a file of"),
    "header of 2^60 bytes": (file_of(GOOD, length=2**60), "in a file of"),
    "header of 2^64-1 bytes": (file_of(GOOD, length=2**64 - 1), "in a file of"),
    "huge header": (file_of(b"{" + b" " * (9 << 20)), "more than the"),
    "header cut short": (file_of(GOOD, length=10), "header is damaged"),
    "header of length 0": (file_of(GOOD, length=0), "header is damaged"),
    "only braces": (file_of(b"{}", b""), "no tensors"),
    "not UTF-8": (file_of(b'{"\xff": 1}'), "header is damaged"),
    "nested beyond recursion": (file_of(b'{"a":' + b"[" * 100_000), "more lists and objects"),
    "2,000,000 objects": (file_of(b'{"a":[' + b"{}," * 2_000_000 + b"{}]}"), "more lists and objects"),
    "2,000,000 texts": (file_of(b'{"a":[' + b'"",' * 2_000_000 + b'""]}'), "'a': its entry"),
    "800,000 texts": (file_of(b'{"a":[' + b'"abcdef",' * 800_000 + b'""]}'), "'a': its entry"),
    "huge integer": (file_of(b'{"w":' + b"9" * 5000 + b"}"), "header is damaged"),
    "name twice": (
        file_of(b'{"w":%b,"w":%b}' % ((json.dumps(entry(0, 8)).encode(),) * 2)),
        "'w' occurs twice",
    ),
    "metadata is no object": (file_of({"__metadata__": 1, **GOOD}), "__metadata__"),
    "entry is no object": (file_of({"w": 1}), "'w': its entry"),
    "entry lacks its offsets": (file_of({"w": {"dtype": "F32", "shape": [2]}}), "'w': its entry"),
    "entry has more": (file_of({"w": {**entry(0, 8), "x": 1}}), "'w': its entry"),
    "negative size": (file_of({"w": entry(0, 8, [-1, -2])}), "'w': its entry"),
    "negative offset": (file_of({"w": entry(-8, 0)}), "'w': its entry"),
    "size is a bool": (file_of({"w": entry(0, 4, [True])}), "'w': its entry"),
    "size is a float": (file_of({"w": entry(0, 8, [2.0])}), "'w': its entry"),
    "backward range": (file_of({"w": entry(8, 0)}), "needs another number"),
    "shape of 2^60": (file_of({"w": entry(0, 8, [2**60])}), "impossible shape"),
    "shape that overflows to 2": (file_of({"w": entry(0, 8, [2**62, 4, 2])}), "impossible shape"),
    "shape of 2^63": (file_of({"w": entry(0, 8, [2**63])}), "impossible shape"),
    "500,000 dimensions": (file_of({"w": entry(0, 8, [2**40] * 500_000)}), "500000 dimensions"),
    "empty shape of 2^60 x 2^60 x 0": (file_of({"w": entry(0, 0, [2**60, 2**60, 0])}, b""), "impossible shape"),
    "33 dimensions": (file_of({"w": entry(0, 8, [1] * 33 + [2])}), "impossible shape"),
    "range beyond the file": (file_of({"w": entry(0, 80, [20])}), "truncated"),
    "overlapping ranges": (file_of({"v": entry(0, 8), "w": entry(4, 12)}, bytes(12)), "'w' overlaps another"),
    "the same range": (file_of({"v": entry(0, 8), "w": entry(0, 8)}), "'w' overlaps another"),
    "gap between tensors": (file_of({"v": entry(0, 8), "w": entry(12, 20)}, bytes(20)), "'w' leaves a gap"),
    "bytes after the last": (file_of(GOOD, bytes(9)), "1 bytes at its end"),
    "float4": (file_of({"w": entry(0, 2, [4], "F4")}, bytes(2)), "'w' is 'F4', which is not read"),
    "unknown dtype": (file_of({"w": entry(0, 8, dtype="\n\x1b[31m")}), "'w' is"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files(tmp_path: Path, kind: str) -> None:
    content, message = BROKEN[kind]
    (tmp_path / "a.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_checkpoint(tmp_path / "a.safetensors")
    assert str(tmp_path) in str(caught.value)


def test_truncated_anywhere(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint(arrays()))
    whole = (tmp_path / "a.safetensors").read_bytes()
    for length in range(0, len(whole), 7):
        (tmp_path / "b.safetensors").write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_checkpoint(tmp_path / "b.safetensors")
