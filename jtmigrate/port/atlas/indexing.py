"""Taking and placing elements by index."""

from jtmigrate.port.atlas.both import missing, parity
from jtmigrate.port.atlas.entry import Entry

_UNCHECKED = "an index that is out of range reads foreign memory on a CPU"

ENTRIES: tuple[Entry, ...] = (
    *parity("gather", "dim, index, *, sparse_grad=False", ignored=("sparse_grad",), differs=_UNCHECKED),
    *parity("take_along_dim", "indices, dim=None", differs=_UNCHECKED),
    *parity("take", "index", differs=_UNCHECKED),
    *parity("index_select", "dim, index", differs="Var.index_select(1, index) selects from a new dimension"),
    *parity("masked_select", "mask"),
    *parity("scatter", "dim, index, src, *, reduce=None", differs="a number in the place of src fails"),
    *parity("scatter_add", "dim, index, src"),
    *parity("index_add", "dim, index, source, *, alpha=1"),
    *parity("index_copy", "dim, index, source"),
    *parity("index_fill", "dim, index, value"),
    *parity("masked_scatter", "mask, source"),
    *missing("scatter_reduce", "dim, index, src, reduce, *, include_self=True",
             "sum: ops.scatter_add; others: x.reindex_reduce"),
    *missing("index_put", "indices, values, accumulate=False", "x.clone(), then x[indices] = values"),
)  # fmt: skip
