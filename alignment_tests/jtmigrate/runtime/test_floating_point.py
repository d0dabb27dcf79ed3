import subprocess
import sys

import pytest

PROGRAM = """
import numpy, torch
from jtmigrate import runtime

def subnormal_survives():
    by_numpy = (numpy.full(4, 1e-40, numpy.float32) * numpy.float32(1)).min() > 0
    by_torch = (torch.full((4,), 1e-40) * 1).min().item() > 0
    assert by_numpy == by_torch
    return by_numpy

assert subnormal_survives()
runtime.prepare()
import jittor
for factor in (3.25, 4.5):
    (jittor.array([1.0, 2.0]) * factor).sum().item()
    runtime.restore_subnormals()
    assert subnormal_survives()
"""


@pytest.mark.slow
def test_subnormals_survive_jittor_kernels_once_restored():
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
