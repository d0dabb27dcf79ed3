"""Dtypes and constants."""

from jtmigrate.port.atlas.both import NO_COUNTERPART, OPS, function
from jtmigrate.port.atlas.entry import Entry, Kind

_LEGACY = "ops.tensor(data, dtype=...), or ops.to(x, dtype)"


def _constant(name: str, jittor: str, *aliases: str, **facts: str) -> Entry:
    return Entry(f"torch.{name}", Kind.CONSTANT, "", jittor, tuple(f"torch.{alias}" for alias in aliases), **facts)


def _no_constant(name: str, advice: str) -> Entry:
    return Entry(f"torch.{name}", Kind.CONSTANT, advice=advice, untested=NO_COUNTERPART)


_TESTS = "alignment_tests/jtmigrate/parity/ops/test_dtypes.py::"
_PROCESS = "alignment_tests/jtmigrate/parity/ops/test_process.py::"
_PROOF = f"{_TESTS}test_dtypes_are_those_of_pytorch"

ENTRIES: tuple[Entry, ...] = (
    _constant("float32", "jittor.float32", "float", proof=_PROOF),
    _constant("float64", "jittor.float64", "double", proof=_PROOF,
              differs="numbers written in the code enter rounded to float32"),
    _constant("float16", "jittor.float16", "half", proof=_PROOF),
    _constant("bfloat16", "jittor.bfloat16", proof=_PROOF,
              differs="a cast cuts digits off instead of rounding: 1.7 becomes 1.6953, not 1.7031"),
    _constant("int64", "jittor.int64", "long", proof=_PROOF, differs="indices are int32"),
    _constant("int32", "jittor.int32", "int", proof=_PROOF),
    _constant("int16", "jittor.int16", "short", proof=_PROOF),
    _constant("int8", "jittor.int8", proof=_PROOF),
    _constant("uint8", "jittor.uint8", proof=_PROOF, differs="uint8 + 1 is int8, uint8 / 255.0 is float16"),
    _constant("bool", "jittor.bool", proof=_PROOF, differs="bool * 1.0 is float16"),
    _constant("inf", f"{OPS}inf"),
    _constant("nan", f"{OPS}nan"),
    _constant("pi", f"{OPS}pi"),
    _constant("e", f"{OPS}e"),
    _constant("Tensor", "jittor.Var", untested="a type"),
    _no_constant("complex64", "Jittor has no complex numbers: keep two tensors"),
    _no_constant("float8_e4m3fn", "Jittor has no float8"),
    _no_constant("Size", "a tuple"),
    function("device", "type, index=None", f"{OPS}device", proof=f"{_PROCESS}test_a_device_is_a_name"),
    _no_constant("dtype", "a dtype of Jittor is a function or a NanoString: leave the annotation out"),
    _no_constant("Generator", "Jittor has one generator: call jt.set_global_seed"),
    _no_constant("FloatTensor", _LEGACY),
    _no_constant("LongTensor", _LEGACY),
    _no_constant("ByteTensor", _LEGACY),
    _no_constant("BoolTensor", _LEGACY),
    _no_constant("IntTensor", _LEGACY),
    _no_constant("DoubleTensor", _LEGACY),
    _no_constant("HalfTensor", _LEGACY),
    _no_constant("channels_last", "leave memory formats out"),
    _no_constant("contiguous_format", "leave memory formats out"),
    _no_constant("preserve_format", "leave memory formats out"),
    _no_constant("strided", "leave layouts out"),
    _no_constant("newaxis", "None"),
    function("finfo", "type=None", "jittor.finfo", proof=f"{_TESTS}test_limits", by_place=("type",)),
    function("iinfo", "type", "jittor.iinfo", proof=f"{_TESTS}test_limits", by_place=("type",)),
)  # fmt: skip
