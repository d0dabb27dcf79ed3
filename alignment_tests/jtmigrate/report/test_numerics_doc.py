"""The worked example of docs/numerics.md, recomputed."""

import re
from pathlib import Path

import numpy as np

from jtmigrate.compare.result import DEFAULT_TOLERANCES, Quantity, Verdict
from jtmigrate.compare.verdict import BELOW_RESOLUTION, NEGLIGIBLE
from jtmigrate.report.numbers import limit, scientific

TEXT = (Path(__file__).parents[3] / "docs" / "numerics.md").read_text(encoding="utf-8")


def normalise(x: np.ndarray, *, two_pass: bool) -> np.ndarray:
    """Batch normalisation of NCHW without scale and shift, in the precision of `x`."""
    axes = (0, 2, 3)
    mean = x.mean(axes, keepdims=True)
    if two_pass:
        variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    else:
        variance = (x * x).mean(axes, keepdims=True) - mean * mean
    return (x - mean) / np.sqrt(variance + x.dtype.type(1e-5))


def scaled(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(np.float64) - b).max() / np.abs(a).max())


def test_the_three_numbers():
    a = np.array([0.5, -3.0, 1.25], np.float32)
    b = np.array([0.5, -2.99999928, 1.25000024], np.float32)
    assert f"**{scientific(scaled(a, b))}**" in TEXT
    assert round(np.abs(a - b).max() / np.spacing(np.float32(3))) == 3
    assert "**3 ULP**" in TEXT


def test_the_batch_normalisation_is_as_bad_as_told():
    x = (np.random.default_rng(0).standard_normal((8, 4, 16, 16)) + 30).astype(np.float32)
    reference, candidate = normalise(x, two_pass=True), normalise(x, two_pass=False)
    exact = normalise(x.astype(np.float64), two_pass=True)
    isolated, floor = scaled(reference, candidate), scaled(reference, exact)
    # Summation order is numpy's own affair: its size is what the page tells.
    assert 1e-5 < isolated < 1e-4
    assert isolated > 20 * floor
    assert scaled(exact, normalise(x.astype(np.float64), two_pass=False)) < 1e-9


def test_every_verdict_and_tolerance_is_explained():
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(verdict.value for verdict in Verdict)
    assert limit(DEFAULT_TOLERANCES.float32) in TEXT
    assert limit(DEFAULT_TOLERANCES.float64) in TEXT
    assert f"{limit(DEFAULT_TOLERANCES.floor_factor)} x the floor" in TEXT
    assert f"{DEFAULT_TOLERANCES.uncompared_share:.0%}".replace("%", " %") in TEXT


def test_every_quantity_and_rule_is_explained():
    table = TEXT[TEXT.index("| quantity |") : TEXT.index("### A gradient alone")]
    assert [quantity.value for quantity in Quantity if quantity.value not in table] == []
    assert limit(NEGLIGIBLE) in TEXT
    assert BELOW_RESOLUTION == 1e-6
    assert "smaller than a millionth" in TEXT
