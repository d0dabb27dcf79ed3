"""`infer` on pictures, folders and videos."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from alignment_tests.nanodet_common import hand_made

LOW = ("--score-threshold", "0.05")


def detections(out: Path) -> dict:
    return json.loads((out / "detections.json").read_text())


def write_movie(path: Path, frames: int = 5) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 12.5, (128, 96))
    for number in range(frames):
        writer.write(hand_made.picture((128, 96), number))
    writer.release()
    return path


@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_a_picture(call, material, tmp_path, framework):
    path = tmp_path / "one.jpg"
    cv2.imwrite(str(path), hand_made.picture((120, 80), seed=3))
    out = tmp_path / "out"
    classes = ["--classes", ",".join(hand_made.NAMES)]
    done = call(framework, "infer", path, "--out", out, *material.model, *classes, *LOW)
    assert done.code == 0, done.err
    (found,) = detections(out)["files"]
    assert (found["width"], found["height"]) == (120, 80)
    scores = [one["score"] for one in found["detections"]]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0.05
    assert {one["class"] for one in found["detections"]} <= set(hand_made.NAMES)
    for one in found["detections"]:
        x1, y1, x2, y2 = one["box"]
        assert 0 <= x1 <= x2 <= 120
        assert 0 <= y1 <= y2 <= 80
    drawn, original = cv2.imread(found["drawn"]), cv2.imread(str(path))
    assert drawn.shape == original.shape
    assert (drawn != original).any()


def test_a_folder_with_pictures_of_every_size_and_something_broken(call, material, tmp_path):
    folder = tmp_path / "pictures"
    (folder / "deep").mkdir(parents=True)
    for number, size in enumerate([(1, 1), (8000, 6000), (40, 300)]):
        cv2.imwrite(str(folder / "deep" / f"{number}.jpg"), hand_made.picture(size, number))
    (folder / "broken.jpg").write_text("no picture")
    (folder / "notes.txt").write_text("not looked at")
    out = folder / "found"
    done = call("torch", "infer", folder, "--out", out, *material.model)
    assert done.code == 0, done.err
    assert "problem:" in done.out
    assert "broken.jpg" in done.out
    assert "3 of 4 files" in done.out
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.jpg")) == [
        *("deep/0.jpg", "deep/1.jpg", "deep/2.jpg"),
    ]
    again = call("torch", "infer", folder, "--out", out, *material.model)
    assert "3 of 4 files" in again.out, "results are not looked at"
    done = call("torch", "infer", folder, "--out", out, *material.model, "--on-problem", "fail")
    assert done.code == 2
    assert "broken.jpg: not an image" in done.err


def test_a_video(call, material, tmp_path):
    movie, out = write_movie(tmp_path / "film.avi"), tmp_path / "out"
    done = call("torch", "infer", movie, "--out", out, *material.model, *LOW)
    assert done.code == 0, done.err
    (found,) = detections(out)["files"]
    assert found["frames_a_second"] == pytest.approx(12.5)
    assert found["frames_expected"] == 5
    assert detections(out)["problems"] == []
    assert [frame["seconds"] for frame in found["frames"]] == pytest.approx(list(np.arange(5) / 12.5))
    assert any(frame["detections"] for frame in found["frames"])
    capture = cv2.VideoCapture(found["drawn"])
    assert (capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FRAME_WIDTH)) == (5, 128)
    capture.release()
    assert not list(out.glob(".*"))


def test_a_video_that_breaks_off_is_a_problem_that_tells_how_far_it_goes(call, material, tmp_path):
    movie, out = write_movie(tmp_path / "film.avi", frames=40), tmp_path / "out"
    movie.write_bytes(movie.read_bytes()[: movie.stat().st_size // 2])
    done = call("torch", "infer", movie, "--out", out, *material.model)
    assert done.code == 0, done.err
    (found,) = detections(out)["files"]
    read = len(found["frames"])
    assert 10 < read < 30
    (problem,) = detections(out)["problems"]
    assert problem.endswith(f"film.avi: cut off or damaged: {read} of 40 frames can be read")
    assert problem in done.out
    done = call("torch", "infer", movie, "--out", tmp_path / "b", *material.model, "--on-problem", "fail")
    assert done.code == 2
    assert f"{read} of 40 frames" in done.err


def refused(folder: Path):
    """Sources, with a part of the complaint."""
    (folder / "empty").mkdir()
    (folder / "broken.mp4").write_text("no film")
    (folder / "text.jpg").write_text("no picture")
    for name in ("a", "b"):
        (folder / name).mkdir()
        cv2.imwrite(str(folder / name / "same.png"), np.zeros((4, 4, 3), np.uint8))
    yield ["none"], "none: no such file or folder"
    yield ["empty"], "no picture or video in this folder"
    yield ["broken.mp4"], "broken.mp4: not a video"
    yield ["text.jpg"], "text.jpg: not an image"
    yield ["a", "b"], "would both be kept as same.png"


def test_bad_input_is_one_line(call, material, tmp_path):
    for sources, complaint in refused(tmp_path):
        done = call("torch", "infer", *(tmp_path / one for one in sources), "--out", tmp_path / "out", *material.model)
        assert (done.code, done.out) == (2, ""), sources
        assert complaint in done.err, sources
        assert done.err.splitlines()[-1].startswith("error: ")
        assert not (tmp_path / "out").exists()
