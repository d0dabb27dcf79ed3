"""`kill -9` at random moments of real training runs: each goes on to the very weights of the run that was left alone.

    python -m alignment_tests.benchmarks.killed --voc VOCdevkit [--split 2007:test] [--framework torch] [--times 10]
        [--seed 0] [--out reports/training/killed.md]

The program is `python -m nanodet_... train` as anyone calls it, with its default interval between checkpoints, on the
small detector of the tests. Every other life ends while a checkpoint is being written, the rest after a random number
of steps. Exit code 0 if all final states have the same bits, 1 if not.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from alignment_tests import trainers
from alignment_tests.mutations.detector import SIZE
from jtmigrate.checkpoint.tree import read_tree, same_tree
from jtmigrate.files import write_text
from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.config import Config, load_config
from nanodet_common.training.run_folder import RunFolder

PACKAGES = {"torch": "nanodet_ref_torch", "jittor": "nanodet_jittor"}
EPOCHS, BATCH = 3, 4
LONGEST = 260
"""Steps of the longest life: more than there are between two checkpoints."""


class Life(NamedTuple):
    """A process that was killed: the step it went on from, the last one it told of, and whether it was writing."""

    begun: int
    told: int
    writing: bool


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--voc", type=Path, required=True, help="folder of VOC2007, VOC2012")
    parser.add_argument("--split", default="2007:test", help="YEAR:SPLIT to train on")
    parser.add_argument("--framework", choices=PACKAGES)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("reports/training/killed.md"))
    options = parser.parse_args()
    lines = ["# Killed ten times" if options.times == 10 else f"# Killed {options.times} times", ""]
    lines += ["`python -m alignment_tests.benchmarks.killed " + " ".join(sys.argv[1:]) + "`", ""]
    equal = True
    for framework in [options.framework] if options.framework else PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            lives, steps, same = measure(framework, Path(folder), options)
        equal &= same
        lines += [*_table(framework, lives, steps, same=same), ""]
        print("\n".join(_table(framework, lives, steps, same=same)), flush=True)
    write_text(options.out, "\n".join(lines))
    return 0 if equal else 1


def measure(framework: str, folder: Path, options: argparse.Namespace) -> tuple[list[Life], int, bool]:
    """The lives, the steps of a whole run, and whether the killed one ended as the other did."""
    config = folder / "small.yml"
    config.write_text(small().to_yaml())
    program = [
        *(sys.executable, "-m", PACKAGES[framework], "train", "--config", config, "--voc", options.voc),
        *("--train", options.split, "--holdout", "0", "--workers", "1", "--out"),
    ]
    chance = random.Random(options.seed)
    alone, killed = RunFolder(folder / "alone"), RunFolder(folder / "killed")
    with _started(program, alone):
        pass
    lives = []
    for number in range(options.times):
        steps, while_writing = chance.randint(1, LONGEST), number % 2 == 1
        lives.append(life(program, killed, 1 if while_writing else steps, while_writing=while_writing))
        print(f"{framework}, life {number + 1}: {lives[-1]}", flush=True)
    with _started(program, killed):
        pass
    states = [list(_final(each, framework)) for each in (alone, killed)]
    return lives, states[0][0]["global_step"], all(map(same_tree, *states))


def life(program: list[object], folder: RunFolder, steps: int, *, while_writing: bool) -> Life:
    """Let a process train so many steps, then kill it, or kill it in the next checkpoint that it writes."""
    newest = folder.newest() if folder.path.exists() else None
    begun = newest[1].position.step if newest else 0
    with _started(program, folder, killed=True) as process:
        _wait(process, lambda: _told(folder) >= begun + steps, seconds=0.02)
        if while_writing:
            _wait(process, lambda: any(folder.path.glob(".last.*.tmp")), seconds=0.0005)
        process.kill()
        process.wait()
        return Life(begun, _told(folder), any(folder.path.glob(".last.*.tmp")))


def small() -> Config:
    """A detector and a recipe in which an epoch is longer than the interval between checkpoints."""
    found = trainers.config(total_epochs=EPOCHS)
    published = load_config("nanodet-plus-m_320-voc", num_classes=len(VOC_CLASSES))
    head = found.model.arch.head.model_copy(update={"num_classes": len(VOC_CLASSES)})
    aux = found.model.arch.aux_head.model_copy(update={"num_classes": len(VOC_CLASSES)})
    arch = found.model.arch.model_copy(update={"head": head, "aux_head": aux})
    train = published.data.train.model_copy(update={"input_size": (SIZE, SIZE)})
    return found.model_copy(
        update={
            "model": found.model.model_copy(update={"arch": arch}),
            "data": published.data.model_copy(update={"train": train, "val": train}),
            "device": published.device.model_copy(update={"batchsize_per_gpu": BATCH}),
            "class_names": published.class_names,
        }
    )


@contextmanager
def _started(program: list[object], folder: RunFolder, *, killed: bool = False) -> Iterator[subprocess.Popen]:
    """A process, ended with the block. Raises RuntimeError with what it said if it did not end as expected."""
    log = folder.path.with_suffix(".log")
    command = [*map(str, program), str(folder.path), *(["--resume"] if folder.is_begun() else [])]
    with log.open("ab") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    yield process
    if process.wait() != (-signal.SIGKILL if killed else 0):
        raise RuntimeError(f"ended with {process.returncode}:\n{log.read_text()}")


def _wait(process: subprocess.Popen, condition: Callable[[], bool], seconds: float) -> None:
    """Until the condition holds, looked at every so many seconds, or the process has ended by itself."""
    while not condition() and process.poll() is None:
        time.sleep(seconds)


def _told(folder: RunFolder) -> int:
    """The last step that the log tells of."""
    whole = folder.log.read_text().split("\n")[:-1] if folder.log.exists() else []
    return json.loads(whole[-1]).get("step", 0) if whole else 0


def _final(folder: RunFolder, framework: str) -> Iterator[object]:
    for file in (folder.checkpoint(framework), folder.weights("last", framework)):
        yield read_tree(file).entries


def _table(framework: str, lives: list[Life], steps: int, *, same: bool) -> list[str]:
    return [
        f"## {PACKAGES[framework]}",
        "",
        f"{steps} steps; {sum(each.writing for each in lives)} of {len(lives)} lives ended while a checkpoint was "
        f"written. State and weights at the end: {'the same bits' if same else '**other bits**'} as without.",
        "",
        "| life | went on from step | killed after step | writing |",
        "| ---: | ---: | ---: | --- |",
        *(
            f"| {number} | {each.begun} | {each.told} | {'yes' if each.writing else 'no'} |"
            for number, each in enumerate(lives, 1)
        ),
    ]


if __name__ == "__main__":
    sys.exit(main())
