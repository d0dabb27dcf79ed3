"""How one number lies in a file, and the numpy dtype in which it is read.

numpy lacks the narrow floats of deep learning. They are read as float32, which holds each of their values exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

WIDE = "float32"
"""Dtype in which narrow floats are read."""

_BITS16 = np.dtype("<u2")
_BITS8 = np.dtype("u1")


@dataclass(frozen=True)
class Element:
    """The type of a tensor's numbers.

    bits    dtype of the bytes as stored, with its byte order; for a narrow float, of an unsigned integer
    narrow  name of a float that numpy lacks ("bfloat16"), else ""
    """

    bits: np.dtype
    narrow: str = ""

    @property
    def name(self) -> str:
        """Name of the type in the file."""
        return self.narrow or self.bits.name

    @property
    def dtype(self) -> np.dtype:
        """Of the decoded numbers, in native byte order."""
        return np.dtype(WIDE) if self.narrow else self.bits.newbyteorder("=")

    def decode(self, data: np.ndarray) -> np.ndarray:
        """One-dimensional numbers from their bytes (uint8); a view of them where nothing has to be changed."""
        stored = data.view(self.bits)
        if self.narrow:
            return NARROW[self.narrow].widen(stored)
        return stored if stored.dtype.isnative else stored.astype(self.dtype)


def element_of(dtype: str) -> Element:
    """The element of a numpy dtype or narrow float by name, little-endian."""
    if dtype in NARROW:
        return Element(NARROW[dtype].bits, dtype)
    return Element(np.dtype(dtype).newbyteorder("<"))


@dataclass(frozen=True)
class NarrowFloat:
    """`widen` gives the float32 values of its `bits`."""

    bits: np.dtype
    widen: Callable[[np.ndarray], np.ndarray]


def _widen_bfloat16(bits: np.ndarray) -> np.ndarray:
    """The upper half of a float32; NaN payloads survive."""
    wide = bits.astype(np.uint32)
    np.left_shift(wide, np.uint32(16), out=wide)
    return wide.view(WIDE)


def _widen_by(table: Callable[[], np.ndarray]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda bits: table()[bits]


@cache
def _e5m2() -> np.ndarray:
    """The upper half of a float16."""
    return (np.arange(256, dtype=np.uint16) << 8).view(np.float16).astype(WIDE)


@cache
def _e4m3fn() -> np.ndarray:
    table = _floats(mantissa=3, bias=7)
    table[[0x7F, 0xFF]] = np.nan
    return table


@cache
def _e4m3fnuz() -> np.ndarray:
    table = _floats(mantissa=3, bias=8)
    table[0x80] = np.nan
    return table


@cache
def _e5m2fnuz() -> np.ndarray:
    table = _floats(mantissa=2, bias=16)
    table[0x80] = np.nan
    return table


@cache
def _e8m0fnu() -> np.ndarray:
    """Powers of two without sign or zero."""
    table = np.ldexp(np.float32(1), np.minimum(np.arange(256), 254) - 127)
    table[0xFF] = np.nan
    return table


def _floats(*, mantissa: int, bias: int) -> np.ndarray:
    """All values of an 8-bit float of that many bits of mantissa, none of them infinite or NaN."""
    code = np.arange(256)
    fraction = (code & ((1 << mantissa) - 1)) / (1 << mantissa)
    exponent = (code & 0x7F) >> mantissa
    magnitude = np.where(exponent == 0, np.ldexp(fraction, 1 - bias), np.ldexp(1 + fraction, exponent - bias))
    return np.where(code < 0x80, magnitude, -magnitude).astype(WIDE)


NARROW = {
    "bfloat16": NarrowFloat(_BITS16, _widen_bfloat16),
    "float8_e4m3fn": NarrowFloat(_BITS8, _widen_by(_e4m3fn)),
    "float8_e4m3fnuz": NarrowFloat(_BITS8, _widen_by(_e4m3fnuz)),
    "float8_e5m2": NarrowFloat(_BITS8, _widen_by(_e5m2)),
    "float8_e5m2fnuz": NarrowFloat(_BITS8, _widen_by(_e5m2fnuz)),
    "float8_e8m0fnu": NarrowFloat(_BITS8, _widen_by(_e8m0fnu)),
}
"""The floats that numpy lacks, by PyTorch's names."""
