"""`kill -9` at any moment of a conversion: the destination is the old file or the whole new one."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, read_checkpoint, write_checkpoint

ROOT = Path(__file__).resolve().parents[2]
TIMES = 50

LOOP = """
import sys
from jtmigrate.convert import convert
print("ready", flush=True)
while True:
    for source in sys.argv[1:3]:
        convert(source, sys.argv[3], prove=False)
"""


@pytest.mark.slow
def test_killed_fifty_times(tmp_path: Path) -> None:
    """Two files take turns in replacing the destination, about 20 times a second each, until the kill."""
    # Where Jittor is loaded, its handler ends this process as soon as a child of it is killed.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    versions = [np.full(1 << 20, number, np.float32) for number in range(2)]
    for number, version in enumerate(versions):
        write_checkpoint(tmp_path / f"{number}.pth", Checkpoint({"w": version}))
    target = tmp_path / "target.pkl"
    write_checkpoint(target, Checkpoint({"w": versions[0]}))
    arguments = [str(tmp_path / "0.pth"), str(tmp_path / "1.pth"), str(target)]
    interrupted = 0
    for attempt in range(TIMES):
        process = subprocess.Popen([sys.executable, "-c", LOOP, *arguments], cwd=ROOT, stdout=subprocess.PIPE)
        with process:
            assert process.stdout.readline() == b"ready\n"
            time.sleep(0.001 * attempt)
            process.kill()
        found = read_checkpoint(target).tensors
        assert any(np.array_equal(found["w"], version) for version in versions)
        unfinished = list(tmp_path.glob(".target.pkl.*.tmp"))
        interrupted += bool(unfinished)
        for path in unfinished:
            path.unlink()
    # Otherwise the kills came too early or too late to prove anything.
    assert interrupted >= TIMES // 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.pth", "1.pth", "target.pkl"]
