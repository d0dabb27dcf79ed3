import os
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
{start}
for factor in (3.25, 4.5):
    (jittor.array([1.0, 2.0]) * factor).sum().item()
    {after}
    assert subnormal_survives()
"""
STOCK = "runtime.prepare(); import jittor"
SETTLED = """
with runtime.import_of_jittor():
    import jittor
assert subnormal_survives()
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "after"), [(STOCK, "runtime.restore_subnormals()"), (SETTLED, "")], ids=["stock", "settled"]
)
@pytest.mark.parametrize("threads", ["0", "16"])
def test_subnormals_survive_jittor_kernels(start: str, after: str, threads: str):
    """Once restored, and by themselves where kernels are loaded by our own function, whichever thread loads them."""
    program = PROGRAM.format(start=start, after=after)
    subprocess.run([sys.executable, "-c", program], env={**os.environ, "use_parallel_op_compiler": threads}, check=True)
