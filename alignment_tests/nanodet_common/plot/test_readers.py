"""Every kind of log tells the same of a run, whatever is wrong with some of its lines."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alignment_tests.nanodet_common.plot import logs
from nanodet_common.errors import InputError
from nanodet_common.plot.find import read_runs
from nanodet_common.plot.json_lines import read_json_lines
from nanodet_common.plot.lightning_csv import read_lightning_csv
from nanodet_common.plot.nanodet_text import read_nanodet_text
from nanodet_common.plot.run import Run
from nanodet_common.training.events import EventFile


def told(run: Run, name: str) -> list[tuple[float, float, float]]:
    """(step, epoch, value) of a series."""
    return [tuple(point) for point in np.stack(run.series[name], axis=1).tolist()]


def test_json_lines(tmp_path: Path) -> None:
    run = read_json_lines(logs.json_lines(tmp_path / "log.jsonl"), "a")
    assert run.damaged == 0
    assert told(run, "loss")[:4] == [(1, 1, 6), (2, 1, 5), (3, 1, 4), (4, 2, 3)]
    assert told(run, "mAP") == [(3, 1, 0.1), (6, 2, 0.2)]
    assert told(run, "validation seconds") == [(3, 1, 7), (6, 2, 7)]
    assert run.losses == ("loss", "loss_qfl", "aux_loss_qfl")
    assert "AP_small" not in run.series
    assert run.facts["framework"] == "jittor"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "null",
        "[1]",
        '{"kind": "other"}',
        '{"kind": "train"}',
        '{"kind": "train", "epoch": 1, "step": 2, "loss": "low"}',
        '{"kind": "train", "epoch": 1, "step": null, "loss": 2.0}',
        '{"kind": "train", "epoch": 1, "step": true, "loss": 2.0}',
        '{"kind": "train", "epoch": 1, "step": NaN, "loss": 2.0}',
        '{"kind": "train", "epoch": 1, "step": 2, "loss": 1' + "0" * 400 + "}",
        "[" * 100_000,
        "\0\0\0",
        "\N{SNOWMAN}",
    ],
)
def test_a_damaged_line_of_json_is_counted_and_nothing_else(tmp_path: Path, damage: str) -> None:
    path = logs.json_lines(tmp_path / "log.jsonl")
    whole = read_json_lines(path, "a")
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:4], damage, *lines[4:]]))
    run = read_json_lines(path, "a")
    assert run.damaged == 1
    assert all(told(run, name) == told(whole, name) for name in whole.series)


def test_depth_is_damage_whatever_limit_of_recursion_others_have_set(tmp_path: Path) -> None:
    """Importing Jittor sets it to a million."""
    path = logs.json_lines(tmp_path / "log.jsonl")
    with open(path, "a") as file:
        file.write('{"kind": "start", "a": ' + "[" * 2_000 + "]" * 2_000 + "}\n")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10**6)
    try:
        assert read_json_lines(path, "a").damaged == 1
    finally:
        sys.setrecursionlimit(before)


@given(st.binary(max_size=60), st.integers(0, 2000))
def test_no_bytes_in_a_log_stop_the_readers(tmp_path_factory: pytest.TempPathFactory, junk: bytes, place: int) -> None:
    folder = tmp_path_factory.mktemp("junk")
    contents = {
        "log.jsonl": logs.json_lines(folder / "log.jsonl").read_bytes(),
        "logs.txt": logs.NANODET.encode(),
        "metrics.csv": logs.LIGHTNING.encode(),
    }
    for name, reader in (
        ("log.jsonl", read_json_lines), ("logs.txt", read_nanodet_text), ("metrics.csv", read_lightning_csv),
    ):  # fmt: skip
        # A header that is gone is not a damaged line: Lightning's begins with some 60 bytes of it.
        at = 60 + place
        (folder / name).write_bytes(contents[name][:at] + junk + contents[name][at:])
        assert reader(folder / name, "a").series


def test_a_later_word_on_a_step_counts(tmp_path: Path) -> None:
    """As in the log of a run that was killed, resumed before its end, and did not clean its log up."""
    path = logs.json_lines(tmp_path / "log.jsonl")
    with open(path, "a") as file:
        for step in (5, 6, 7):
            file.write(json.dumps({"kind": "train", **logs.record(step, loss=50.0 + step)}) + "\n")
    run = read_json_lines(path, "a")
    assert [(step, value) for step, _, value in told(run, "loss")] == [
        (1, 6),
        (2, 5),
        (3, 4),
        (4, 3),
        (5, 55),
        (6, 56),
        (7, 57),
    ]


def test_original_nanodet(tmp_path: Path) -> None:
    path = tmp_path / "logs.txt"
    path.write_text(logs.NANODET)
    run = read_nanodet_text(path, "a")
    assert run.damaged == 0
    assert told(run, "loss")[:2] == [(1, 1, 6), (3, 1, 4)]
    assert np.isnan(run.series["loss"].values[2])
    assert told(run, "lr") == [(1, 1, 1e-3), (3, 1, 1e-3), (5, 2, 1e-4)]
    assert told(run, "mAP") == [(3, 1, 0.1), (6, 2, 0.2)]
    assert told(run, "AP50") == [(3, 1, 0.2), (6, 2, 0.4)]
    assert told(run, "AP_medium") == [(3, 1, 0.3), (6, 2, 0.5)]
    assert told(run, "memory_mb") == [(1, 1, 1200), (3, 1, 1200)]


@pytest.mark.parametrize(
    ("form", "step_is_known"), [("train|Epoch1/2|Iter{0}({1}/3)|", True), ("Train|Epoch1/2|Iter{0}({1})|", False)]
)
def test_older_nanodet(tmp_path: Path, form: str, step_is_known: bool) -> None:
    """In lower case, without memory, or without the number of batches; a validation's step is then unknown."""
    lines = [f"INFO: {form.format(step, step + 1)} lr:1.00e-03| loss_qfl:{step}.5| " for step in (0, 2)]
    path = tmp_path / "some.log"
    path.write_text("\n".join([*lines, "INFO: Val_metrics: {'mAP': 0.1}"]))
    (run,) = read_runs([path])
    assert run.damaged == 0
    assert told(run, "loss") == [(1, 1, 0.5), (3, 1, 2.5)]
    assert told(run, "lr") == [(1, 1, 1e-3), (3, 1, 1e-3)]
    assert run.series["mAP"].epochs.tolist() == [1]
    assert np.array_equal(run.series["mAP"].steps, [3 if step_is_known else np.nan], equal_nan=True)


