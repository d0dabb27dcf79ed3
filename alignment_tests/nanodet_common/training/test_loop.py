"""What becomes of a run that is stopped, goes wrong or meets a full disk."""

import json
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alignment_tests.nanodet_common.training.fake import FakeBatches, FakeEngine, config, go_on, mean_weight, training
from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.checkpoint.tree import read_tree, same_tree
from jtmigrate.errors import UserError
from nanodet_common.errors import LoaderError
from nanodet_common.loader.batch import Batch
from nanodet_common.training.checkpoint import Position
from nanodet_common.training.divergence import GREATEST_LOSS, Diverged
from nanodet_common.training.engine import StepReport
from nanodet_common.training.loop import End
from nanodet_common.training.monitor import JsonLines
from nanodet_common.training.processes import OneProcess
from nanodet_common.training.run_folder import RunFolder

STEPS = 4 * 5
"""Of the whole fake run."""


class Disturbed(FakeEngine):
    """Does something else instead of reporting the step of this number, counted from 1."""

    def __init__(self, number: int, disturb: Any, name: str = "torch") -> None:
        super().__init__(name)
        self.number, self.disturb = number, disturb

    def step(self, batch: Batch, factor: float, *, epoch: int) -> StepReport:
        report = super().step(batch, factor, epoch=epoch)
        return self.disturb(self, report) if self.updates == self.number else report


def contents(folder: Path) -> dict[str, Any]:
    """What a run leaves behind, but for who wrote it and for its time."""
    results = json.loads((folder / "results.json").read_text())
    trees = {
        path.stem: read_tree(path).entries for path in folder.glob("*.*") if path.suffix in (".ckpt", ".pkl", ".pth")
    }
    for tree in trees.values():
        tree.pop("framework", None)
    return {"results": results, **trees}


@pytest.fixture
def undisturbed(tmp_path: Path) -> dict[str, Any]:
    """What the run leaves behind that nothing happened to."""
    assert training(tmp_path / "undisturbed").run() is End.FINISHED
    return contents(tmp_path / "undisturbed")


def test_finished_run_holds_the_last_average_the_best_one_and_all_validations(undisturbed: dict[str, Any]) -> None:
    results, last, best = undisturbed["results"], undisturbed["weights_last"], undisturbed["weights_best"]
    assert [one["epoch"] for one in results["validations"]] == [2, 4]
    assert results["finished"]
    assert results["steps"] == STEPS
    assert results["last"] == results["validations"][-1]
    assert results["best"] == max(results["validations"], key=lambda one: one["mAP"])
    assert np.array_equal(last["state_dict"]["w"], undisturbed["last"]["ema"]["w"])
    assert mean_weight(FakeWeights(best), lambda done: None)["mAP"] == results["best"]["mAP"]
    assert (undisturbed["last"]["epoch"], undisturbed["last"]["batch"], undisturbed["last"]["global_step"]) == (
        4,
        0,
        STEPS,
    )


class FakeWeights:
    """As much of an engine as the fake metric needs."""

    def __init__(self, entries: dict[str, Any]) -> None:
        self.average = entries["state_dict"]["w"]


@pytest.mark.parametrize("stop", range(1, STEPS + 1))
def test_stopped_after_any_step_it_ends_the_same(stop: int, tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    """Bit for bit, the last step of an epoch, with its validation still to come, among them."""
    assert training(tmp_path / "run", max_steps=stop).run() is End.STOPPED
    assert RunFolder(tmp_path / "run").newest()[1].position.step == stop
    assert go_on(tmp_path / "run").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "run"), undisturbed)


def test_from_one_framework_to_the_other_and_back(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    """The checkpoint that is furthest counts, whoever wrote it."""
    for number, name in enumerate(("torch", "jittor", "torch", "jittor"), start=1):
        go_on(tmp_path / "run", engine=FakeEngine(name), max_steps=3 * number).run()
    assert go_on(tmp_path / "run").run() is End.FINISHED
    left = contents(tmp_path / "run")
    assert same_tree(left["weights_last"], undisturbed["weights_last"])
    assert same_tree(read_tree(tmp_path / "run" / "last.ckpt").entries["ema"], undisturbed["last"]["ema"])


def test_a_finished_run_that_goes_on_stays_as_it_is(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    assert go_on(tmp_path / "undisturbed").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "undisturbed"), undisturbed)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_finishes_the_step_and_saves(
    number: int, tmp_path: Path, undisturbed: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def press(engine: FakeEngine, report: StepReport) -> StepReport:
        os.kill(os.getpid(), number)
        return report

    before = signal.getsignal(number)
    assert training(tmp_path / "run", engine=Disturbed(7, press)).run() is End.INTERRUPTED
    assert signal.getsignal(number) == before
    assert capsys.readouterr().err == "interrupted: finishing the step and saving; once more to stop at once\n"
    assert RunFolder(tmp_path / "run").newest()[1].position == Position(epoch=1, batch=2, step=7)
    assert go_on(tmp_path / "run").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "run"), undisturbed)


def test_ctrl_c_twice_ends_it_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def press_twice(engine: FakeEngine, report: StepReport) -> StepReport:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("still running")

    with pytest.raises(KeyboardInterrupt):
        training(tmp_path, engine=Disturbed(7, press_twice)).run()
    told = capsys.readouterr().err.splitlines()
    assert told[1:] == ["stopped at once: everything since the last checkpoint is lost"]


def test_ctrl_c_in_a_validation(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    """The validation is given up and made up for."""

    def press(engine: FakeEngine, progress: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        progress(1)
        raise AssertionError("still validating")

    assert training(tmp_path / "run", validate=press).run() is End.INTERRUPTED
    assert RunFolder(tmp_path / "run").newest()[1].position == Position(epoch=1, batch=5, step=10)
    assert go_on(tmp_path / "run").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "run"), undisturbed)


