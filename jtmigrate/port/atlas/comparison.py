"""Comparison and choice."""

from jtmigrate.port.atlas.both import OPS, both, function, method, parity
from jtmigrate.port.atlas.entry import Entry

_CLOSE = "other, rtol=1e-05, atol=1e-08, equal_nan=False"

ENTRIES: tuple[Entry, ...] = (
    *parity("eq", "other"),
    *both("ne", "other", jittor="not_equal", aliases=("not_equal",), differs="NaN != NaN is False"),
    *both("gt", "other", jittor="greater", aliases=("greater",), differs="NaN > 0 is True"),
    *both("lt", "other", jittor="less", aliases=("less",)),
    *both("ge", "other", jittor="greater_equal", aliases=("greater_equal",)),
    *both("le", "other", jittor="less_equal", aliases=("less_equal",)),
    *parity("equal", "other", differs="jt.equal compares element by element"),
    *parity("isclose", _CLOSE),
    *parity("allclose", _CLOSE),
    function("isin", "elements, test_elements, *, assume_unique=False, invert=False", f"{OPS}isin",
             ignored=("assume_unique",)),
    *both("isnan", differs="x != x, the usual test, is False for NaN"),
    *both("isinf"),
    *both("isfinite"),
    *both("isposinf"),
    *both("isneginf"),
    *parity("maximum", "other", differs="where both are equal the second gets the whole gradient; PyTorch halves it"),
    *parity("minimum", "other", differs="where both are equal the second gets the whole gradient; PyTorch halves it"),
    function("where", "condition, input=None, other=None", f"{OPS}where", by_place=("condition", "input", "other")),
    method("where", "condition, other", f"{OPS}where_method"),
    *parity("masked_fill", "mask, value"),
)  # fmt: skip
