"""A program to be killed: the fake run in a folder, from its newest checkpoint, slowly enough to be hit anywhere."""

import sys
import time
from pathlib import Path

from alignment_tests.nanodet_common.training.fake import FakeEngine, go_on
from nanodet_common.loader.batch import Batch
from nanodet_common.training.engine import StepReport

SIZE = 1 << 19
"""Numbers, so that writing a checkpoint takes about as long as a step."""


class Slow(FakeEngine):
    """Waits in every step."""

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        time.sleep(0.05)
        return super().step(batch, factor, epoch=epoch)


if __name__ == "__main__":
    run = go_on(Path(sys.argv[1]), engine=Slow(sys.argv[2], SIZE), checkpoint_every=1)
    with run.folder.taken():
        print("ready", flush=True)
        run.run()
