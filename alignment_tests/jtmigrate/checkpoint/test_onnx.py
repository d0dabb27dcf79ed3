"""Initialisers of ONNX models, with the onnx package as the judge where it is installed."""

from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.onnx_bytes import external, field, model, raw, tensor, varint
from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import open_checkpoint, read_checkpoint
from jtmigrate.errors import UserError

FLOAT, INT64 = 1, 7
ONES = np.ones(2, np.float32)


def read(path: Path, content: bytes) -> dict[str, np.ndarray]:
    path.write_bytes(content)
    return read_checkpoint(path).tensors


def test_raw_data_and_numbers_one_by_one(tmp_path: Path) -> None:
    halves = np.array([0.5, -2], np.float16)
    negative = field(7, b"".join(varint(number) for number in (-1, 2**40, 0)))
    found = read(
        tmp_path / "a.onnx",
        model(
            tensor("w", FLOAT, (2,), raw(ONES.tobytes())),
            tensor("typed", FLOAT, (1, 2), field(4, ONES.tobytes())),
            tensor("ints", INT64, (3,), negative),
            tensor("halves", 10, (2,), field(5, b"".join(varint(int(bits)) for bits in halves.view(np.uint16)))),
            tensor("flags", 9, (2,), field(5, b"\x00\x01")),
            tensor("scalar", INT64, (), field(7, varint(7))),
            tensor("empty", INT64, (0, 3)),
        ),
    )
    expected = {
        "w": ONES,
        "typed": ONES[None],
        "ints": np.array([-1, 2**40, 0]),
        "halves": halves,
        "flags": np.array([False, True]),
        "scalar": np.array(7),
        "empty": np.zeros((0, 3), np.int64),
    }
    assert_same(found, expected)


def test_external_data_beside_the_model(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "w.bin").write_bytes(bytes(4) + ONES.tobytes() + bytes(4))
    content = model(tensor("w", FLOAT, (2,), external(location="data/w.bin", offset="4", length="8")))
    assert_same(read(tmp_path / "a.onnx", content), {"w": ONES})
    with open_checkpoint(tmp_path / "a.onnx") as contents:
        assert contents.files == (tmp_path / "a.onnx", tmp_path / "data" / "w.bin")
        assert contents.left_behind == ("graph.node",)


GOOD = tensor("w", FLOAT, (2,), raw(ONES.tobytes()))

BROKEN = {
    "no graph": (field(1, 8) + field(2, b"x"), "no graph"),
    "two graphs": (model(GOOD) + field(7, b""), "several graphs"),
    "no initialisers": (model(), "no initialisers"),
    "a name twice": (model(GOOD, GOOD), "'w' twice"),
    "too few bytes": (model(tensor("w", FLOAT, (3,), raw(ONES.tobytes()))), "'w': has 8 bytes"),
    "shape of 2^60": (model(tensor("w", FLOAT, (2**60,), raw(ONES.tobytes()))), "'w': impossible shape"),
    "negative size": (model(tensor("w", FLOAT, (-2,), raw(ONES.tobytes()))), "'w': impossible shape"),
    "33 dimensions": (model(tensor("w", FLOAT, (1,) * 33, raw(ONES.tobytes()))), "'w': impossible shape"),
    "text": (model(tensor("w", 8, (1,), field(6, b"x"))), "data type 8"),
    "no dtype": (model(field(8, b"w")), "data type None"),
    "too few numbers": (model(tensor("w", INT64, (3,), field(7, varint(1)))), "'w': holds 1 numbers"),
    "a number without an end": (model(tensor("w", INT64, (1,), field(7, b"\xff"))), "without an end"),
    "a number of 11 bytes": (model(tensor("w", INT64, (1,), field(7, b"\xff" * 10 + b"\x00"))), "too many bytes"),
    "sparse": (field(1, 8) + field(7, field(15, b"")), "sparse"),
    "graph is a number": (field(1, 8) + field(2, b"") + field(7, 3), "a number where"),
    "group": (field(1, 8) + b"\x3b", "neither|unknown kind|no graph"),
    "a field longer than the file": (field(1, 8) + b"\x3a\xff\xff\xff\xff\x7f", "outside of its message"),
    "a length of 2^63": (field(1, 8) + b"\x3a" + varint(2**63), "outside of its message"),
    "a name that is no text": (model(tensor("w", FLOAT, (2,), field(8, b"\xff"), raw(bytes(8)))), "no UTF-8"),
    "a name of 100,000 bytes": (model(tensor("w" * 100_000, FLOAT, (2,), raw(bytes(8)))), "name of 100000"),
    "external data above": (model(tensor("w", FLOAT, (2,), external(location="../x"))), "in its folder"),
    "external data anywhere": (model(tensor("w", FLOAT, (2,), external(location="/etc/passwd"))), "in its folder"),
    "external data nowhere": (model(tensor("w", FLOAT, (2,), external())), "in its folder"),
    "external data missing": (model(tensor("w", FLOAT, (2,), external(location="none.bin"))), "No such file"),
    "external data too short": (
        model(tensor("w", FLOAT, (2,), external(location="w.bin", length="8"))),
        "beyond the 4",
    ),
    "external place": (model(tensor("w", FLOAT, (2,), external(location="w.bin", offset="-4"))), "is none"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_models(tmp_path: Path, kind: str) -> None:
    content, message = BROKEN[kind]
    (tmp_path / "w.bin").write_bytes(bytes(4))
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path / "a.onnx", content)
    assert "\n" not in str(caught.value)


def test_truncated_anywhere(tmp_path: Path) -> None:
    whole = model(GOOD, tensor("v", INT64, (3,), field(7, varint(1) * 3)))
    for length in range(len(whole)):
        with pytest.raises(UserError):
            read(tmp_path / "a.onnx", whole[:length])


def test_what_the_onnx_package_writes(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    arrays = {dtype: np.arange(6).reshape(2, 3).astype(dtype) for dtype in ("float32", "int64", "uint16", "float16")}
    arrays |= {"bool": np.array([True, False]), "scalar": np.array(1.5), "complex": np.array([1 + 2j], np.complex64)}
    initialisers = [onnx.numpy_helper.from_array(array, name) for name, array in arrays.items()]
    numbers = {"typed": [3, 5], "halves": [0.5, 2]}
    initialisers.append(onnx.helper.make_tensor("typed", onnx.TensorProto.INT64, (2,), numbers["typed"]))
    initialisers.append(onnx.helper.make_tensor("halves", onnx.TensorProto.FLOAT16, (2,), numbers["halves"]))
    graph = onnx.helper.make_graph([], "g", [], [], initialisers)
    onnx.save(onnx.helper.make_model(graph), tmp_path / "a.onnx")
    expected = {**arrays, "typed": np.array([3, 5]), "halves": np.array([0.5, 2], np.float16)}
    assert_same(read_checkpoint(tmp_path / "a.onnx").tensors, expected)

    model = onnx.load(tmp_path / "a.onnx")
    onnx.save(model, tmp_path / "b.onnx", save_as_external_data=True, location="b.bin", size_threshold=0)
    assert_same(read_checkpoint(tmp_path / "b.onnx").tensors, expected)
