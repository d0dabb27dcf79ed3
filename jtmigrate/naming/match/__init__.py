"""Which tensor of one model is which of another, where names alone do not say so.

Matchers are tried in order: exact name, normalised name, equal values, equal outputs, structure and shape, call order.
Values come before structure and call order because they prove what those only suggest. A pair is only made where a
matcher proposes one source for a target and one target for a source; everything else is left to the next, and listed
with its candidates if none can decide. Nothing is guessed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from jtmigrate.naming.match import call_order, exact, normalised, structure, values
from jtmigrate.naming.match.result import Ambiguity, MatchResult, Pair
from jtmigrate.naming.match.side import Proposal, Side

__all__ = ["Ambiguity", "MatchResult", "Pair", "Side", "match"]


class _Matcher(NamedTuple):
    reason: str
    confidence: float
    propose: Callable[[Side, Side], Iterable[Proposal]]


MATCHERS = (
    _Matcher(exact.REASON, exact.CONFIDENCE, exact.propose),
    _Matcher(normalised.REASON, normalised.CONFIDENCE, normalised.propose),
    _Matcher(values.REASON, values.CONFIDENCE, values.propose),
    _Matcher(values.OUTPUT_REASON, values.OUTPUT_CONFIDENCE, values.propose_by_output),
    _Matcher(structure.REASON, structure.CONFIDENCE, structure.propose),
    _Matcher(call_order.REASON, call_order.CONFIDENCE, call_order.propose),
)

_TRANSPOSED = 0.8
"""What is left of the confidence where the shapes fit only in another order of axes."""


def match(source: Side, target: Side) -> MatchResult:
    """Pair the tensors of two models. Pure: arrays and traces are only looked at."""
    twins = {proposal.target: proposal.source for proposal in _unambiguous(values.propose(source, target))}
    pairs: dict[str, Pair] = {}
    candidates: dict[str, tuple[list[str], str]] = {}
    for matcher in MATCHERS:
        left = source.only(set(source.schema) - {pair.source for pair in pairs.values()})
        right = target.only(set(target.schema) - set(pairs))
        found = list(matcher.propose(left, right))
        for proposal in _unambiguous(found):
            pairs[proposal.target] = _pair(proposal, matcher, source, target, twins)
        for name, sources in _by_target(found).items():
            if name not in pairs:
                candidates[name] = (sources, matcher.reason)
    taken = {pair.source for pair in pairs.values()}
    ambiguous = {
        name: Ambiguity(name, tuple(other for other in sources if other not in taken), reason)
        for name, (sources, reason) in candidates.items()
        if name not in pairs
    }
    listed = {name: ambiguity for name, ambiguity in ambiguous.items() if ambiguity.candidates}
    return MatchResult(
        pairs=tuple(pairs[name] for name in target.schema if name in pairs),
        ambiguous=tuple(listed[name] for name in target.schema if name in listed),
        unmatched_targets=tuple(name for name in target.schema if name not in pairs and name not in listed),
        unmatched_sources=tuple(name for name in source.schema if name not in taken),
    )


def _unambiguous(found: Iterable[Proposal]) -> Iterator[Proposal]:
    """Proposals that are the only ones for their source and for their target."""
    found = list(found)
    sources, targets = defaultdict(list), defaultdict(list)
    for proposal in found:
        sources[proposal.source].append(proposal)
        targets[proposal.target].append(proposal)
    for proposal in found:
        if len(sources[proposal.source]) == len(targets[proposal.target]) == 1:
            yield proposal


def _by_target(found: Iterable[Proposal]) -> dict[str, list[str]]:
    targets: dict[str, dict[str, None]] = defaultdict(dict)
    for proposal in found:
        targets[proposal.target][proposal.source] = None
    return {target: list(sources) for target, sources in targets.items()}


def _pair(proposal: Proposal, matcher: _Matcher, source: Side, target: Side, twins: Mapping[str, str]) -> Pair:
    """`twins` is what equal values say: target -> source."""
    old, new, axes = proposal
    reason = f"{matcher.reason}, transposed" if axes else matcher.reason
    if matcher.reason == values.REASON or _equal(old, new, axes, source, target):
        return Pair(old, new, reason, matcher.confidence, axes)
    shape = source.schema[old].shape
    flag = ""
    if len(shape) == 2 and shape[0] == shape[1] > 1:
        flag = "square: the shape does not tell whether it is transposed"
    if twins.get(new, old) != old:
        flag = f"its values are those of {twins[new]}"
    return Pair(old, new, reason, matcher.confidence * (_TRANSPOSED if axes else 1), axes, flag)


def _equal(old: str, new: str, axes: tuple[int, ...], source: Side, target: Side) -> bool:
    """Whether both arrays are known, tell something, and are equal."""
    if old not in source.arrays or new not in target.arrays or not values.tells(source.arrays[old]):
        return False
    array = source.arrays[old]
    return np.array_equal(array.transpose(axes) if axes else array, target.arrays[new])
