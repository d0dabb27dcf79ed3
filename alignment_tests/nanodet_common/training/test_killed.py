"""`kill -9` at any moment of a run: it goes on to the end of the run that was never killed."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from alignment_tests.nanodet_common.training.fake import FakeEngine, training
from alignment_tests.nanodet_common.training.killed import SIZE
from jtmigrate.checkpoint.tree import read_tree, same_tree

ROOT = Path(__file__).resolve().parents[3]
TIMES = 10


@pytest.mark.slow
@pytest.mark.parametrize(("name", "suffix"), [("torch", ".ckpt"), ("jittor", ".pkl")])
def test_killed_ten_times(name: str, suffix: str, tmp_path: Path) -> None:
    """Bit for bit. The run takes more than a second, its ten short lives together less, and much of it is writing."""
    training(tmp_path / "undisturbed", engine=FakeEngine(name, SIZE)).run()
    folder, generator = tmp_path / "run", random.Random(0)
    program = [sys.executable, "-m", "alignment_tests.nanodet_common.training.killed", str(folder), name]
    caught_writing = 0
    for life in range(TIMES + 1):
        with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout.readline() == b"ready\n"
            if life < TIMES:
                with pytest.raises(subprocess.TimeoutExpired):
                    process.wait(generator.uniform(0.0, 0.15))
                process.kill()
        caught_writing += bool(list(folder.glob(".*.tmp")))
    assert process.returncode == 0
    # Otherwise the kills came too early or too late to prove anything.
    assert caught_writing >= 2
    for file in (f"last{suffix}", f"weights_last{'.pkl' if name == 'jittor' else '.pth'}"):
        expected, found = read_tree(tmp_path / "undisturbed" / file), read_tree(folder / file)
        assert same_tree(found.entries, expected.entries), file
