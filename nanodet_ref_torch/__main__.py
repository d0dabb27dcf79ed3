"""`python -m nanodet_ref_torch`: train, evaluate, run and export the detector in PyTorch."""

from contextlib import AbstractContextManager

from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application, later
from nanodet_common.engine import from_checkpoint
from nanodet_common.training.processes import Processes


def main() -> None:
    """The program; what a command needs of PyTorch is imported in it, so that `run` can say if it is missing."""
    load = from_checkpoint(later("nanodet_ref_torch.engine", "Engine"))
    export = later("nanodet_ref_torch.export", "export")
    trainer = later("nanodet_ref_torch.engine", "Trainer")
    application("PyTorch", "nanodet_ref_torch", load, export, trainer, join)()


def join() -> AbstractContextManager[Processes]:
    """The processes that work together, which every command asks for first."""
    return later("nanodet_ref_torch.processes", "join")()


if __name__ == "__main__":
    run(main)
