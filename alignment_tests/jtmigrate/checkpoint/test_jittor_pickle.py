"""Jittor's `.pkl`: what stock Jittor reads and writes, and what no pickle may do."""

import hashlib
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import Payload, assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.jittor_pickle import HOLDS
from jtmigrate.errors import UserError


def arrays() -> dict[str, np.ndarray]:
    return {
        **{dtype: np.array([[0, 1], [2, 100]]).astype(dtype) for dtype in HOLDS},
        "scalar": np.array(2**40),
        "empty": np.zeros((0, 2), np.float32),
    }


def test_round_trip(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pkl", Checkpoint(arrays()))
    checkpoint = read_checkpoint(tmp_path / "a.pkl")
    assert checkpoint.container == "Jittor pickle"
    assert_same(checkpoint.tensors, arrays())


def test_the_file_is_a_pickle_its_sha1_and_the_magic(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pkl", Checkpoint(arrays()))
    data = (tmp_path / "a.pkl").read_bytes()
    assert data[-8:] == b"HCAJSLHD"
    assert data[-28:-8] == hashlib.sha1(data[:-28]).digest()
    assert_same(pickle.loads(data[:-28]), arrays())


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_plain_pickles_of_any_layout(tmp_path: Path, order: str, byte_order: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(f"{byte_order}f4", order=order)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": array}, 4))
    found = read_checkpoint(tmp_path / "a.pkl").tensors["a"]
    assert found.tolist() == array.tolist()
    assert found.dtype.isnative


def test_damage_is_noticed(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pkl", Checkpoint(arrays()))
    data = bytearray((tmp_path / "a.pkl").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "a.pkl").write_bytes(data)
    with pytest.raises(UserError, match="checksum"):
        read_checkpoint(tmp_path / "a.pkl")


def test_truncated_anywhere(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pkl", Checkpoint(arrays()))
    whole = (tmp_path / "a.pkl").read_bytes()
    for length in range(0, len(whole) - 28, 7):
        (tmp_path / "b.pkl").write_bytes(whole[:length])
        with pytest.raises(UserError):
            read_checkpoint(tmp_path / "b.pkl")


def test_nothing_in_the_file_is_executed(tmp_path: Path) -> None:
    data = pickle.dumps({"a": np.ones(2), "b": Payload(tmp_path / "made")}, 4)
    (tmp_path / "a.pkl").write_bytes(data)
    assert read_checkpoint(tmp_path / "a.pkl").left_behind == ("b",)
    assert not (tmp_path / "made").exists()


def test_a_number_that_would_fill_the_memory(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x02}r\xff\xff\xff\x7f.")
    with pytest.raises(UserError, match="no tensors by name"):
        read_checkpoint(tmp_path / "a.pkl")


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"a": np.array([None, 1])}, 4))
    with pytest.raises(UserError, match="'a'"):
        read_checkpoint(tmp_path / "a.pkl")


LOAD = """
import sys
import numpy as np
from jtmigrate.runtime import prepare
prepare()
import jittor as jt
from jtmigrate.checkpoint import read_checkpoint

class Net(jt.nn.Module):
    def __init__(self):
        self.conv = jt.nn.Conv2d(3, 4, 3)
        self.norm = jt.nn.BatchNorm2d(4)
        self.scale = jt.array(np.zeros(1, np.float32))

path, saved = sys.argv[1:]
expected = read_checkpoint(path).tensors
loaded = jt.load(path)
assert list(loaded) == list(expected)
net = Net()
dtypes = {name: str(var.dtype) for name, var in net.state_dict().items()}
net.load(path)
for name, var in net.state_dict().items():
    assert str(var.dtype) == dtypes[name] == "float32", name
    assert var.numpy().tobytes() == expected[name].tobytes(), name
jt.save(net.state_dict(), saved)
"""


def network() -> dict[str, np.ndarray]:
    random = np.random.RandomState(0)
    shapes = {
        "conv.weight": (4, 3, 3, 3),
        "conv.bias": (4,),
        "norm.weight": (4,),
        "norm.bias": (4,),
        "norm.running_mean": (4,),
        "norm.running_var": (4,),
        "scale": (),
    }
    tensors = {name: np.asarray(random.standard_normal(shape), np.float32) for name, shape in shapes.items()}
    return {**tensors, "norm.num_batches_tracked": np.array(2**40)}


@pytest.mark.slow
def test_stock_jittor_loads_what_we_write_and_we_read_what_it_saves(tmp_path: Path) -> None:
    pytest.importorskip("jittor")
    write_checkpoint(tmp_path / "a.pkl", Checkpoint(network()))
    script = [sys.executable, "-c", LOAD, str(tmp_path / "a.pkl"), str(tmp_path / "b.pkl")]
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(script, cwd=root, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    assert "failed" not in run.stderr

    saved = read_checkpoint(tmp_path / "b.pkl").tensors
    for name, array in saved.items():
        assert array.tobytes() == network()[name].tobytes(), name
    assert len(saved) == len(network()) - 1
