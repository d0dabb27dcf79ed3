"""The operators are right on processors with and without AVX, and touch no memory that is not theirs."""

import subprocess
from pathlib import Path

import pytest

from jtmigrate.parity.kernels.call import FOLDER

PROGRAM = Path(__file__).with_name("processors.cc")
FIRST = ("vectors", "pointwise", "depthwise", "pooling", "resizing")
"""What others use. The rest follows by name."""


def runs_here(option: str) -> bool:
    return option != "-mavx2" or "avx2" in Path("/proc/cpuinfo").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("processor", [("-msse2",), ("-mavx2", "-mfma"), ("-march=native",)])
def test_computes_the_same_everywhere(processor: tuple[str, ...], tmp_path: Path) -> None:
    """Built with the address sanitiser: memory that was handed out too short with eight lanes crashed nothing with
    sixteen."""
    if not runs_here(processor[0]):
        pytest.skip("this processor has no AVX2")
    others = {path.stem for path in FOLDER.glob("*.h")} - {*FIRST, "dense"}  # which is oneDNN's work
    names = [*FIRST, *sorted(others)]
    headers = [argument for name in names for argument in ("-include", FOLDER / f"{name}.h")]
    build = ["g++", "-std=c++14", "-Ofast", *processor, "-fopenmp", "-fsanitize=address", *headers]
    subprocess.run([*build, PROGRAM, "-o", tmp_path / "program"], check=True)
    ended = subprocess.run([tmp_path / "program"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