@pytest.mark.parametrize(
    ("losses", "grad_norm", "reason"),
    [
        ({"loss": float("nan")}, 1.0, "loss is nan"),
        ({"loss": 1.0, "aux_loss_qfl": float("inf")}, 1.0, "aux_loss_qfl is inf"),
        ({"loss": 1.0}, float("nan"), "the norm of the gradients is nan"),
        ({"loss": 10 * GREATEST_LOSS}, 1.0, "loss is 1e+04, above 1000"),
    ],
)
def test_useless_numbers_end_the_run_and_leave_the_last_checkpoint(
    losses: dict[str, float], grad_norm: float, reason: str, tmp_path: Path
) -> None:
    engine = Disturbed(8, lambda engine, report: StepReport(losses, grad_norm))
    with pytest.raises(Diverged) as told:
        training(tmp_path, engine=engine).run()
    assert str(told.value) == (
        f"{reason} in step 8 (epoch 2): the last good checkpoint is {tmp_path / 'last.ckpt'}; "
        "its images: 1-2-0.jpg, 1-2-1.jpg"
    )
    assert RunFolder(tmp_path).newest()[1].position == Position(epoch=1, batch=0, step=5)


def test_weights_that_are_not_finite_never_reach_the_checkpoint(tmp_path: Path) -> None:
    """A step's loss belongs to the weights before it."""

    def spoil(engine: FakeEngine, report: StepReport) -> StepReport:
        engine.momentum[3] = np.inf
        return report

    with pytest.raises(Diverged, match=r"^optimizer\.state\.0\.momentum_buffer is not finite after step 10: the last"):
        training(tmp_path, engine=Disturbed(10, spoil)).run()
    assert RunFolder(tmp_path).newest()[1].position.step == 5


def test_diverged_before_any_checkpoint(tmp_path: Path) -> None:
    engine = Disturbed(1, lambda engine, report: StepReport({"loss": float("nan")}, 1.0))
    with pytest.raises(Diverged, match=r"loss is nan in step 1 \(epoch 1\): no checkpoint has been written yet"):
        training(tmp_path, engine=engine).run()


@contextmanager
def full_disk() -> Iterator[None]:
    """Files cannot become larger than 1,000 bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_loses_nothing_that_was_saved(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    training(tmp_path / "run", max_steps=7).run()
    saved = (tmp_path / "run" / "last.ckpt").read_bytes()
    with full_disk(), pytest.raises(UserError, match=r"last\.ckpt: cannot be written: File too large; make room"):
        go_on(tmp_path / "run").run()
    assert (tmp_path / "run" / "last.ckpt").read_bytes() == saved
    assert not list((tmp_path / "run").glob(".*.tmp"))
    assert go_on(tmp_path / "run").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "run"), undisturbed)


def test_a_batch_that_cannot_be_prepared_loses_no_step(tmp_path: Path, undisturbed: dict[str, Any]) -> None:
    class Broken(FakeBatches):
        def epoch(self, number: int, *, start: int = 0) -> Iterator[Batch]:
            for index, batch in enumerate(super().epoch(number, start=start), start=start):
                if (number, index) == (1, 3):
                    raise LoaderError("a worker died")
                yield batch

    with pytest.raises(LoaderError, match="a worker died"):
        training(tmp_path / "run", batches=Broken()).run()
    assert RunFolder(tmp_path / "run").newest()[1].position == Position(epoch=1, batch=3, step=8)
    assert go_on(tmp_path / "run").run() is End.FINISHED
    assert same_tree(contents(tmp_path / "run"), undisturbed)


def test_checkpoints_between_and_at_the_ends_of_epochs(tmp_path: Path) -> None:
    saved = []

    class Noting(RunFolder):
        def save(self, state: Any) -> None:
            saved.append(state.position)

    tmp_path.joinpath("run").mkdir()
    training(tmp_path / "run", folder=Noting(tmp_path / "run"), checkpoint_every=3, config=config(epochs=2)).run()
    # After steps 3, 6, 9; after the first epoch; before the validation at the end of the second, and after it.
    assert saved == [(0, 3, 3), (1, 0, 5), (1, 1, 6), (1, 4, 9), (1, 5, 10), (2, 0, 10)]


def test_only_the_first_of_several_processes_writes(tmp_path: Path) -> None:
    engine = FakeEngine()
    engine.processes = OneProcess(rank=1, size=2)
    assert training(tmp_path, engine=engine).run() is End.FINISHED
    assert list(tmp_path.iterdir()) == []


def test_weights_can_be_read_by_every_command(tmp_path: Path) -> None:
    training(tmp_path).run()
    assert list(read_checkpoint(tmp_path / "weights_last.pth").tensors) == ["w"]


def test_log_goes_on_after_the_checkpoints_step(tmp_path: Path) -> None:
    """What was told of steps that are done again goes, and so does half a line."""
    log = tmp_path / "log.jsonl"
    for stop in (7, None):
        found = RunFolder(tmp_path).newest()
        step = found[1].position.step if found else 0
        monitor = JsonLines(log, step=step)
        monitor.start({"step": step})
        go_on(tmp_path, monitors=[monitor], max_steps=stop).run()
        monitor.close()
        if stop:
            log.write_bytes(log.read_bytes() + b'{"kind": "train", "step": 8}\n{"kind": "tra')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["step"] for line in lines if line["kind"] == "train"] == list(range(1, STEPS + 1))
    assert [line["step"] for line in lines if line["kind"] == "validation"] == [10, 20]
