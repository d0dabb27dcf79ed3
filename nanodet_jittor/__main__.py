"""`python -m nanodet_jittor`: train, evaluate, run and export the detector in Jittor."""

from contextlib import AbstractContextManager
from importlib import import_module

from jtmigrate import runtime
from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application, later
from nanodet_common.engine import from_checkpoint
from nanodet_common.training.processes import Processes


def main() -> None:
    """The program; what a command needs of Jittor is imported in it, so that `run` can say if it is missing."""
    load = from_checkpoint(later("nanodet_jittor.engine", "Engine"))
    export = later("nanodet_jittor.export", "export")
    trainer = later("nanodet_jittor.engine", "Trainer")
    application("Jittor", "nanodet_jittor", load, export, trainer, join)()


def join() -> AbstractContextManager[Processes]:
    """The processes that work together, which every command asks for first."""
    import_module("jtmigrate.parity")  # imports Jittor as jtmigrate.runtime prepares it
    return later("nanodet_jittor.processes", "join")()


if __name__ == "__main__":
    with runtime.ending_together():
        run(main)
