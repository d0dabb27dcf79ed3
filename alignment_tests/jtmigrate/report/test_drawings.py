"""Histogram, heat map and drift."""

import math
import re
from dataclasses import replace

import pytest

from jtmigrate.compare.result import DriftPoint, FaultMap
from jtmigrate.report.drift_plot import draw_drift
from jtmigrate.report.heat_map import draw_heat_map
from jtmigrate.report.histogram import draw_histogram


def test_the_histogram_counts_every_layer_once(aligned):
    drawing = draw_histogram(aligned.layers)
    for situation in ("isolated", "propagated", "float64"):
        counts = re.findall(f'class="bar {situation}".*?<title>(\\d+) of (\\d+)', drawing)
        assert sum(int(count) for count, _ in counts) == len(aligned.layers)
        assert {int(total) for _, total in counts} == {len(aligned.layers)}


def test_the_histogram_of_odd_errors(make):
    layers = [
        make.layer(str(at), at, error, propagated=None) for at, error in enumerate((0.0, math.inf, math.nan, 1e-300))
    ]
    drawing = draw_histogram(layers)
    assert "nan" not in drawing
    assert len(re.findall('class="bar isolated"', drawing)) == 3
    assert draw_histogram([]) == ""
    assert draw_histogram([make.layer("zero", 0, 0.0)]) != ""


def fault_map(errors, **changes):
    facts = {"what": "output", "shape": (len(errors), len(errors[0])), "plane": "", "axes": ("y", "x")}
    return FaultMap(rows=len(errors), columns=len(errors[0]), errors=errors, **{**facts, **changes})


def areas(drawing):
    """Cells drawn, by level: each cell of a 2 x 3 map is a sixth of the drawing."""
    paths = re.findall(r'class="heat level-(\d)" d="([^"]*)"', drawing)
    return {int(level): sum(float(width) for width in re.findall(r"h([\d.]+)v", path)) for level, path in paths}


def test_levels_of_the_heat_map_are_powers_of_ten_below_the_largest():
    drawn = draw_heat_map(fault_map(((0.5, 0.2, 0.03), (0.0, 1e-9, 0.0))))
    sizes = areas(drawn.drawing)
    assert set(sizes) == {0, 1, 5}
    assert sizes[0] == pytest.approx(2 * sizes[1], abs=0.2)  # drawn to a tenth
    assert [words for _, words in drawn.key] == ["0.1 and more", "0.01 and more", "below 1e-5", "no error"]


def test_infinite_errors_are_the_worst_level():
    assert set(areas(draw_heat_map(fault_map(((math.inf, 1e-3),))).drawing)) == {0}
    assert set(areas(draw_heat_map(fault_map(((math.inf, math.inf),))).drawing)) == {0}


def test_the_caption_tells_what_is_seen(stuck):
    drawn = draw_heat_map(replace(stuck.fault_map, plane="item 0, channel 3", rows=200))
    assert drawn.caption.startswith("gradient of weight 24x2, item 0, channel 3: 200 x 2 (output channel by weight)")
    assert "each cell the largest of several" in drawn.caption


def test_drift_is_drawn_with_its_numbers():
    points = [DriftPoint(0, 0.0, 1e-8, "fc.weight"), DriftPoint(1, math.inf, math.nan, "<b>")]
    drawing = draw_drift(points, height=300)
    assert drawing.count('class="column still"') == 2
    assert "fc.weight" in drawing
    assert "<b>" not in drawing
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", drawing)]
    assert len(heights) == 4
    assert all(0 <= y <= 300 for y in heights)
    assert draw_drift([]) == ""
