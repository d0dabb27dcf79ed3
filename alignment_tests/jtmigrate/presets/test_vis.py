"""`make vis`: both sheets hold every picture that was asked for."""

import sys

import cv2
import pytest

from alignment_tests.jtmigrate.in_process import play
from alignment_tests.nanodet_common import hand_made
from jtmigrate.cli.main import run
from jtmigrate.presets import vis


def draw(monkeypatch, tmp_path, sizes, *options) -> int:
    """Exit code of a call on a data set of pictures of these sizes; 0 where there is none."""
    config = hand_made.write_config(tmp_path / "config.yml")
    weights = hand_made.write_weights(tmp_path / "weights.pth", config)
    model = ["--config", config, "--weights", weights, "--classes", ",".join(hand_made.NAMES)]
    data = ["--voc", hand_made.voc_set(tmp_path / "voc", sizes), "--split", "val", "--out", tmp_path / "out"]
    monkeypatch.setattr(sys, "argv", ["vis", *map(str, [*model, *data, *options])])
    play(monkeypatch, lambda record: record)
    with pytest.raises(SystemExit) as left:
        run(vis.app)
    return left.value.code


def test_both_sheets(monkeypatch, tmp_path):
    """Eight pictures in rows of four, and in rows of two pairs, each side 360 pixels."""
    assert draw(monkeypatch, tmp_path, hand_made.SIZES) == 0
    batch, found = (cv2.imread(str(tmp_path / "out" / name)) for name in ("batch.png", "detections.png"))
    assert 4 * 360 <= batch.shape[1] < 4 * 400
    assert 2 * 360 <= batch.shape[0] < 3 * 360
    assert found.shape[1] <= 4 * 400
    assert (found != 255).any()


def test_fewer_pictures_than_asked_for(monkeypatch, tmp_path):
    assert draw(monkeypatch, tmp_path, hand_made.SIZES[:3], "--count", "8") == 0


def test_no_pictures(monkeypatch, tmp_path, capsys):
    assert draw(monkeypatch, tmp_path, []) == 2
    assert capsys.readouterr().err == "error: nothing to draw: the data set has no images\n"
    assert not (tmp_path / "out").exists()