@pytest.mark.parametrize(
    "damage",
    [
        "INFO: Train|Epoch1/2|Iter1(2/3)| mem:1.2G| lr:1.00e-03| loss_q",
        "INFO: Train|Epoch1/2|Iter1(2/3)|",
        "INFO: Train|Epoch1/2|It",
        "INFO: Train|Epoch1/2|Iter1(2/3)| mem:1.2G| lr:1.00e-03| loss_qfl:1.2.3| ",
        "INFO: Val_metrics: {'mAP': 0.1, 'AP_",
        "INFO: Val_metrics: {'mAP': __import__('os')}",
        "INFO: Val_metrics: [1]",
    ],
)
def test_a_damaged_line_of_nanodet_is_counted(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "logs.txt"
    path.write_text(logs.NANODET.replace("INFO: Setting up data...", damage))
    run = read_nanodet_text(path, "a")
    assert run.damaged == 1
    assert len(told(run, "lr")) == 3


def test_nanodet_as_a_terminal_shows_it(tmp_path: Path) -> None:
    path = tmp_path / "copied.log"
    path.write_text(logs.NANODET.replace("INFO:", "\x1b[32mINFO:\x1b[0m \x1b[37m"))
    (run,) = read_runs([path])
    assert len(told(run, "loss")) == 3


def test_lightning(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    path.write_text(logs.LIGHTNING + "1,0.0001\n1,x,5,1.0,,\n1,0.0001,,1.0,,\n")
    run = read_lightning_csv(path, "a")
    assert run.damaged == 3
    assert told(run, "loss") == [(1, 1, 6), (3, 1, 4), (6, 2, 1)]
    assert told(run, "lr") == [(1, 1, 1e-3), (3, 1, 1e-3), (6, 2, 1e-4)]
    assert told(run, "mAP") == [(3, 1, 0.1), (6, 2, 0.2)]
    assert told(run, "validation loss") == [(3, 1, 9), (6, 2, 8)]


def test_event_files_tell_what_the_json_lines_do(tmp_path: Path) -> None:
    """To float32, which is what they hold; where a run was resumed, only what came of it."""
    first = EventFile(tmp_path / "run", step=0)
    for step in range(1, 6):
        first.train(logs.record(step, loss=99.0))
    first.close()
    second = EventFile(tmp_path / "run", step=2)
    for step in range(3, logs.STEPS + 1):
        second.train(logs.record(step))
    second.validation(logs.validation(2))
    second.close()
    (run,) = read_runs([tmp_path / "run"])
    assert (run.name, run.damaged) == ("run", 0)
    assert told(run, "loss") == [(1, 1, 99), (2, 1, 99), (3, 1, 4), (4, 2, 3), (5, 2, 2), (6, 2, 1)]
    assert told(run, "mAP") == [(6, 2, pytest.approx(0.2, rel=1e-7))]
    assert told(run, "validation seconds") == [(6, 2, 7)]
    assert "batch" not in run.series


def test_folders_are_searched_and_runs_named_apart(tmp_path: Path) -> None:
    for name in ("a/torch", "b/torch", "b/jittor"):
        (tmp_path / name).mkdir(parents=True)
        logs.json_lines(tmp_path / name / "log.jsonl")
    assert [run.name for run in read_runs([tmp_path])] == ["a/torch", "b/jittor", "b/torch"]
    assert [run.name for run in read_runs([tmp_path / "b"])] == ["jittor", "torch"]
    assert [run.name for run in read_runs([tmp_path / "a", tmp_path / "a/torch/log.jsonl"])] == ["torch"]


def test_a_run_without_a_step_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Stopped before its first step, in a folder of runs; named itself, or alone, it is an error."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    logs.json_lines(tmp_path / "a" / "log.jsonl")
    empty = tmp_path / "b" / "log.jsonl"
    empty.write_text('{"kind": "start", "step": 0}\n')
    assert [run.name for run in read_runs([tmp_path])] == ["a"]
    assert capsys.readouterr().err == f"left out: {empty}: tells of no step and no validation\n"
    for paths in ([tmp_path / "b"], [tmp_path, empty]):
        with pytest.raises(InputError, match=r"b/log\.jsonl: tells of no step"):
            read_runs(paths)


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_runs([tmp_path / "nothing"])
    with pytest.raises(InputError, match=r"holds no log \(log.jsonl"):
        read_runs([tmp_path])
    for name, content, reason in (
        ("log.jsonl", "{\n", "tells of no step and no validation; 1 of its lines"),
        ("some.txt", "hello\n", "tells of no step"),
        ("metrics.csv", "a,b\n1,2\n", "it has no column step"),
        ("metrics.csv", "", "it has no column step"),
        ("picture.png", "\x89PNG", "no log of `train`"),
    ):
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match=reason):
            read_runs([tmp_path / name])
