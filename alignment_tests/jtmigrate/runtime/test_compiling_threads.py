"""The threads that compile kernels take turns at Jittor's graph.

Without that, a first step of a detector ended in a segmentation fault of such a thread now and then: too rarely for a
test that waits for one.
"""

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import ctypes, sys
from pathlib import Path
from jtmigrate.runtime import compiling_threads, import_of_jittor
"""
HOOK = """
core = ctypes.CDLL(sys.modules["jittor_core"].__file__)
hook = ctypes.c_void_p.in_dll(core, compiling_threads.HOOK).value
"""
# Convolutions in groups, all of one input: each has its own kernel, into which a routine of oneDNN is put.
KERNELS = """
folder = Path({folder!r})
for name in ("jit", "obj_files"):
    (folder / name).mkdir(parents=True)
jt.flags.cache_path = str(folder)
image, weight = jt.ones((1, 4, 12, 12)), jt.ones((4, 2, 3, 3))
jt.sync([image, weight])
convolved = [jt.nn.conv2d(image, weight, None, stride, pad, groups=2) for stride in (1, 2, 3) for pad in (0, 1, 2)]
jt.sync(convolved)
print(*(int(one.shape[2]) for one in convolved), *(float(one.max()) for one in convolved))
print(len(list((folder / "jit").glob("*.so"))))
"""


def run(program: str) -> list[str]:
    """The lines that a process prints."""
    done = subprocess.run([sys.executable, "-c", START + program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_import_sees_to_it_once():
    program = f"""
with import_of_jittor():
    import jittor as jt
{HOOK}
first = hook
compiling_threads.take_turns_at_compiling()
{HOOK}
print(first is not None, hook == first, jt.flags.use_parallel_op_compiler > 1)
"""
    assert run(program) == ["True True True"]


def test_one_thread_where_it_cannot_be_compiled():
    program = f"""
compiling_threads.compiled = lambda *_: False
compiling_threads.folder_for = lambda *_: Path("/nowhere")
with import_of_jittor():
    import jittor as jt
{HOOK}
print(hook, jt.flags.use_parallel_op_compiler)
"""
    assert run(program) == ["None 0"]


@pytest.mark.slow
def test_kernels_of_several_threads_compute_what_they_should(tmp_path: Path):
    program = "with import_of_jittor():\n    import jittor as jt\n" + KERNELS.format(folder=str(tmp_path / "cache"))
    numbers, kernels = run(program)
    assert numbers.split() == [*["10", "12", "14", "5", "6", "7", "4", "4", "5"], *["18.0"] * 9]
    assert int(kernels) >= 9
