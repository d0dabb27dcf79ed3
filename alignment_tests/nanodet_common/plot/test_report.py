"""Pictures, page, numbers and the command that makes them."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from alignment_tests import browser
from alignment_tests.nanodet_common.plot import logs
from nanodet_common import figures
from nanodet_common.plot import curves, report
from nanodet_common.plot.find import read_runs
from nanodet_common.plot.run import Run

needs_chromium = pytest.mark.skipif(browser.CHROMIUM is None, reason="needs Chromium")
NAMES = ["loss", "map", "learning_rate", "gradient_norm", "speed", "memory"]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, ...]:
    """One of JSON lines, one of the original's text; the name of the first would be a formula."""
    folder = tmp_path_factory.mktemp("runs")
    for name in ("jit$tor_$", "original"):
        (folder / name).mkdir()
    logs.json_lines(folder / "jit$tor_$" / "log.jsonl")
    (folder / "original" / "logs.txt").write_text(logs.NANODET)
    return read_runs([folder])


def pixels(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def has_color(picture: np.ndarray, color: str) -> bool:
    bgr = [int(color[place : place + 2], 16) for place in (5, 3, 1)]
    return bool((np.abs(picture.astype(int) - bgr).max(axis=2) < 12).any())


@pytest.mark.parametrize("width", [figures.WIDE, figures.NARROW])
def test_every_picture_shows_every_run_that_has_something_for_it(runs: tuple[Run, ...], width: float) -> None:
    drawn = {picture.name: pixels(picture.draw(runs, width=width)) for picture in curves.pictures(runs)}
    assert list(drawn) == NAMES
    for name, picture in drawn.items():
        assert picture.shape[1] == int(width * figures.DOTS_PER_INCH)
        assert has_color(picture, figures.COLORS[0]), name
        # Of its two lines, only the key's shows the second run where it has no such series.
        assert has_color(picture, figures.COLORS[1]), name


def test_a_picture_without_anything_to_draw_is_not_drawn(runs: tuple[Run, ...]) -> None:
    original = runs[1]
    assert [picture.name for picture in curves.pictures([original])] == ["loss", "map", "learning_rate", "memory"]
    only_map = Run("a", "", "", {"mAP": original.series["mAP"]})
    assert [picture.name for picture in curves.pictures([only_map])] == ["map"]


def test_marks_are_at_first_lowest_and_last(monkeypatch: pytest.MonkeyPatch, runs: tuple[Run, ...]) -> None:
    """The lowest loss of the second run comes before a NaN, which is no value."""
    seen = []
    monkeypatch.setattr(curves, "png", lambda figure: seen.append(figure) or b"")
    curves.losses(runs[:1])
    axis = seen[0].axes[0]
    marked = {line.get_marker(): line.get_xydata()[0].tolist() for line in axis.lines if line.get_marker() != "None"}
    assert marked == {"o": [1, 6], "v": [6, 1], "s": [6, 1]}
    assert [text.get_text() for text in axis.texts] == ["6", "1", "1"]
    curves.losses(runs[1:])
    marked = {
        line.get_marker(): line.get_xydata()[0].tolist()
        for line in seen[1].axes[0].lines
        if line.get_marker() != "None"
    }
    assert marked == {"o": [1, 6], "v": [3, 4], "s": [3, 4]}


def test_running_mean_leaves_out_what_is_not_finite() -> None:
    values = np.arange(100.0)
    values[50] = np.nan
    mean = curves.running_mean(values)
    assert (mean[0], mean[1], mean[99]) == (0, 0.5, 98.5)
    assert (mean[50], mean[51]) == (49, 51)
    assert np.isnan(curves.running_mean(np.array([np.nan, 1.0]))).tolist() == [True, False]


def test_twenty_runs_can_be_told_apart(runs: tuple[Run, ...]) -> None:
    strokes = [tuple(curves._stroke(index).items())[1:] for index in range(16)]
    assert len(set(strokes)) == 16
    assert curves.metrics(runs * 10)


def test_equal_numbers_give_equal_bytes(runs: tuple[Run, ...]) -> None:
    assert curves.metrics(runs) == curves.metrics(runs)


def test_folder_of_a_report(runs: tuple[Run, ...], tmp_path: Path) -> None:
    written = report.write_report(tmp_path / "out", runs, "Two runs")
    assert [path.name for path in written] == [*(f"{name}.png" for name in NAMES), "index.html", "statistics.json"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {path.name for path in written}
    told = json.loads((tmp_path / "out" / "statistics.json").read_text())
    assert told["jit$tor_$"]["series"]["loss"]["lowest"] == {"value": 1, "step": 6, "epoch": 2}
    assert told["jit$tor_$"]["stages"][1] == {"name": "0.0001", "first": 4, "last": 6}
    assert told["original"]["series"]["loss"]["not_finite"] == 1


def test_page_loads_nothing(runs: tuple[Run, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report, "drawn", lambda *_: {"wide": "data:,", "narrow": "data:,"})
    page = report.to_html("<Two>", runs, list(curves.pictures(runs)))
    assert "<h1>&lt;Two&gt;</h1>" in page
    assert "http:" not in page
    assert "https:" not in page
    assert "0.0001: steps 4 to 6" in page


@needs_chromium
def test_page_in_a_browser(runs: tuple[Run, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No error, nothing blocked, and a table that sorts by number."""
    monkeypatch.setattr(report, "drawn", lambda *_: {"wide": "data:,", "narrow": "data:,"})
    page = report.to_html("Two", runs, [])
    script = """
    const table = $("table");
    table.tHead.rows[0].cells[1].querySelector("button").click();
    return [...table.tBodies[0].rows].map((row) => row.cells[0].textContent);
    """
    order = browser.browse(tmp_path, page, script, width=1000)
    assert order[0] == "memory_mb"
    assert order[-1] == "lr"


def plot(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "jtmigrate.cli.main", "plot", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_command(tmp_path: Path) -> None:
    path = logs.json_lines(tmp_path / "log.jsonl")
    with open(path, "a") as file:
        file.write('{"kind": "tr')
    called = plot(path, "--out", tmp_path / "out")
    assert called.returncode == 0, called.stderr
    assert "damaged lines or records: 1" in called.stdout
    assert (tmp_path / "out" / "index.html").exists()
    called = plot(tmp_path / "none", "--out", tmp_path / "out")
    assert (called.returncode, called.stderr) == (2, f"error: {tmp_path}/none: does not exist\n")
