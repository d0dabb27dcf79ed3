from pathlib import Path

import numpy as np
import pytest

from nanodet_common.config import load_config
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.drawing import GAP, TITLE_HEIGHT, class_color
from nanodet_common.loader.stack import stack
from nanodet_common.postprocess import Detections
from nanodet_common.transforms.pipeline import validation_sample
from nanodet_common.vis import batch_sheet, comparison_sheet, visible

DATA = load_config("nanodet-plus-m_320").data
NAMES = ("cat", "dog")
NOTHING = Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


def record(name="a.jpg", size=(100, 100)):
    flags = np.zeros(1, bool)
    return ImageRecord(1, Path(name), size, np.float32([[20, 40, 80, 90]]), np.int64([1]), flags, flags)


def grey(height=100, width=100):
    return np.full((height, width, 3), 128, np.uint8)


def found(box, score=0.9):
    return Detections(np.float32([box]), np.float32([score]), np.int64([1]))


def test_normalisation_is_undone():
    pixels = np.random.default_rng(0).integers(0, 256, (320, 320, 3), np.uint8)
    sample = validation_sample(pixels, record(size=(320, 320)), DATA.val)
    np.testing.assert_array_equal(visible(sample.image, DATA.val.pipeline), pixels)


def test_values_beyond_the_range_are_cut_off():
    image = np.full((3, 4, 5), 9, np.float32)
    image[:, 0] = -9
    picture = visible(image, DATA.val.pipeline)
    assert (picture[0] == 0).all()
    assert (picture[1:] == 255).all()


@pytest.mark.parametrize(("count", "columns", "cells"), [(1, 4, (1, 1)), (5, 4, (4, 2)), (4, 2, (2, 2))])
def test_batch_sheet_has_a_cell_an_image(count, columns, cells):
    batch = stack([validation_sample(grey(), record(), DATA.val) for _ in range(count)])
    sheet = batch_sheet(batch, DATA.val.pipeline, NAMES, columns=columns, side=160)
    width, height = cells
    assert sheet.shape == (height * (TITLE_HEIGHT + 160 + GAP) - GAP, width * (160 + GAP) - GAP, 3)


def test_objects_are_drawn_where_they_are():
    batch = stack([validation_sample(grey(), record(), DATA.val)])
    sheet = batch_sheet(batch, DATA.val.pipeline, NAMES, side=200)[TITLE_HEIGHT:]
    assert tuple(sheet[130, 40]) == tuple(sheet[130, 160]) == tuple(sheet[180, 100]) == class_color(1)
    assert tuple(sheet[130, 100]) == (128, 128, 128)


def test_comparison_sheet_puts_the_first_framework_left():
    sheet = comparison_sheet(
        [grey()], ["a.jpg"], {"PyTorch": [found([20, 40, 80, 90])], "Jittor": [NOTHING]}, NAMES, side=200
    )
    left, right = sheet[2 * TITLE_HEIGHT :, :200], sheet[2 * TITLE_HEIGHT :, 200 + GAP :]
    assert tuple(left[130, 40]) == class_color(1)
    assert (right == 128).all()


def test_weak_detections_are_neither_drawn_nor_counted():
    weak = {"PyTorch": [found([20, 40, 80, 90], 0.29)], "Jittor": [NOTHING]}
    none = {"PyTorch": [NOTHING], "Jittor": [NOTHING]}
    sheets = [comparison_sheet([grey()], ["a.jpg"], detections, NAMES) for detections in (weak, none)]
    np.testing.assert_array_equal(*sheets)


def test_pictures_of_any_shape_and_names_of_any_length():
    pictures = [grey(1, 1), grey(3000, 20), grey(20, 3000), grey(600, 800)]
    nothing = {"PyTorch": [NOTHING] * 4, "Jittor": [NOTHING] * 4}
    sheet = comparison_sheet(pictures, ["a very long name " * 20, "", "ü.jpg", "a.jpg"], nothing, NAMES)
    assert 700 < sheet.shape[1] < 1500


def test_pictures_are_left_alone():
    picture = grey(50, 50)
    detections = found([5, 5, 40, 40])
    comparison_sheet([picture], ["a.jpg"], {"PyTorch": [detections], "Jittor": [detections]}, NAMES)
    assert (picture == 128).all()
    assert detections.boxes.tolist() == [[5, 5, 40, 40]]
