"""Discrete decisions: which of two nearly equal candidates was taken is no fault of the one who took the other.

An arg-max, a top-k, a threshold or an assignment turns numbers that differ by rounding into indices that differ
altogether. How close a decision was is its *margin*, which a function of the reference's inputs tells. A decision that
fell differently is excused where the margin is no larger than a few times what rounding makes of it in the reference.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from jtmigrate.compare.result import Verdict
from jtmigrate.compare.verdict import Evidence, Judgement
from jtmigrate.trace.record import LayerRecord

Arrays = Mapping[str, np.ndarray]
Margin = Callable[[Arrays], np.ndarray]
"""Inputs of a layer by slot ("0", "1", ...) -> how close every decision was, in the shape of its outputs."""


class CloseCalls(NamedTuple):
    """Where a layer's decisions are within rounding; `floor` is what rounding makes of its margins."""

    close: np.ndarray
    floor: float


def close_calls(
    margin: Margin | None, reference32: LayerRecord | None, reference64: LayerRecord | None, factor: float
) -> CloseCalls | None:
    """Decisions whose margin is at most `factor` x its noise; None where no margin is known, or not its noise."""
    if margin is None or reference32 is None or reference64 is None:
        return None
    rounded, exact = margin(reference32.inputs), margin(reference64.inputs)
    finite = np.isfinite(rounded) & np.isfinite(exact)
    floor = float(np.max(np.abs(rounded[finite] - exact[finite]), initial=0.0))
    return CloseCalls(rounded <= factor * floor, floor)


def excuse(evidence: Evidence, calls: CloseCalls | None) -> tuple[Evidence, int]:
    """The evidence with close calls decided as the reference did, and how many had fallen otherwise."""
    if calls is None or evidence.reference.shape != calls.close.shape:
        return evidence, 0
    flips = 0
    agreed = {}
    pairs = {"candidate32": "reference32", "isolated": "reference32", "candidate64": "reference64"}
    for candidate, reference in pairs.items():
        ours, theirs = getattr(evidence, reference), getattr(evidence, candidate)
        if ours is not None and theirs is not None and theirs.shape == ours.shape:
            flipped = calls.close & (ours != theirs)
            flips = max(flips, int(np.count_nonzero(flipped)))
            agreed[candidate] = np.where(flipped, ours, theirs).astype(theirs.dtype)
    return replace(evidence, **agreed), flips


def excused(judgement: Judgement, flips: int, calls: CloseCalls | None) -> Judgement:
    """The judgement on excused evidence: at best `rounding` if any decision had fallen otherwise."""
    if not flips or judgement.verdict is Verdict.MISMATCH:
        return judgement
    count = f"{flips} decision{'s' * (flips > 1)} fell otherwise"
    reason = f"{count}, each closer than rounding moves it ({calls.floor:.1e})"
    return replace(judgement, verdict=Verdict.ROUNDING, reason=reason)
