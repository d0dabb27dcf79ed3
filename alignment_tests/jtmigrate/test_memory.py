"""A conversion holds a piece of one tensor, however large the file is."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.runtime.memory import peak_mb

ROOT = Path(__file__).resolve().parents[2]
MEGABYTES = 100
"""Less than half of the file. A piece is 1 MB; what is measured is below 10 MB."""

RUNNER = """
import sys
from jtmigrate.convert import convert
from jtmigrate.runtime.memory import peak_mb

before = peak_mb()
assert convert(*sys.argv[1:])
print(peak_mb() - before)
"""


@pytest.mark.slow
def test_256_megabytes_around_all_formats(tmp_path: Path) -> None:
    if not peak_mb():
        pytest.skip("the system does not tell peak memory as Linux does")
    big = np.random.default_rng(0).standard_normal(32 << 20, np.float32)
    path = tmp_path / "0.pth"
    write_checkpoint(path, Checkpoint({"a": big[: 20 << 20], "b": big[20 << 20 :], "c": big.reshape(2, -1)}))
    for number, suffix in enumerate((".pkl", ".safetensors", ".npz", ".pth"), start=1):
        target = tmp_path / f"{number}{suffix}"
        script = [sys.executable, "-c", RUNNER, str(path), str(target)]
        run = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert run.returncode == 0, run.stderr
        assert float(run.stdout) < MEGABYTES, suffix
        path.unlink()
        path = target
