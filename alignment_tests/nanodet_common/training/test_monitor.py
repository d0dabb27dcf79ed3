"""What a run tells while it is under way."""

import io
import json
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from alignment_tests.nanodet_common.plot import logs
from alignment_tests.nanodet_common.training.fake import config, training
from jtmigrate.errors import UserError
from nanodet_common.plot.find import read_runs
from nanodet_common.training.console import ConsoleMonitor
from nanodet_common.training.events import EventFile
from nanodet_common.training.loop import End
from nanodet_common.training.monitor import JsonLines


def console(**options: object) -> Console:
    return Console(file=io.StringIO(), highlight=False, soft_wrap=True, markup=False, **options)


def test_all_monitors_hear_the_same_of_a_real_loop(tmp_path: Path) -> None:
    run = training(tmp_path / "run")
    screen = console(width=200)
    run.monitors = [
        JsonLines(run.folder.log, step=0),
        EventFile(run.folder.events, step=0),
        ConsoleMonitor(20, 4, step=0, interval=5, console=screen),
    ]
    assert run.run() is End.FINISHED
    for monitor in run.monitors:
        monitor.close()
    (told,), (shown,) = read_runs([run.folder.log]), read_runs([run.folder.events])
    assert told.series.keys() == shown.series.keys()
    for name, series in told.series.items():
        assert series.steps.tolist() == shown.series[name].steps.tolist()
        assert series.values == pytest.approx(shown.series[name].values, rel=1e-6), "float32"
    lines = screen.file.getvalue().splitlines()
    assert [line.split(",")[1].strip() for line in lines if line.startswith("epoch")] == [
        "step 5/20", "step 10/20", "step 15/20", "step 20/20",
    ]  # fmt: skip
    assert sum(line.startswith("validation after epoch") for line in lines) == 2


def test_log_that_is_gone_on_with_repeats_no_step(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for begin, end in ((0, 5), (3, 7)):
        log = JsonLines(path, step=begin)
        for step in range(begin + 1, end + 1):
            log.train(logs.record(step))
        log.close()
        with open(path, "a") as file:
            file.write('{"kind": "train", "st')
    log = JsonLines(path, step=7)
    log.close()
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2, 3, 4, 5, 6, 7]


def test_line_shows_loss_rate_speed_memory_and_what_remains() -> None:
    screen = console(width=200)
    monitor = ConsoleMonitor(6, 2, step=0, interval=2, console=screen)
    # The first step of a process compiles; it must not count towards what remains.
    for step, seconds in ((1, 500.0), (2, 2.0), (3, 2.0), (4, 2.0)):
        monitor.train(logs.record(step, seconds=seconds))
    monitor.validation(logs.validation(1))
    first, second, third = screen.file.getvalue().splitlines()
    assert first == "epoch 1/2, step 2/6, loss 5.0000, lr 1.00e-03, 4.0 images/s, 1,002 MB, 0:00:08 left"
    assert second.endswith("0:00:04 left")
    assert third == "validation after epoch 1 (step 3): mAP 0.1000, AP50 0.2000, AP_small -; 7 s"


def test_bar_on_a_terminal() -> None:
    screen = console(width=140, force_terminal=True)
    monitor = ConsoleMonitor(6, 2, step=0, interval=100, console=screen)
    for step in range(1, 4):
        monitor.train(logs.record(step))
    monitor.validation(logs.validation(1))
    monitor.close()
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.file.getvalue())
    assert "step 3/6, loss 4.0000, lr 1.00e-03, 4.0 images/s, 1,003 MB, 0:00:06 left" in shown
    assert "validation after epoch 1" in shown


def test_monitor_of_a_run_knows_its_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = training(tmp_path / "run", config=config(epochs=4), max_steps=7)
    ConsoleMonitor.of(run).train(logs.record(7))
    assert "epoch 3/4, step 7/7," in capsys.readouterr().err


def test_events_that_cannot_be_written_are_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"cannot write to .*file/events"):
        EventFile(tmp_path / "file" / "events", step=0)


def test_a_log_that_cannot_be_opened_is_a_users_error(tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").mkdir()
    with pytest.raises(UserError, match=r"cannot write to .*log\.jsonl: Is a directory"):
        JsonLines(tmp_path / "log.jsonl", step=0)


@pytest.mark.parametrize("kind", [JsonLines, EventFile])
def test_a_record_is_written_whole_or_not_at_all(tmp_path: Path, kind: type) -> None:
    """On a disk that becomes full in the middle of one."""
    monitor = kind(tmp_path / "log", step=0)
    file = monitor._file.name
    monitor.train(logs.record(1))
    whole = Path(file).read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(whole) + 20, limits[1]))
    try:
        with pytest.raises(UserError, match="cannot be written: File too large; make room, then go on with --resume"):
            monitor.train(logs.record(2))
        assert Path(file).read_bytes() == whole
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    monitor.train(logs.record(3))
    monitor.close()
    (run,) = read_runs([Path(file)])
    assert (run.damaged, run.series["loss"].steps.tolist()) == (0, [1, 3])


def test_monitors_bring_no_framework() -> None:
    """Where Jittor computes, PyTorch must not come in behind its back, as TensorBoard's packages would bring it."""
    code = (
        "import sys, nanodet_common.training.console, nanodet_common.training.events, nanodet_common.plot.find;"
        "sys.exit(bool({'torch', 'jittor', 'tensorboardX'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
