import math
import re

import pytest

from jtmigrate.compare.result import Tolerances
from jtmigrate.report.plot import draw_errors


def drawn(result, **size):
    return draw_errors(result.layers, result, **size)


def test_every_layer_has_a_column_that_tells_its_numbers(aligned):
    drawing = drawn(aligned)
    assert drawing.count('<rect class="column"') == len(aligned.layers)
    assert "backbone.maxpool (MaxPool2d): identical" in drawing


def test_series_floor_tolerance_parts_and_fault_are_drawn(failed):
    drawing = drawn(failed)
    for part in ("dots propagated", "dots isolated mismatch", "dots isolated inherited", "floor", "tolerance 1e-6"):
        assert part in drawing
    assert "first fault: backbone.maxpool" in drawing
    assert re.findall('class="part"[^>]*>([^<]*)<', drawing) == ["backbone", "fpn", "head"]


def test_what_is_not_finite_or_zero_stays_inside(make):
    layers = [make.layer("a", 0, 0.0), make.mismatch("b", 1, math.inf), make.mismatch("c", 2, math.nan)]
    drawing = drawn(make.result(layers), width=1000, height=400)
    heights = [float(y) for y in re.findall(r"M[\d.]+ ([\d.]+)h0", drawing)]
    assert heights
    assert all(0 <= y <= 400 for y in heights)


@pytest.mark.parametrize("tolerance", [0.0, 1e-30, 1e-6, 1e9])
def test_any_tolerance_can_be_drawn(make, tolerance):
    run = make.result([make.layer(isolated=0.0, floor=None)], tolerances=Tolerances(float32=tolerance))
    assert "tolerance" in drawn(run)


def test_names_are_escaped(make):
    drawing = drawn(make.result([make.mismatch('<b>"x"</b>', 0)]))
    assert "<b>" not in drawing


def test_nothing_measured_is_not_drawn(make):
    assert drawn(make.result([])) == ""
    assert drawn(make.result([make.layer(propagated=None, isolated=None)])) == ""
