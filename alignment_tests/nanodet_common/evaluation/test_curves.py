import subprocess
import sys

import cv2
import numpy as np
import pytest

from alignment_tests.nanodet_common.evaluation.sets import random_case
from nanodet_common import figures
from nanodet_common.evaluation import curves
from nanodet_common.evaluation.agreement import compare_runs
from nanodet_common.evaluation.coco import coco_metrics


@pytest.fixture(scope="module")
def runs():
    images, found = random_case(0)
    worse = {image_id: one._replace(scores=one.scores[::-1].copy()) for image_id, one in found.items()}
    metrics = {"torch": coco_metrics(images, found), "jit$tor_": coco_metrics(images, worse)}
    return metrics, compare_runs(images, found, worse).pairs


def pixels(png: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)


def draw_all(runs, width):
    metrics, pairs = runs
    memory = {"torch": [(0.0, 700.0), (9.0, 720.0)]}
    return {
        "curves": curves.precision_recall(metrics, width),
        "bars": curves.class_bars(metrics, width),
        "distances": curves.distance_histograms(pairs, width),
        "scores": curves.score_scatter(pairs, width),
        "memory": curves.memory_curve(memory, width),
    }


@pytest.fixture(scope="module")
def drawn(runs):
    return {width: draw_all(runs, width) for width in (figures.WIDE, figures.NARROW)}


def test_every_picture_decodes_is_as_wide_as_asked_and_not_blank(drawn):
    for width, pictures in drawn.items():
        for name, png in pictures.items():
            picture = pixels(png)
            assert picture.shape[1] == int(width * figures.DOTS_PER_INCH), name
            assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20, name


def test_equal_numbers_give_equal_bytes(runs, drawn):
    assert draw_all(runs, figures.NARROW) == drawn[figures.NARROW]


def test_both_runs_are_in_the_bars(drawn):
    picture = pixels(drawn[figures.WIDE]["bars"])
    for color in figures.COLORS[:2]:
        blue_green_red = [int(color[start : start + 2], 16) for start in (5, 3, 1)]
        assert (picture == blue_green_red).all(axis=2).sum() > 1000


def test_one_run_and_equal_pairs(runs):
    metrics, pairs = runs
    one = {"torch": metrics["torch"]}
    assert pixels(curves.precision_recall(one)) is not None
    assert pixels(curves.class_bars(one)) is not None
    equal = pairs._replace(score=np.zeros(3), corner=np.zeros(3))
    assert pixels(curves.distance_histograms(equal)) is not None


def test_no_global_state_of_matplotlib_is_touched():
    """pyplot would choose a backend, and keep every figure until it is closed."""
    code = "import sys, nanodet_common.evaluation.curves; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
