"""Compiles Jittor's core, and the operators of `jtmigrate.parity`, in a process of its own, reporting progress."""

import re
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from jtmigrate.errors import UserError

# The product proves that operators compile and run too, not only that the import succeeds.
PROGRAM = """\
from jtmigrate import runtime
with runtime.import_of_jittor():
    import jittor
assert (jittor.ones((2, 2)) @ jittor.ones((2, 2))).sum().item() == 8
from jtmigrate.parity.kernels.ahead import compile_kernels
compile_kernels()
"""
PROGRESS = re.compile(r"Compiling (?P<target>\w+)\((?P<done>\d+)/(?P<total>\d+)\)")
STAGES = {"jittor_core": "Jittor's core", "gen_ops_mkl": "oneDNN operators", "Operators": "kernels"}
LINES_KEPT = 15


class Progress(NamedTuple):
    """`done` of `total` files of one stage are compiled."""

    stage: str
    done: int
    total: int


def compile_core(report: Callable[[Progress], None]) -> None:
    """Import Jittor in a new process and run some operators, which compiles what is not compiled yet.

    Takes seconds where everything is, minutes where nothing is. The environment has to be prepared
    (`jtmigrate.runtime.prepare`). Raises UserError with the end of Jittor's output where it fails.
    """
    command = [sys.executable, "-u", "-c", PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        last = deque(process_lines(process.stdout, report), maxlen=LINES_KEPT)
    if process.returncode:
        raise UserError("Jittor does not work here; its output ends:\n" + "\n".join(last))


def process_lines(lines: Iterable[str], report: Callable[[Progress], None]) -> Iterator[str]:
    """Hand progress lines to `report` and yield the others; Jittor ends the former with a carriage return."""
    for line in lines:
        if progress := parse_progress(line):
            report(progress)
        else:
            yield line.rstrip()


def parse_progress(line: str) -> Progress | None:
    """Read "Compiling jittor_core(7/150) used: 6.069s eta: 123.977s"; None for any other line."""
    found = PROGRESS.search(line)
    if found is None:
        return None
    target = found["target"]
    stage = next((name for prefix, name in STAGES.items() if target.startswith(prefix)), target)
    return Progress(stage, int(found["done"]), int(found["total"]))
