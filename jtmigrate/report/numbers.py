"""How every report writes a number, a shape and a name, so that all of them can be searched for alike."""

import math

ABSENT = "-"
"""Stands where a quantity was not measured: never a zero, which would be a result."""


def scientific(value: float | None) -> str:
    """Three significant digits: `7.71e-7`, `0.310`, `0`, `inf`, `nan`; `-` for None.

    Three and not two, because an error of 1.04e-6 must not read as the tolerance of 1e-6 that it exceeds.
    """
    if value is None:
        return ABSENT
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(float(value))
    if 0.01 <= abs(value) < 1000:
        return f"{value:#.3g}".removesuffix(".")
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def limit(value: float) -> str:
    """A tolerance as a person would type it: `1e-6`, `0.02`."""
    text = f"{value:g}"
    return text.replace("e-0", "e-").replace("e+0", "e")


def at_least(value: float) -> str:
    """A limit of two digits that a value is within: `3.2e-7` for 3.11e-7, `0` for 0."""
    if value == 0 or not math.isfinite(value):
        return scientific(value)
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return limit(float(f"{math.ceil(value / unit * (1 - 1e-12)) * unit:.1e}"))


def shape(dimensions: tuple[int, ...]) -> str:
    """`1x24x160x160`; `scalar` for no dimensions."""
    return "x".join(map(str, dimensions)) or "scalar"


def layer_name(key: str) -> str:
    """The key of a layer; the model itself has the empty key, which nobody could see."""
    return key or "(whole model)"


def printable(text: str) -> str:
    """`text` with control characters and the like as escapes: a file may name its tensors to fool a terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 layer`, `2 layers`, `2 mismatches`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
