"""What compiling Jittor's kernels costs as jtmigrate does it, and as stock Jittor does.

    python -m alignment_tests.benchmarks.kernels

Each way compiles the same kernels into an empty folder, in a process of its own. CPU time is that of the
compilers; headers are compiled before it is taken, once for a cache.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = """
import os, sys
from pathlib import Path
from jtmigrate import runtime
if sys.argv[1] == "jtmigrate":
    with runtime.import_of_jittor():
        import jittor as jt
else:
    runtime.prepare()
    import jittor as jt
folder = Path(sys.argv[2])
for name in ("jit", "obj_files"):
    (folder / name).mkdir()
jt.flags.cache_path = str(folder)
before = os.times()
for rank in range(1, 7):
    x = jt.ones([2] * rank)
    jt.sync([(x * rank).tanh(), x.exp().sum(0), x.maximum(x.mean())])
after = os.times()
seconds = sum(after[2:4]) - sum(before[2:4])
files = [path for path in (folder / "jit").iterdir()]
kernels = sum(path.suffix == ".so" for path in files)
size = sum(path.stat().st_size for path in files) / 1e6
print(f"{sys.argv[1]:10} {kernels} kernels, {seconds:.1f} s of CPU time, {size:.1f} MB")
"""


def main() -> None:
    """The command line, which has no options."""
    for way in ("jtmigrate", "stock"):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-c", PROGRAM, way, str(Path(folder))]
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
        print(done.stdout.splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
