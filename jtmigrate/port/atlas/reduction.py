"""Reductions and running sums."""

from jtmigrate.port.atlas.both import OPS, function, method, missing, parity
from jtmigrate.port.atlas.entry import Entry

_NOT_NAN = "select what is not NaN with x[jt.isnan(x).logical_not()] first"
_ONE_FLOAT = "on the CPU, float32 is added up in one float32: 6e-5 off for a loss of 340,000 elements"
_DIMS = "dim=None, keepdim=False"
_PAIRS = "max(dim) gives the values only, so that x.max(1)[0] is their first element"
_VARIANCE = "dim=None, unbiased=True, keepdim=False, *, correction=None"
_NORM = 'p="fro", dim=None, keepdim=False'

ENTRIES: tuple[Entry, ...] = (
    *parity("sum", f"{_DIMS}, *, dtype=None",
            differs=f"uint8 and int8 wrap: 300 ones add up to 44; {_ONE_FLOAT}"),
    *parity("mean", f"{_DIMS}, *, dtype=None",
            differs=f"x.mean(dim=(1, 2)) raises RuntimeError: it is dims then; {_ONE_FLOAT}, "
                    "in float64 the gradient is 5e-8 off"),
    *parity("prod", f"{_DIMS}, *, dtype=None"),
    *parity("max", _DIMS, differs=_PAIRS),
    *parity("min", _DIMS, differs=_PAIRS.replace("max", "min")),
    *parity("amax", "dim=(), keepdim=False", differs="equal largest elements each get the whole gradient"),
    *parity("amin", "dim=(), keepdim=False", differs="equal smallest elements each get the whole gradient"),
    *parity("aminmax", "*, dim=None, keepdim=False"),
    *parity("argmax", _DIMS, differs="the result is (index, value)"),
    *parity("argmin", _DIMS, differs="the result is (index, value)"),
    *parity("any", _DIMS, differs="Var.any has no keepdim"),
    *parity("all", _DIMS, differs="Var.all has no keepdim"),
    *parity("count_nonzero", "dim=None"),
    *parity("var", _VARIANCE, differs="Var.var() divides by n, not by n - 1"),
    *parity("std", _VARIANCE, differs="Var.std() is 0.001 at least"),
    function("var_mean", f"input, {_VARIANCE}", f"{OPS}var_mean", by_place=("input",)),
    function("std_mean", f"input, {_VARIANCE}", f"{OPS}std_mean", by_place=("input",)),
    function("norm", f"input, {_NORM}, out=None, dtype=None", f"{OPS}norm", by_place=("input",),
             only={"out": (None,), "dtype": (None,)}, advice="cast before or afterwards",
             differs="jt.norm takes the norm along the last dimension unless it is told another"),
    method("norm", f"{_NORM}, dtype=None", f"{OPS}norm", only={"dtype": (None,)}, advice="cast before or afterwards",
           differs="Var.norm() takes the norm along the last dimension, not of the whole tensor"),
    *parity("logsumexp", "dim, keepdim=False", differs="infinite from 89 on in float32"),
    *parity("cumsum", "dim, *, dtype=None", differs="cumsum(-2) raises AssertionError"),
    *parity("cumprod", "dim, *, dtype=None", differs="NaN after a negative number: it is exp of a sum of logarithms"),
    *parity("logcumsumexp", "dim"),
    *parity("nansum", _DIMS),
    *parity("nanmean", _DIMS),
    *missing("cummax", "dim", "loop over the slices of dim with ops.maximum"),
    *missing("cummin", "dim", "loop over the slices of dim with ops.minimum"),
    *missing("nanmedian", "dim=None, keepdim=False", _NOT_NAN),
    *missing("nanquantile", "q, dim=None, keepdim=False", _NOT_NAN),
)  # fmt: skip
