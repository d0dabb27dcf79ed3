"""`inspect` and `jtmigrate inspect`: what a file holds, without executing any of it."""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.tensors import Payload
from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from jtmigrate.inspect import Statistics, inspect, statistics
from jtmigrate.naming.schema import TensorSpec

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([1, 2, 6], "float32", Statistics(1.0, 6.0, 3.0, 0, 0)),
        ([1, np.nan, 3, np.inf, -np.inf], "float16", Statistics(1.0, 3.0, 2.0, 1, 2)),
        ([np.nan, np.nan], "float64", Statistics(None, None, None, 2, 0)),
        ([], "float32", Statistics(None, None, None, 0, 0)),
        (2**62 + 1, "int64", Statistics(2**62 + 1, 2**62 + 1, 2.0**62, 0, 0)),
        ([0, 255], "uint8", Statistics(0, 255, 127.5, 0, 0)),
        ([True, False], "bool", Statistics(0, 1, 0.5, 0, 0)),
        # In float16 or float32 these sums would overflow or stand still.
        ([60000.0] * 100, "float16", Statistics(60000.0, 60000.0, 60000.0, 0, 0)),
        ([0.5] * 2**20, "float32", Statistics(0.5, 0.5, 0.5, 0, 0)),
    ],
)
def test_statistics(values: object, dtype: str, expected: Statistics) -> None:
    flat = np.array(values, dtype).reshape(-1)
    assert statistics([flat]) == expected
    assert statistics([flat[:2], flat[2:]]) == expected


@pytest.mark.parametrize("suffix", [".pth", ".pkl", ".safetensors", ".npz"])
def test_every_format(tmp_path: Path, suffix: str) -> None:
    tensors = {"w": np.array([[1, np.nan], [3, 5]], np.float32), "n": np.array(7)}
    write_checkpoint(tmp_path / f"a{suffix}", Checkpoint(tensors))
    found = inspect(tmp_path / f"a{suffix}")
    assert [(t.name, t.shape, t.dtype, t.nbytes) for t in found.tensors] == [
        ("w", (2, 2), "float32", 16),
        ("n", (), "int64", 8),
    ]
    assert found.tensors[0].statistics == Statistics(1.0, 5.0, 3.0, 1, 0)
    assert found.nbytes == 24
    assert found.container == read_checkpoint(tmp_path / f"a{suffix}").container


def test_tied_tensors_and_views_of_one_storage(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    flat = torch.arange(6.0)
    whole = torch.ones(2)
    tensors = {"a": whole, "u": flat[:2], "b": whole, "v": flat[2:], "alone": torch.ones(1)}
    torch.save({"state_dict": tensors, "epoch": 3}, tmp_path / "a.pth")
    found = inspect(tmp_path / "a.pth")
    assert (found.wrapper, found.left_behind) == ("state_dict", ("epoch",))
    assert {tensor.name: tensor.tied for tensor in found.tensors if tensor.tied} == {"a": ("a", "b"), "b": ("a", "b")}
    assert {tensor.name: tensor.sharing for tensor in found.tensors if tensor.sharing} == dict.fromkeys(
        "uv", ("u", "v")
    )
    assert found.nbytes == 4 * (2 + 6 + 1)


def test_bfloat16_counts_its_own_bytes_and_is_float32_in_the_schema(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"w": torch.ones(3, dtype=torch.bfloat16)}, tmp_path / "a.pth")
    found = inspect(tmp_path / "a.pth")
    assert (found.tensors[0].dtype, found.nbytes) == ("bfloat16", 6)
    assert found.schema == {"w": TensorSpec((3,), "float32")}


def test_unknown_globals_are_named_and_not_called(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    payload = Payload(tmp_path / "made")
    file = {"state_dict": {"w": torch.ones(2)}, "args": argparse.Namespace(lr=1), "evil": [payload, payload]}
    torch.save(file, tmp_path / "a.ckpt")
    found = inspect(tmp_path / "a.ckpt")
    assert found.opaque == ("argparse.Namespace", "posix.mkdir")
    assert found.dangerous == ("posix.mkdir",)
    assert found.left_behind == ("args", "evil")
    assert not (tmp_path / "made").exists()


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jtmigrate.cli.main", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_the_schema_that_is_written_is_the_one_that_convert_reads(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint({"w": np.ones((2, 3), np.float32), "n": np.array(7)}))
    shown = run("inspect", tmp_path / "a.pth", "--schema")
    assert (shown.returncode, shown.stderr) == (0, "")
    (tmp_path / "schema.json").write_text(shown.stdout)
    done = run("convert", tmp_path / "a.pth", tmp_path / "b.safetensors", "--schema", tmp_path / "schema.json")
    assert done.returncode == 0, done.stderr
    assert "not checked" not in done.stdout


def test_command(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.safetensors", Checkpoint({"conv.weight": np.ones((2, 3), np.float32)}))
    shown = run("inspect", tmp_path / "a.safetensors")
    assert (shown.returncode, shown.stderr) == (0, "")
    for part in ("conv.weight", "2x3", "float32", "24 bytes", "safetensors, 1 tensor,", "__metadata__.format"):
        assert part in shown.stdout
