"""What a layer returned besides tensors: numbers are measured, text has to be equal, anything else is not compared.

A model may return `y.sum().item()`, a numpy array or a name. None counts as nothing, in whichever place.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

import numpy as np

from jtmigrate.compare.pairing import Situations
from jtmigrate.compare.result import Tolerances, Verdict
from jtmigrate.compare.verdict import Evidence, Judgement, judge
from jtmigrate.trace.record import LayerRecord
from jtmigrate.trace.structure import Opaque, matching_slots, plain_members

REAL = "biuf"
"""Kinds of numpy's dtypes that can be measured."""
EXACT = str | bytes | Enum | range | slice
"""What is the same if it is equal, or else is not."""
PRECISIONS = ("float32", "float64", "float32", "float64", "float32")
"""Of the situations, in their order."""
WORDS = 60


MISSING = object()
"""What a run has in the place of something that it should have returned."""


def judge_members(situations: Situations, tolerances: Tolerances) -> Iterator[Judgement]:
    """One judgement for every number and every text among a layer's results."""
    members = plain_members(situations.reference.result)
    columns = [_column(members, record) for record in situations]
    for name, member in members.items():
        label = f"result {name}" if name else "result"
        values = [column.get(name) for column in columns]
        if not (_is_number(member) or isinstance(member, EXACT)) or all(value is None for value in values[2:]):
            continue
        if wrong := [value for value in values[2:] if value is not None and not _is_alike(member, value)]:
            yield _mismatch(label, f"{_words(wrong[0])} instead of {_words(member)}")
        elif _is_number(member):
            arrays = [
                None if value is None else _as_array(value, run) for value, run in zip(values, PRECISIONS, strict=True)
            ]
            # Held against no other array: however small a number is, float32 judges it too.
            yield judge(Evidence(label, *arrays), tolerances, largest=0.0)
        else:
            yield Judgement(label, Verdict.IDENTICAL, "", None, None, None, None)


def incomparable(situations: Situations) -> str:
    """Which of a layer's results nothing is known of, in a sentence; "" if there is none."""
    for name, member in plain_members(situations.reference.result).items():
        if not (_is_number(member) or isinstance(member, EXACT)):
            what = member.text if isinstance(member, Opaque) else f"a {type(member).__name__}"
            return f"returns {what}{f' as {name}' if name else ''}, which cannot be compared"
    return ""


def _column(reference: Mapping[str, Any], record: LayerRecord | None) -> dict[str, Any]:
    """A record's members under the reference's names; empty for a run that was not made, or broke off."""
    if record is None or record.failure:
        return {}
    found = matching_slots(reference, plain_members(record.result))
    return {name: MISSING if member is None else member for name, _, member in found}


def _is_alike(reference: Any, candidate: Any) -> bool:
    """Whether two members can be measured against each other, or else are equal."""
    if _is_number(reference):
        return _is_number(candidate)
    if isinstance(reference, Enum):  # each model may have a class of its own
        return isinstance(candidate, Enum) and candidate.name == reference.name
    return isinstance(candidate, EXACT) and candidate == reference


def _is_number(member: Any) -> bool:
    """Whether this is a number, a boolean or an array of such; not an array of text, and no complex number."""
    return isinstance(member, int | float | np.generic | np.ndarray) and np.asarray(member).dtype.kind in REAL


def _words(member: Any) -> str:
    if _is_number(member):
        return "a number"
    if member is MISSING:
        return "nothing"
    return repr(member)[:WORDS] if isinstance(member, EXACT) else f"a {type(member).__name__}"


def _as_array(value: Any, run: str) -> np.ndarray | None:
    """A number as the array that it was: Python holds float64, whatever precision the run computed in."""
    return None if value is None else np.asarray(value, run if type(value) is float else None)


def _mismatch(label: str, reason: str) -> Judgement:
    return Judgement(label, Verdict.MISMATCH, f"{label}: {reason}", None, None, None, None, own_fault=True)
