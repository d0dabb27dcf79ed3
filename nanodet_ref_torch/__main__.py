"""`python -m nanodet_ref_torch`: train, evaluate, run and export the detector in PyTorch."""

from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application
from nanodet_common.engine import from_checkpoint


def main() -> None:
    """The program; imports PyTorch, so that `run` can say in one line that it is missing."""
    from nanodet_ref_torch.engine import Engine, Trainer
    from nanodet_ref_torch.export import export
    from nanodet_ref_torch.processes import join

    application("PyTorch", "nanodet_ref_torch", from_checkpoint(Engine), export, Trainer, join)()


if __name__ == "__main__":
    run(main)
