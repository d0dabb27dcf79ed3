"""Which dtypes each format holds, with a clear refusal of the others; frameworks are the judges of what is written."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import assert_same
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.checkpoint.model import COMPLEX, DTYPES
from jtmigrate.errors import UserError

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[3]


def arrays(*dtypes: str) -> dict[str, np.ndarray]:
    return {dtype: np.array([[0, 1], [2, 100]]).astype(dtype) for dtype in dtypes}


def test_torch_loads_every_dtype_that_we_write(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint(arrays(*DTYPES)))
    loaded = torch.load(tmp_path / "a.pth", weights_only=True)["state_dict"]
    assert_same({name: tensor.numpy() for name, tensor in loaded.items()}, arrays(*DTYPES))


def test_we_read_every_dtype_that_torch_writes(tmp_path: Path) -> None:
    torch.save({name: torch.from_numpy(array) for name, array in arrays(*DTYPES).items()}, tmp_path / "a.pth")
    assert_same(read_checkpoint(tmp_path / "a.pth").tensors, arrays(*DTYPES))


@pytest.mark.parametrize("dtype", COMPLEX)
def test_jittor_has_no_complex_numbers(tmp_path: Path, dtype: str) -> None:
    with pytest.raises(UserError, match=f"{dtype!r} is {dtype}; a Jittor pickle here holds bool,"):
        write_checkpoint(tmp_path / "a.pkl", Checkpoint(arrays(dtype)))
    assert not list(tmp_path.iterdir())


def test_safetensors_has_no_complex128(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'complex128' is complex128; a safetensors here holds"):
        write_checkpoint(tmp_path / "a.safetensors", Checkpoint(arrays("complex128")))


def test_npz_holds_complex_numbers(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.npz", Checkpoint(arrays(*COMPLEX)))
    with np.load(tmp_path / "a.npz") as found:
        assert_same(dict(found), arrays(*COMPLEX))
    assert_same(read_checkpoint(tmp_path / "a.npz").tensors, arrays(*COMPLEX))


def test_arrays_of_old_pickles(tmp_path: Path) -> None:
    """Up to protocol 2 there are no bytes, only texts of the characters 0 to 255."""
    values = arrays("float32", "int64", "bool")
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(values, 2))
    assert_same(read_checkpoint(tmp_path / "a.pkl").tensors, values)


VARS = """
import sys
from jtmigrate.runtime import prepare
prepare()
import numpy as np, jittor as jt
values = {name: jt.array(np.array([[0, 1], [2, 100]]).astype(name)) for name in sys.argv[2].split(",")}
jt.save({"state_dict": values, "epoch": 3}, sys.argv[1])
print(",".join(str(var.dtype) for var in values.values()))
"""


@pytest.mark.slow
def test_vars_that_jittor_saved(tmp_path: Path) -> None:
    pytest.importorskip("jittor")
    names = "bool,uint8,int8,int16,int32,float16,float32,float64,uint16,uint32"
    script = [sys.executable, "-c", VARS, str(tmp_path / "a.pkl"), names]
    run = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert run.returncode == 0, run.stderr
    checkpoint = read_checkpoint(tmp_path / "a.pkl")
    assert checkpoint.left_behind == ("epoch",)
    assert ",".join(array.dtype.name for array in checkpoint.tensors.values()) == run.stdout.strip().splitlines()[-1]
    assert all(
        array.tolist() == np.array([[0, 1], [2, 100]]).astype(n).tolist() for n, array in checkpoint.tensors.items()
    )
