"""The verdict on one array: the rules of docs/numerics.md, in their order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from jtmigrate.allowances import same_dtype, same_shape
from jtmigrate.compare import metrics
from jtmigrate.compare.floor import noise_floor
from jtmigrate.compare.result import TensorError, Tolerances, Verdict

BELOW_RESOLUTION = 1e-6
"""Arrays smaller than this share of the largest are nothing but noise in float32: float64 alone judges them."""

NEGLIGIBLE = 1e-14
"""An absolute float64 error below this share of the largest of its kind, some 50 units of rounding."""
OFF = "of its maximum off"
"""In the reason of every mismatch that a larger tolerance would have let pass."""
OFF_WHERE_EXACT = "of its maximum wrong"
"""Instead of it for integers and booleans, which have no tolerance."""
FLOAT32_ONLY = "float32 only"
"""In the reason of a mismatch of an array that agrees in the float64 runs."""
SEVERITY = (Verdict.IDENTICAL, Verdict.ALIGNED, Verdict.ROUNDING, Verdict.MISMATCH)


@dataclass(frozen=True)
class Evidence:
    """One array of one layer in every situation that was run; None where it was not.

    name                        what to call it in a sentence: "output", "output 1.scores", "input 0 of conv1"
    reference32, reference64    the reference in float32 and float64
    candidate32, candidate64    the candidate's whole run in float32 and float64
    isolated                    the candidate's layer alone in float32, on the reference's inputs
    floor                       the noise floor, where it is known and not to be taken from the reference's two runs
    """

    name: str
    reference32: np.ndarray | None = None
    reference64: np.ndarray | None = None
    candidate32: np.ndarray | None = None
    candidate64: np.ndarray | None = None
    isolated: np.ndarray | None = None
    floor: float | None = None

    @property
    def reference(self) -> np.ndarray:
        """The reference in the precision that was run."""
        return self.reference64 if self.reference32 is None else self.reference32


@dataclass(frozen=True)
class Judgement:
    """The verdict on one array and the numbers behind it.

    own_fault   the mismatch shows in the isolated run
    nonfinite   reference and candidate are NaN or infinite at the same places
    """

    name: str
    verdict: Verdict
    reason: str
    propagated: TensorError | None
    isolated: TensorError | None
    float64: TensorError | None
    floor: float | None
    below_resolution: bool = False
    own_fault: bool = False
    nonfinite: bool = False


def judge(evidence: Evidence, tolerances: Tolerances, largest: float) -> Judgement:
    """Apply the rules to one array; `largest` is the largest magnitude among all arrays of its kind."""
    propagated = metrics.error_between(evidence.reference32, evidence.candidate32)
    isolated = metrics.error_between(evidence.reference32, evidence.isolated)
    float64 = metrics.error_between(evidence.reference64, evidence.candidate64)
    floor = _floor(evidence)
    below = _is_below_resolution(evidence, largest)
    alone = evidence.isolated is not None
    decisive, error = (evidence.isolated, isolated) if alone else (evidence.candidate32, propagated)
    allowed = _allowed(evidence, tolerances)

    off = OFF_WHERE_EXACT if _is_exact(evidence) else OFF
    own_fault = False
    if reason := different_in_kind(evidence.reference32, evidence.isolated):
        verdict, own_fault = Verdict.MISMATCH, True
    elif reason := _different_in_kind_in_a_whole_run(evidence):
        verdict = Verdict.MISMATCH
    elif error is not None and not below and error.scaled > max(allowed.float32, allowed.floor_factor * (floor or 0)):
        verdict, own_fault, reason = Verdict.MISMATCH, alone, _too_far(error, floor, float64, allowed, alone, off)
    elif float64 is not None and float64.scaled > allowed.float64 and not (below and _negligible(float64, largest)):
        verdict, reason = Verdict.MISMATCH, _differs_in_float64(float64, allowed, off)
    elif decisive is not None and metrics.same_bits(evidence.reference32, decisive):
        verdict, reason = Verdict.IDENTICAL, ""
    elif error is None or below or error.scaled <= allowed.float32:
        verdict, reason = Verdict.ALIGNED, "too small for float32, judged in float64 only" if below else ""
    else:
        verdict = Verdict.ROUNDING
        reason = f"{error.scaled:.1e} of its maximum, within {allowed.floor_factor:g} x the noise floor {floor:.1e}"
    return Judgement(
        name=evidence.name,
        verdict=verdict,
        reason=f"{evidence.name}: {reason}" if reason and evidence.name else reason,
        propagated=propagated,
        isolated=isolated,
        float64=float64,
        floor=floor,
        below_resolution=below,
        own_fault=own_fault,
        nonfinite=metrics.has_nonfinite(evidence.reference),
    )


def worst(judgements: Sequence[Judgement]) -> Judgement | None:
    """The judgement on the worst of several arrays: by verdict, own faults first, then by error. None for none."""
    return max(judgements, key=_badness, default=None)


def _badness(judgement: Judgement) -> tuple[int, bool, float, float]:
    errors = (judgement.isolated or judgement.propagated, judgement.float64)
    return SEVERITY.index(judgement.verdict), judgement.own_fault, *map(metrics.magnitude, errors)


def different_in_kind(reference: np.ndarray | None, candidate: np.ndarray | None) -> str:
    """What no tolerance could excuse: another shape or dtype, NaN or infinity at other places. "" if there is none."""
    if reference is None or candidate is None:
        return ""
    if not same_shape(reference, candidate):
        return f"shape {candidate.shape} instead of {reference.shape}"
    if not same_dtype(reference, candidate):
        return f"{candidate.dtype} instead of {reference.dtype}"
    if places := metrics.differing_nonfinite(reference, candidate):
        return f"NaN or infinity differs at {places:,} of {reference.size:,} places"
    return ""


def _different_in_kind_in_a_whole_run(evidence: Evidence) -> str:
    for reference, candidate, run in (
        (evidence.reference32, evidence.candidate32, "in the whole run"),
        (evidence.reference64, evidence.candidate64, "in the float64 run"),
    ):
        if reason := different_in_kind(reference, candidate):
            return f"{reason} {run}"
    return ""


def _is_exact(evidence: Evidence) -> bool:
    return evidence.reference.dtype.kind in "iub"


def _allowed(evidence: Evidence, tolerances: Tolerances) -> Tolerances:
    """The tolerances, or none at all for integers and booleans: they are right or wrong."""
    if _is_exact(evidence):
        return replace(tolerances, float32=0.0, float64=0.0, floor_factor=0.0)
    return tolerances


def _floor(evidence: Evidence) -> float | None:
    if evidence.floor is not None:
        return evidence.floor
    if evidence.reference32 is None or evidence.reference64 is None:
        return None
    return noise_floor(evidence.reference32, evidence.reference64)


def _is_below_resolution(evidence: Evidence, largest: float) -> bool:
    judged_in_float64 = evidence.reference64 is not None and evidence.candidate64 is not None
    return judged_in_float64 and metrics.scale(evidence.reference) < BELOW_RESOLUTION * largest


def _negligible(error: TensorError, largest: float) -> bool:
    """Whether an error is but float64's own rounding in a sum of terms as large as the largest of its kind.

    A gradient that is zero in exact arithmetic, as that of a bias before BatchNorm, is nothing else.
    """
    return error.max_abs <= NEGLIGIBLE * largest


def _too_far(
    error: TensorError,
    floor: float | None,
    float64: TensorError | None,
    tolerances: Tolerances,
    alone: bool,
    off: str,
) -> str:
    given = "on the reference's own inputs" if alone else "in the whole run"
    what = f"{error.scaled:.1e} {off} {given}"
    if float64 is None:
        return what
    if float64.scaled > tolerances.float64:
        return f"{what}, {float64.scaled:.1e} in float64"
    return f"{FLOAT32_ONLY}: {what}, {error.scaled / floor:.0f} x the noise floor; float64 agrees"


def _differs_in_float64(float64: TensorError, tolerances: Tolerances, off: str) -> str:
    return f"{float64.scaled:.1e} {off} in float64 (tolerance {tolerances.float64:.0e})"
