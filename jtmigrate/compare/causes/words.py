"""How hypotheses put things."""

from typing import Any


def shown(value: Any) -> str:
    """A setting as one would write it: 0.1, (2, 2), 'bilinear'."""
    if isinstance(value, float):
        return f"{value:.8g}"
    return repr(value)


def instead(what: str, value: Any, reference: Any) -> str:
    """ "its stride is (1, 1) instead of (2, 2)"."""
    return f"its {what} is {shown(value)} instead of {shown(reference)}"


def ratio(factor: float) -> str:
    """ "1/3 of", "2 times", "0.25 times": how much of the reference's."""
    inverse = 1 / factor
    if abs(factor) < 1 and abs(inverse - round(inverse)) < 1e-4:
        return f"1/{round(inverse)} of"
    return f"{factor:.6g} times"
