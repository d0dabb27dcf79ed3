"""How numbers and outcomes are written wherever they are shown."""

import math

from nanodet_common.evaluation.agreement import Agreement
from nanodet_common.evaluation.differences import Difference, Side

ABSENT = "-"
"""Stands where there was nothing to measure: never a zero, which would be a result."""


def fraction(value: float | None) -> str:
    """An average precision: `0.4194`; `-` for None."""
    return ABSENT if value is None else f"{value:.4f}"


def distance(value: float | None) -> str:
    """A number of any size in two digits: `3.1e-7`, `-0.12`, `12`, `0`; `-` for None."""
    if value is None:
        return ABSENT
    if value == 0 or not math.isfinite(value) or 0.01 <= abs(value) < 100:
        return f"{value:.2g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa.removesuffix('.0')}e{int(exponent)}"


def share(value: float | None) -> str:
    """A share in per cent, never rounded up to all of it: `99.998 %`."""
    return ABSENT if value is None else f"{math.floor(value * 1e5) / 1e3:g} %"


def verdict(result: Agreement) -> str:
    """The outcome in one line."""
    if not result:
        return "Not in agreement"
    explained = f", {result.explained:,} differences explained by close decisions" if result.explained else ""
    return f"In agreement: {result.matched:,} of {result.reference:,} detections matched{explained}"


def agreement_facts(result: Agreement, names: tuple[str, str]) -> dict[str, str]:
    """What was compared and how near it is, by label; names: of reference and candidate."""
    tolerance, floor, worst = result.tolerance, result.floor, result.worst
    facts = {
        "images": f"{result.images:,}",
        "detections": f"{result.reference:,} of {names[0]}, {result.candidate:,} of {names[1]}"
        f" (score at least {result.least_score:g})",
        "matched": f"{result.matched:,} ({share(result.share_matched)}), within {distance(tolerance.corner)} px and "
        f"{distance(tolerance.score)} in score",
        "worst pair": f"{distance(worst['corner'])} px, {distance(worst['score'])} in score",
        "differences": f"{len(result.differences):,}: {result.explained:,} explained, {result.unexplained:,} not",
    }
    if floor:
        facts["noise floor"] = f"{distance(floor.score)} in score, {distance(floor.corner)} px of the input"
    return facts


def difference_words(one: Difference, names: tuple[str, str]) -> str:
    """What differs: `only torch, score 0.0512` or `12 px and 0.03 in score apart`."""
    if one.reference and one.candidate:
        return f"{distance(one.corner)} px and {distance(one.score)} in score apart"
    name, side = (names[0], one.reference) if one.reference else (names[1], one.candidate)
    return f"only {name}, score {side.score:.4f}"


def margin_words(one: Difference) -> str:
    """How close the decisions behind it were: `score 2e-8, order 3.1e-7`."""
    return "; ".join(_side_words(side) for side in (one.reference, one.candidate) if side)


def _side_words(side: Side) -> str:
    if side.margins is None:
        return "not known"
    return ", ".join(f"{name} {distance(value)}" for name, value in side.margins.items())
