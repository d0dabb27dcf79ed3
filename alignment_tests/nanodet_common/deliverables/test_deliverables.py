"""The table of both frameworks, and the folder around it."""

import json
from pathlib import Path
from typing import Any

import pytest

from alignment_tests.nanodet_common.plot import logs
from nanodet_common.deliverables import folder as deliverables
from nanodet_common.deliverables.folder import Contents, write_folder
from nanodet_common.deliverables.table import comparison, read_evaluation, read_training, to_list, to_markdown
from nanodet_common.errors import InputError


@pytest.fixture
def jittor(tmp_path: Path) -> Path:
    """A run's folder."""
    path = tmp_path / "runs" / "jittor"
    path.mkdir(parents=True)
    logs.json_lines(path / "log.jsonl")
    (path / "weights_last.pkl").write_bytes(bytes(2_500_000))
    (path / "config.yml").write_text("model: {}\n")
    return path


@pytest.fixture
def evaluation(tmp_path: Path) -> Path:
    """A result of PyTorch alone."""
    path = tmp_path / "result.json"
    run = {
        "coco": {"values": {"mAP": 0.4, "AP50": None}},
        "images_per_second": 20.0,
        "memory": [{"seconds": 1.0, "mb": 500.0}, {"seconds": 2.0, "mb": 700.0}],
    }
    path.write_text(json.dumps({"runs": {"PyTorch": run}}))
    return path


@pytest.fixture
def _without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take ten seconds, and have tests of their own."""
    monkeypatch.setattr(deliverables, "write_report", lambda folder, *_: folder.mkdir())


def test_every_cell_is_from_a_file_or_not_measured(jittor: Path, evaluation: Path) -> None:
    training = read_training(jittor, "Jittor")
    rows = comparison({"Jittor": training}, read_evaluation(evaluation), evaluation)
    log, weights, result = str(jittor / "log.jsonl"), str(jittor / "weights_last.pkl"), str(evaluation)
    values = {row.name: (tuple(row.cells["PyTorch"]), tuple(row.cells["Jittor"])) for row in rows}
    nothing = (None, None)
    assert values == {
        "mAP, end of training": (nothing, (0.2, log)),
        "AP50, end of training": (nothing, (0.4, log)),
        "mAP, best of training": (nothing, (0.2, log)),
        "mAP, evaluation": ((0.4, result), nothing),
        "AP50, evaluation": (nothing, nothing),
        "training, steps/s": (nothing, (0.5, log)),
        "training, images/s": (nothing, (4, log)),
        "training, memory, MB": (nothing, (1006, log)),
        "training, time, h": (nothing, ((6 * 2 + 2 * 7) / 3600, log)),
        "inference, images/s (FPS)": ((20, result), nothing),
        "inference, memory, MB": ((700, result), nothing),
        "model, MB": (nothing, (2.5, weights)),
    }
    table = to_markdown(rows)
    assert "| mAP, end of training | not measured | 0.2000 |" in table
    assert "| training, memory, MB | not measured | 1,006 |" in table
    assert to_list(rows)[0]["Jittor"] == {"value": 0.2, "source": log}


def test_nothing_at_all_is_a_table_of_nothing_measured() -> None:
    rows = comparison({}, None, None)
    assert all(cell == (None, None) for row in rows for cell in row.cells.values())


@pytest.mark.usefixtures("_without_pictures")
def test_folder_holds_what_there_is_and_names_what_is_missing(jittor: Path, tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    (reports / "alignment").mkdir(parents=True)
    (reports / "alignment" / "index.html").write_text("aligned")
    (reports / "notes.md").write_text("notes")
    trainings = {"Jittor": read_training(jittor, "Jittor")}
    contents = Contents(comparison(trainings, None, None), trainings, reports)
    out = tmp_path / "deliverables"
    for _ in range(2):
        write_folder(out, contents)
        files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
        assert files == {
            "README.md", "comparison.json", "notes.md", "alignment/index.html",
            "runs/Jittor/log.jsonl", "runs/Jittor/config.yml",
        }  # fmt: skip
    assert [path.name for path in tmp_path.glob(".*")] == []
    readme = (out / "README.md").read_text()
    assert "[alignment](alignment/index.html)" in readme
    assert "[notes](notes.md)" in readme
    assert "evaluation (make eval), pictures (make vis), training" in readme


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(InputError, match="was not made by this command"):
        write_folder(tmp_path / "mine", Contents((), {}, tmp_path))
    assert (tmp_path / "mine" / "thesis.tex").exists()


@pytest.mark.usefixtures("_without_pictures")
def test_a_failure_keeps_the_folder_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    write_folder(out, Contents((), {}, tmp_path / "reports"))
    before = (out / "README.md").read_text()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(deliverables, "_fill", full)
    with pytest.raises(InputError, match="No space left"):
        write_folder(out, Contents((), {}, tmp_path / "reports"))
    assert (out / "README.md").read_text() == before


def test_input_of_another_kind_is_refused(jittor: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="begun in jittor, and PyTorch's is asked for"):
        read_training(jittor, "PyTorch")
    (jittor.parent / "second").mkdir()
    logs.json_lines(jittor.parent / "second" / "log.jsonl")
    with pytest.raises(InputError, match="holds 2 runs"):
        read_training(jittor.parent, "Jittor")
    for content in ("[]", "{}", '{"runs": []}', '{"runs": {"ONNX": {}}}', '{"runs": {"Jittor": 1}}'):
        (tmp_path / "result.json").write_text(content)
        with pytest.raises(InputError, match="no result of `jtmigrate eval"):
            read_evaluation(tmp_path / "result.json")
    with pytest.raises(InputError, match="a run lacks 'coco'"):
        comparison({}, {"Jittor": {}}, tmp_path / "result.json")
