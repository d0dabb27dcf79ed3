"""`jtmigrate eval`: both frameworks in processes of their own, and what is refused before any of them starts."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alignment_tests.jtmigrate.in_process import play
from alignment_tests.nanodet_common import hand_made
from jtmigrate.cli import main
from jtmigrate.presets import nanodet_eval
from nanodet_common.record import Record


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that name a model of three classes, and the classes."""
    folder = tmp_path_factory.mktemp("model")
    config = hand_made.write_config(folder / "config.yml")
    weights = hand_made.write_weights(folder / "weights.pth", config)
    return ["--config", str(config), "--weights", str(weights), "--classes", ",".join(hand_made.NAMES)]


@pytest.fixture(scope="module")
def voc(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options that name a data set of eight images."""
    return ["--voc", str(hand_made.voc_set(tmp_path_factory.mktemp("data") / "voc")), "--split", "val"]


@pytest.fixture
def evaluate(monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Call `jtmigrate eval`; returns the exit code."""

    def evaluate(*arguments: object) -> int:
        monkeypatch.setattr(sys, "argv", ["jtmigrate", "eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main.main()
        return left.value.code

    return evaluate


@pytest.fixture
def cut_off(tmp_path: Path) -> list[str]:
    """Eight images, one of which is found broken only when it is decoded."""
    folder = hand_made.voc_set(tmp_path / "voc")
    path = folder / "JPEGImages" / "p5.jpg"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2 + 200])
    return ["--voc", str(folder), "--split", "val"]


@pytest.mark.slow
def test_both_frameworks_agree_and_leave_out_the_same(evaluate, model, cut_off, tmp_path, capfd):
    files = [tmp_path / "result.json", tmp_path / "page.html"]
    code = evaluate(*model, *cut_off, "--floor-images", "3", "--json", files[0], "--html", files[1])
    printed = capfd.readouterr().out
    assert code == 0, printed
    assert "In agreement" in printed
    result = json.loads(files[0].read_text())
    assert list(result["runs"]) == ["PyTorch", "Jittor"]
    agreement = result["agreement"]
    assert agreement["agreed"]
    assert agreement["images"] == 7
    assert [problem["kind"] for problem in result["dataset"]["problems"]] == ["broken image"]
    assert agreement["detections"]["reference"] > 0
    assert 2**-22 <= agreement["floor"]["score"] < 1e-4
    for image in result["images"].values():
        assert image["PyTorch"]["input"] == image["Jittor"]["input"]
    states = [run["facts"]["weights"]["state"] for run in result["runs"].values()]
    assert states[0] == states[1]
    assert "PyTorch and Jittor on 7 images" in files[1].read_text()


@pytest.mark.slow
def test_a_run_that_fails_is_told_once(evaluate, model, cut_off, capfd):
    """In the process of the first framework."""
    assert evaluate(*model, *cut_off, "--on-problem", "fail") == 2
    written = capfd.readouterr()
    assert written.out == ""
    assert "p5.jpg" in written.err
    assert written.err.splitlines()[-1] == "error: PyTorch ended with exit code 2; its own message stands above"
    assert "Traceback" not in written.err


# Faults: Jittor is played by torch, and what it found is changed.


def shifted(record: Record) -> Record:
    first = next(image for image, found in record.found.items() if len(found.scores))
    found = record.found[first]
    return replace(record, found={**record.found, first: found._replace(boxes=found.boxes + 2)})


def relabelled(record: Record) -> Record:
    first = next(image for image, found in record.found.items() if len(found.scores))
    found = record.found[first]
    return replace(record, found={**record.found, first: found._replace(labels=(found.labels + 1) % 3)})


def silent(record: Record) -> Record:
    nothing = {image: type(found)(*(part[:0] for part in found)) for image, found in record.found.items()}
    return replace(record, found=nothing)


def other_inputs(record: Record) -> Record:
    return replace(record, inputs=dict.fromkeys(record.inputs, "0" * 32))


def other_weights(record: Record) -> Record:
    weights = record.facts["weights"] | {"state": "0" * 64}
    return replace(record, facts={**record.facts, "weights": weights})


def nudged(record: Record) -> Record:
    """Within the tolerance of a score."""
    return replace(
        record,
        found={image: found._replace(scores=found.scores + np.float32(4e-6)) for image, found in record.found.items()},
    )


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (lambda record: record, 0, "In agreement"),
        (nudged, 0, "In agreement"),
        (shifted, 1, "not explained by a close decision"),
        (relabelled, 1, "not explained by a close decision"),
        (silent, 1, "not explained by a close decision"),
        (other_inputs, 1, "The inputs of 8 images differ: p0.jpg, p1.jpg, p2.jpg."),
        (other_weights, 1, "The two models do not hold the same weights."),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_fault_is_found(evaluate, model, voc, capsys, monkeypatch, fault, code, words):
    play(monkeypatch, fault)
    assert evaluate(*model, *voc, "--workers", "0", "--floor-images", "2") == code
    assert words in capsys.readouterr().out


def test_the_floor_is_measured_on_images_from_all_over_the_set():
    assert nanodet_eval.spread_out(list(range(10, 110)), 3) == [10, 59, 109]
    assert nanodet_eval.spread_out([4, 7], 16) == [4, 7]


def refused(model, voc, folder):
    """Command lines with a part of the complaint."""
    yield [*model], "no data set, or two"
    yield [*model, *voc[:2], "--split", "train"], "train"
    yield [*model, *voc, "--framework", "mxnet"], "mxnet"
    yield [*model[:2], "--weights", folder / "none.pth", *model[4:], *voc], "none.pth: no such file"
    yield [*model[:2], "--weights", folder / "model.onnx", *model[4:], *voc], "evaluate it with --framework onnx"
    yield [*model[:2], *model[2:4], *voc], "classes have no names"
    yield [*model, *voc, "--num-classes", "20"], "head has 3 classes, but --num-classes says 20"


def test_bad_input_is_told_before_anything_starts(evaluate, model, voc, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(nanodet_eval, "_start", None)
    for arguments, complaint in refused(model, voc, tmp_path):
        assert evaluate(*arguments) == 2
        written = capfd.readouterr()
        assert complaint in written.err
        assert written.out == ""


@pytest.mark.parametrize("missing", ["torch", "jittor"])
def test_a_framework_that_is_not_installed(evaluate, model, voc, capfd, monkeypatch, missing):
    monkeypatch.setattr(nanodet_eval, "find_spec", lambda name: None if name == missing else True)
    assert evaluate(*model, *voc) == 2
    assert capfd.readouterr().err == f"error: {missing} is not installed: pip install 'jtmigrate[{missing}]'\n"
