"""`python -m nanodet_jittor`: train, evaluate, run and export the detector in Jittor."""

from jtmigrate import runtime
from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application
from nanodet_common.engine import from_checkpoint


def main() -> None:
    """The program; imports Jittor, so that `run` can say in one line that it is missing."""
    from nanodet_jittor.engine import Engine, Trainer
    from nanodet_jittor.export import export
    from nanodet_jittor.processes import join

    application("Jittor", "nanodet_jittor", from_checkpoint(Engine), export, Trainer, join)()


if __name__ == "__main__":
    with runtime.ending_together():
        run(main)
