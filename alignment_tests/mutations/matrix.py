"""Faults drawn, injected one at a time, and what the comparison makes of each."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from alignment_tests.mutations import data, layers, optimizer, parameters, settings, training
from alignment_tests.mutations.fault import Fault, Mutation
from alignment_tests.mutations.scenes import Scene, scene
from jtmigrate.compare.result import LayerResult, QuantityResult
from jtmigrate.errors import UserError

MUTATIONS: tuple[Mutation, ...] = (
    *parameters.MUTATIONS,
    *settings.MUTATIONS,
    *layers.MUTATIONS,
    *data.MUTATIONS,
    *training.MUTATIONS,
    *optimizer.MUTATIONS,
)

LOCALISED = 0.95
"""Share of faults that must be found in the very module or stage; all must be detected."""

SAY_NOTHING = ("it computes something else", "its own code between the calls")
"""How the sentences begin that are left when no hypothesis fits: they name nothing."""


@dataclass(frozen=True)
class Outcome:
    """What came of one fault.

    drawn      its place or its size was drawn
    detected   the pair was not called aligned
    found      where the first fault was seen, in words
    localised  that is the very module or stage
    cause      the sentence about the cause
    named      the sentence says what was done
    """

    mutation: Mutation
    fault: Fault
    drawn: bool
    detected: bool
    found: str
    localised: bool
    cause: str
    named: bool
    seconds: float


def run(mutations: Iterable[Mutation], seed: int, *, full: bool = False) -> Iterator[Outcome]:
    """Inject one fault of each kind, drawn from `seed` and the kind's name alone: the others do not matter to it.

    full  into the whole detector with trained weights where the kind is one of the detector's
    """
    for mutation in mutations:
        where = scene(mutation.scene, full=full)
        draw = where.draw(np.random.default_rng([seed, crc32(mutation.name.encode())]))
        yield try_out(mutation, mutation.draw(draw), where, drawn=draw.drawn)


def try_out(mutation: Mutation, fault: Fault, where: Scene, *, drawn: bool) -> Outcome:
    """Compare the scene's pair with the fault in it. Nothing counts as detected where there is a false alarm anyway."""
    started = time.perf_counter()
    try:
        with fault.during():
            result = where.compare(fault.inject(where.pair))
    except UserError as error:
        detected, found, localised, cause = True, "refused", False, str(error)
    else:
        first = result.first_fault
        detected, cause = bool(where.clean) and not result, result.cause
        found = "nowhere" if first is None else first.key or "the model itself"
        localised = detected and first is not None and is_where(first, fault)
    named = localised and says(cause, mutation.cause)
    return Outcome(mutation, fault, drawn, detected, found, localised, cause, named, time.perf_counter() - started)


def says(cause: str, words: str) -> bool:
    """Whether a sentence names the cause."""
    return not cause.startswith(SAY_NOTHING) and re.search(words, cause, re.IGNORECASE) is not None


def is_where(found: LayerResult | QuantityResult, fault: Fault) -> bool:
    """Whether the first fault is the one that was injected."""
    if fault.quantities:
        return isinstance(found, QuantityResult) and found.quantity in fault.quantities
    return found.path == fault.path
