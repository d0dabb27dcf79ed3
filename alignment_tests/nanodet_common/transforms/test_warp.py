"""The warp against the mathematics of the original, written down point by point instead of as matrices."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nanodet_common.config import PipelineConfig
from nanodet_common.transforms.warp import Warp, draw_warp, warp_matrix

NORMALIZE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
SIZE = (500, 281)


def number(low, high):
    return st.floats(low, high, allow_nan=False)


WARPS = st.builds(
    Warp,
    perspective=st.tuples(number(-5e-4, 5e-4), number(-5e-4, 5e-4)),
    scale=number(0.4, 2),
    stretch=st.tuples(number(0.5, 1.5), number(0.5, 1.5)),
    rotation=number(-180, 180),
    shear=st.tuples(number(-40, 40), number(-40, 40)),
    flip=st.booleans(),
    translate=st.tuples(number(0.2, 0.8), number(0.2, 0.8)),
)


def moved(warp, size, x, y):
    """Where the original takes a point: centred, divided, scaled, stretched, turned, sheared, flipped, translated."""
    width, height = size
    x, y = x - width / 2, y - height / 2
    divisor = 1 + warp.perspective[0] * x + warp.perspective[1] * y
    x, y = x / divisor, y / divisor
    x, y = x * warp.scale, y * warp.scale
    x, y = x * warp.stretch[0], y * warp.stretch[1]
    sine, cosine = math.sin(warp.rotation * math.pi / 180), math.cos(warp.rotation * math.pi / 180)
    x, y = cosine * x + sine * y, cosine * y - sine * x
    x, y = x + math.tan(warp.shear[0] * math.pi / 180) * y, y + math.tan(warp.shear[1] * math.pi / 180) * x
    x = -x if warp.flip else x
    return x + warp.translate[0] * width, y + warp.translate[1] * height


def by_matrix(matrix, x, y):
    moved_x, moved_y, divisor = matrix @ [x, y, 1]
    return moved_x / divisor, moved_y / divisor


@given(WARPS, number(0, 500), number(0, 281))
def test_matrix_moves_points_as_the_original_does(warp, x, y):
    # Rounding of float64: coordinates reach some thousands, perspective divides by no less than 0.8.
    expected = moved(warp, SIZE, x, y)
    np.testing.assert_allclose(by_matrix(warp_matrix(warp, SIZE), x, y), expected, rtol=1e-9, atol=1e-8)


def test_without_a_draw_nothing_moves():
    np.testing.assert_array_equal(warp_matrix(Warp(), (499, 281)), np.eye(3))


def test_flip_is_about_the_middle():
    assert by_matrix(warp_matrix(Warp(flip=True), SIZE), 0, 7) == (500, 7)


def test_rotation_is_counter_clockwise_as_seen():
    x, y = by_matrix(warp_matrix(Warp(rotation=90), (200, 200)), 200, 100)
    np.testing.assert_allclose((x, y), (100, 0), atol=1e-9)


def test_neutral_configuration_draws_a_warp_that_moves_nothing():
    warp = draw_warp(PipelineConfig(normalize=NORMALIZE), np.random.default_rng(0))
    assert warp == Warp()


def test_draws_fill_their_ranges():
    pipeline = PipelineConfig(
        perspective=0.001,
        scale=(0.6, 1.4),
        stretch=((0.8, 1.2), (0.5, 0.9)),
        rotation=30,
        shear=12,
        translate=0.2,
        flip=0.25,
        normalize=NORMALIZE,
    )
    random = np.random.default_rng(0)
    warps = [draw_warp(pipeline, random) for _ in range(4000)]
    drawn = np.array([[*w.perspective, w.scale, *w.stretch, w.rotation, *w.shear, *w.translate] for w in warps])
    low = np.array([-0.001, -0.001, 0.6, 0.8, 0.5, -30, -12, -12, 0.3, 0.3])
    high = np.array([0.001, 0.001, 1.4, 1.2, 0.9, 30, 12, 12, 0.7, 0.7])
    assert (drawn >= low).all()
    assert (drawn <= high).all()
    # Of 4,000 even draws, the mean lies within 5 of its standard deviations: 5 / sqrt(12 * 4000) = 2.3 % of the range.
    assert (abs(drawn.mean(axis=0) - (low + high) / 2) < 0.023 * (high - low)).all()
    assert (drawn.max(axis=0) - drawn.min(axis=0) > 0.99 * (high - low)).all()
    # Independent of one another: correlations of 4,000 pairs are below 5 / sqrt(4000) = 0.08.
    assert abs(np.corrcoef(drawn.T) - np.eye(10)).max() < 0.08
    assert abs(np.mean([warp.flip for warp in warps]) - 0.25) < 0.035


@pytest.mark.parametrize(("probability", "expected"), [(0, False), (1, True)])
def test_flip_never_and_always(probability, expected):
    pipeline = PipelineConfig(flip=probability, normalize=NORMALIZE)
    assert {draw_warp(pipeline, np.random.default_rng(seed)).flip for seed in range(50)} == {expected}


def test_range_written_backwards_is_the_same_range():
    pipeline = PipelineConfig(scale=(1.4, 0.6), normalize=NORMALIZE)
    assert 0.6 <= draw_warp(pipeline, np.random.default_rng(0)).scale <= 1.4
