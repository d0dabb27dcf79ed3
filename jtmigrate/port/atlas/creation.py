"""New tensors."""

from jtmigrate.port.atlas.both import OPS, PLACING, function, method
from jtmigrate.port.atlas.entry import Entry

_NO_GENERATOR = {"generator": (None,)}
_SEED = "Jittor has one generator: call jt.set_global_seed"
_PLACING = "dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False"
_LIKE = "input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None"
_LIKE_IGNORED = ("layout", "device", "requires_grad", "memory_format")
_NEW = "*size, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False"
_NARROWED = "numpy's float64 and int64 become float32 and int32: 2**40 becomes 0"

ENTRIES: tuple[Entry, ...] = (
    function("zeros", f"*size, {_PLACING}", "jittor.zeros", ignored=PLACING),
    function("ones", f"*size, {_PLACING}", "jittor.ones", ignored=PLACING),
    function("empty", f"*size, {_PLACING}, memory_format=None", "jittor.empty", ignored=(*PLACING, "memory_format")),
    function(
        "full", f"size, fill_value, *, {_PLACING}", f"{OPS}full", ignored=PLACING,
        differs="jt.full((2,), 1) is float32, not a tensor of integers",
    ),
    function(
        "arange", f"start=0, end=None, step=1, *, {_PLACING}", f"{OPS}arange", ignored=PLACING,
        differs="jt.arange(0, 1, 0.1) computes in float32, whatever dtype it is given: 4e-8 off",
    ),
    function(
        "linspace", f"start, end, steps, *, {_PLACING}", f"{OPS}linspace", ignored=PLACING,
        differs="jt.linspace takes no dtype",
    ),
    function("logspace", f"start, end, steps, base=10.0, *, {_PLACING}", f"{OPS}logspace", ignored=PLACING),
    function("eye", f"n, m=None, *, {_PLACING}", f"{OPS}eye", ignored=PLACING),
    function("tril_indices", "row, col, offset=0, *, dtype=None, device=None", f"{OPS}tril_indices",
             ignored=("dtype", "device")),
    function("triu_indices", "row, col, offset=0, *, dtype=None, device=None", f"{OPS}triu_indices",
             ignored=("dtype", "device")),
    function("tensor", "data, *, dtype=None, device=None, requires_grad=False, pin_memory=False", f"{OPS}tensor",
             ignored=("device", "requires_grad", "pin_memory"), differs=_NARROWED),
    function("as_tensor", "data, dtype=None, device=None", f"{OPS}tensor", aliases=("torch.asarray",),
             ignored=("device",), differs=_NARROWED),
    function("from_numpy", "ndarray", f"{OPS}from_numpy",
             proof="alignment_tests/jtmigrate/parity/ops/test_dtypes.py::test_from_numpy_keeps_the_dtype",
             differs=f"{_NARROWED}; the memory is not shared"),
    function("zeros_like", _LIKE, f"{OPS}zeros_like", ignored=_LIKE_IGNORED, by_place=("input",),
             differs="jt.zeros_like(x, jt.int32) is float32; it has to be told 'int32'"),
    function("ones_like", _LIKE, f"{OPS}ones_like", ignored=_LIKE_IGNORED, by_place=("input",),
             differs="jt.ones_like takes no dtype"),
    function("empty_like", _LIKE, f"{OPS}empty_like", ignored=_LIKE_IGNORED, by_place=("input",)),
    function("full_like", _LIKE.replace("input,", "input, fill_value,"), f"{OPS}full_like", ignored=_LIKE_IGNORED,
             by_place=("input",)),
    method("new_zeros", _NEW, f"{OPS}new_zeros", ignored=PLACING,
           differs="Var.new_zeros(2, 3) raises TypeError: sizes have to come as a tuple"),
    method("new_ones", _NEW, f"{OPS}new_ones", ignored=PLACING),
    method("new_empty", _NEW, f"{OPS}new_empty", ignored=PLACING),
    method("new_full", _NEW.replace("*size,", "size, fill_value, *,"), f"{OPS}new_full", ignored=PLACING),
    method("new_tensor", _NEW.replace("*size,", "data, *,"), f"{OPS}new_tensor", ignored=PLACING),
    function("rand", f"*size, generator=None, {_PLACING}", f"{OPS}rand", ignored=PLACING, only=_NO_GENERATOR,
             advice=_SEED, differs="jt.rand gives float32 whatever dtype it is given"),
    function("randn", f"*size, generator=None, {_PLACING}", f"{OPS}randn", ignored=PLACING, only=_NO_GENERATOR,
             advice=_SEED, differs="jt.randn gives float32 whatever dtype it is given"),
    function("rand_like", _LIKE, f"{OPS}rand_like", ignored=_LIKE_IGNORED, by_place=("input",),
             differs="jt.rand_like of float64 gives float32"),
    function("randn_like", _LIKE, f"{OPS}randn_like", ignored=_LIKE_IGNORED, by_place=("input",),
             differs="jt.randn_like of float64 gives float32"),
    function("randint", f"*bounds, size=None, generator=None, {_PLACING}", f"{OPS}randint", ignored=PLACING,
             only=_NO_GENERATOR, advice=_SEED, differs="jt.randint(10, (2, 3)) raises TypeError"),
    function("randint_like", f"input, *bounds, {_PLACING}, memory_format=None", f"{OPS}randint_like",
             ignored=(*PLACING, "memory_format"), by_place=("input",)),
    function("randperm", f"n, *, generator=None, {_PLACING}", "jittor.randperm", ignored=(*PLACING, "dtype"),
             only=_NO_GENERATOR, advice=_SEED),
    function("normal", "mean, std=1.0, size=None, *, generator=None", f"{OPS}normal", only=_NO_GENERATOR, advice=_SEED),
    function("bernoulli", "input, *, generator=None", "jittor.bernoulli", by_place=("input",), only=_NO_GENERATOR,
             advice=_SEED),
    function("multinomial", "input, num_samples, replacement=False, *, generator=None", "jittor.multinomial",
             by_place=("input",), only=_NO_GENERATOR, advice=_SEED),
)  # fmt: skip
