"""The trainers of both frameworks in the real loop: their rates, and that an interruption leaves no trace."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

from alignment_tests.nanodet_common.training import real
from jtmigrate.checkpoint.tree import read_tree, same_tree
from nanodet_common.training.checkpoint import Position
from nanodet_common.training.loop import End
from nanodet_common.training.run_folder import RunFolder

ROOT = Path(__file__).resolve().parents[3]
SUFFIX = {"torch": ".ckpt", "jittor": ".pkl"}
KILLED_AFTER = (1, 4, 6)
"""Steps of a run of eight."""


@pytest.mark.slow
@pytest.mark.parametrize("frameworks", [("torch", "torch"), ("jittor", "jittor"), ("torch", "jittor")], ids="-".join)
def test_rates_of_the_recipe_of_fifty_epochs(frameworks: tuple[str, str], tmp_path: Path) -> None:
    """1e-3 in the epochs 1 to 30, 1e-4 to 45, 1e-5 to 50, with which the optimizer steps; resumed in 30, 45 and 50.

    Within 1e-12, the rounding of the product. One step is an epoch; the epochs between are skipped by setting the
    checkpoint's position (`test_schedule` has them all).
    """
    rates = []
    for (first, last), framework in zip(((0, 1), (29, 31), (44, 46), (49, 50)), cycle(frameworks), strict=False):
        skip_to(tmp_path, first)
        run = real.go_on(tmp_path, framework, real.recipe(), batches=1, max_steps=last)
        assert run.run() is End.STOPPED
        rates += run.engine.rates
    assert rates == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5], rel=1e-12)


def skip_to(folder: Path, epoch: int) -> None:
    """Make the checkpoint, if there is one, that of the beginning of this epoch."""
    if found := RunFolder(folder).newest():
        RunFolder(folder).save(replace(found[1], position=Position(epoch, 0, epoch)))


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_killed_it_ends_the_same(framework: str, tmp_path: Path) -> None:
    """`kill -9` in the middle of a few lives, then one to the end: the same bits as without."""
    lived(tmp_path / "undisturbed", framework, None)
    for step in KILLED_AFTER:
        lived(tmp_path / "killed", framework, step)
    lived(tmp_path / "killed", framework, None)
    expected, found = (
        read_tree(tmp_path / name / f"last{SUFFIX[framework]}").entries for name in ("undisturbed", "killed")
    )
    assert found["global_step"] == real.EPOCHS * real.BATCHES
    assert same_tree(found, expected)


def lived(folder: Path, framework: str, step: int | None) -> None:
    """Let a process work on the run, and kill it at a random moment after a step, in the next one or while it writes.

    step: None lets it come to the end.
    """
    log = folder.with_suffix(".log")
    program = [sys.executable, "-m", real.__name__, str(folder), framework]
    with log.open("ab") as file, subprocess.Popen(program, cwd=ROOT, stdout=file, stderr=file) as process:
        if step is not None:
            while steps_told(folder) < step:
                assert process.poll() is None, log.read_text()
                time.sleep(0.01)
            time.sleep(random.Random(step).uniform(0, 0.1))
            process.kill()
        process.wait()
    assert process.returncode == (0 if step is None else -signal.SIGKILL), log.read_text()


def steps_told(folder: Path) -> int:
    """How many steps the log tells of."""
    log = RunFolder(folder).log
    return log.read_text().count('"kind": "train"') if log.exists() else 0
