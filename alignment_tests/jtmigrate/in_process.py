"""Lets torch, in the calling process, play every framework's own program for `jtmigrate.presets.nanodet_eval`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from jtmigrate.presets import nanodet_eval
from nanodet_common.command_line.application import application
from nanodet_common.engine import from_checkpoint
from nanodet_common.record import Record, read_record, write_record
from nanodet_ref_torch.engine import Engine


def play(monkeypatch: pytest.MonkeyPatch, fault: Callable[[Record], Record]) -> None:
    """From now on no process is started, and `fault` changes the record of what stands in for Jittor."""

    def start(program: nanodet_eval.Program, command: str, arguments: Sequence[str]) -> None:
        app = application(program.name, program.module, from_checkpoint(Engine))
        app([command, *arguments], standalone_mode=False)
        if program is nanodet_eval.JITTOR:
            path = Path(arguments[arguments.index("--record") + 1])
            write_record(path, fault(read_record(path)))

    monkeypatch.setattr(nanodet_eval, "_start", start)
