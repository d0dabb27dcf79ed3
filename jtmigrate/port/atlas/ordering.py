"""Sorting, ranking and counting."""

from jtmigrate.port.atlas.both import OPS, function, method, missing, parity
from jtmigrate.port.atlas.entry import Entry

_UNSTABLE = "equal elements come out in another order, with stable=True too"
_UNIQUE = "sorted=True, return_inverse=False, return_counts=False, dim=None"
_CONSECUTIVE = "return_inverse=False, return_counts=False, dim=None"
_FLAT = {"dim": (None,)}
_SEARCH = "out_int32=False, right=False"

ENTRIES: tuple[Entry, ...] = (
    *parity("sort", "dim=-1, descending=False, stable=False", differs=_UNSTABLE),
    *parity("argsort", "dim=-1, descending=False, stable=False", differs=f"the result is (index, value); {_UNSTABLE}"),
    *parity("topk", "k, dim=-1, largest=True, sorted=True",
            differs="more than there are gives fewer instead of an error; equal elements come out in another order"),
    *parity("kthvalue", "k, dim=-1, keepdim=False"),
    *parity("msort"),
    *parity("median", "dim=None, keepdim=False", differs="median(1) has another shape, and no indices"),
    *parity("mode", "dim=-1, keepdim=False"),
    *parity("quantile", "q, dim=None, keepdim=False, *, interpolation='linear'", only={"interpolation": ("linear",)},
            advice="only linear interpolation is here"),
    function("unique", f"input, {_UNIQUE}", f"{OPS}unique", by_place=("input",),
             differs="jt.unique compiles eleven kernels at its first call, half a minute"),
    method("unique", _UNIQUE, f"{OPS}unique"),
    function("unique_consecutive", f"input, {_CONSECUTIVE}", f"{OPS}unique_consecutive", by_place=("input",),
             only=_FLAT, advice="only of a tensor read flat"),
    method("unique_consecutive", _CONSECUTIVE, f"{OPS}unique_consecutive", only=_FLAT,
           advice="only of a tensor read flat"),
    function("searchsorted", f"sorted_sequence, input, *, {_SEARCH}, side=None, sorter=None", f"{OPS}searchsorted",
             by_place=("sorted_sequence", "input"), ignored=("out_int32",), only={"sorter": (None,)},
             advice="sort the sequence first"),
    function("bucketize", f"input, boundaries, *, {_SEARCH}", f"{OPS}bucketize", by_place=("input",),
             ignored=("out_int32",)),
    *parity("bincount", "weights=None, minlength=0"),
    *parity("histc", "bins=100, min=0, max=0"),
    *parity("nonzero", "*, as_tuple=False"),
    *missing("argwhere", "", "ops.nonzero(x)"),
    function("histogram", "*args, **kwargs", None, advice="ops.histc, or numpy.histogram of x.numpy()",
             untested="there is no counterpart"),
)  # fmt: skip
