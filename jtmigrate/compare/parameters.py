"""Parameters and buffers compared by name, bit for bit."""

from collections.abc import Iterator, Mapping

import numpy as np

from jtmigrate.allowances import jittor_lacks
from jtmigrate.compare import metrics
from jtmigrate.compare.estimates import Known, is_sketched
from jtmigrate.compare.pairing import Exceptions, reason_for
from jtmigrate.compare.result import ParameterResult, Verdict
from jtmigrate.compare.verdict import different_in_kind

Arrays = Mapping[str, np.ndarray]


def compare_parameters(reference: Arrays, candidate: Arrays, exceptions: Exceptions) -> tuple[ParameterResult, ...]:
    """One result for every name on either side, the reference's first."""
    return tuple(_compare(reference, candidate, exceptions))


def _compare(reference: Arrays, candidate: Arrays, exceptions: Exceptions) -> Iterator[ParameterResult]:
    for name, array in reference.items():
        if name in candidate:
            yield compare_parameter(name, array, candidate[name])
        else:
            yield _unpaired(name, array, "not in the candidate", exceptions)
    for name, array in candidate.items():
        if name not in reference:
            yield _unpaired(name, array, "not in the reference", exceptions)


def compare_parameter(name: str, a: Known, b: Known) -> ParameterResult:
    """`identical` or `mismatch`: parameters are copied, not computed, so there is no tolerance."""
    reason = different_in_kind(a, b)
    max_abs = None
    if not reason and not metrics.same_bits(a, b):
        error = metrics.tensor_error(a, b)
        max_abs = error.max_abs
        reason = _difference(a, b, error.scaled)
    return ParameterResult(name, a.shape, Verdict.MISMATCH if reason else Verdict.IDENTICAL, reason, max_abs)


def _difference(a: Known, b: Known, scaled: float) -> str:
    words = f"differs by up to {scaled:.1e} of its maximum"
    if is_sketched(a, b):
        return words
    with np.errstate(over="ignore"):
        rounded = a.astype(np.float16).astype(a.dtype)
    return f"{words}, as after rounding to float16" if np.array_equal(rounded, b) else words


def _unpaired(name: str, array: np.ndarray, where: str, exceptions: Exceptions) -> ParameterResult:
    known = "Jittor does not count batches" if jittor_lacks(name) else reason_for(name, exceptions)
    reason = where if known is None else f"{where}; {known}"
    return ParameterResult(name, array.shape, Verdict.UNCOMPARED, reason, listed=known is not None)
