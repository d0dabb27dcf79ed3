"""One case: a worker for each variant, checked against the reference, then asked in turn."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from jtmigrate.bench.machine import Clock
from jtmigrate.bench.protocol import Unavailable, WorkerError
from jtmigrate.bench.result import Case, CaseResult, Check, Measurement, Status, Variant

MOST_REPEATS = 1000
PAUSE = 0.02
"""Seconds before a worker is asked, in which the threads of the one before stop waiting for more work."""

Compare = Callable[[Path, Path], Check]
"""(what the reference left in its file, what another variant left in its own) -> how far apart they are."""
Tell = Callable[[str], None]


class Asked(Protocol):
    """A worker, whose subject has the methods

    prepare() -> facts                get ready, run once; how long it took becomes the fact "preparation s"
    outputs(path)                     leave in a file what has to be the same in all variants
    measure(repeats) -> [seconds, others]   of one repetition, and which share of the CPUs other programs used
    finish() -> facts                 after the last round
    """

    def call(self, method: str, **arguments: Any) -> Any:
        """What the method returns. Raises Unavailable or WorkerError."""

    def close(self) -> None:
        """End it."""


Start = Callable[[Variant], Asked]


@dataclass(frozen=True)
class Plan:
    """How long to measure: `rounds` of about `round_seconds` of the reference, as many repeats for all others."""

    rounds: int
    round_seconds: float


def orders(count: int, rounds: int) -> Iterator[tuple[int, ...]]:
    """Who is asked when, a round at a time: every other one backwards, so that nobody always follows the same."""
    forwards = tuple(range(count))
    for number in range(rounds):
        yield forwards[::-1] if number % 2 else forwards


def run_case(
    case: Case, variants: Sequence[Variant], start: Start, compare: Compare, plan: Plan, tell: Tell
) -> CaseResult:
    """Measure all variants; the first is the reference, without which nothing gets a time."""
    with ExitStack() as stack, TemporaryDirectory() as folder:
        running: dict[int, Asked] = {}
        found: list[Measurement] = []
        for index, variant in enumerate(variants):
            tell(f"{case.title}: start {variant.name}")
            worker = start(variant)
            stack.callback(worker.close)
            measurement = _ready(worker, variant, Path(folder), index, compare)
            if index == 0 and measurement.status is not Status.MEASURED:
                return CaseResult(case, (measurement, *(_without_reference(one, measurement) for one in variants[1:])))
            found.append(measurement)
            if measurement.status is Status.MEASURED:
                running[index] = worker
            else:
                worker.close()
        tell(f"{case.title}: {plan.rounds} rounds of {len(running)} variants")
        return CaseResult(case, tuple(_rounds(found, running, plan)))


def _ready(worker: Asked, variant: Variant, folder: Path, index: int, compare: Compare) -> Measurement:
    """Prepared, and its outputs compared with the reference's."""
    measurement = _prepared(worker, variant, folder / f"{index}.npz")
    return _checked(measurement, folder, index, compare) if measurement.status is Status.MEASURED else measurement


def _prepared(worker: Asked, variant: Variant, path: Path) -> Measurement:
    begun = time.perf_counter()
    try:
        facts = worker.call("prepare")
        seconds = time.perf_counter() - begun
        worker.call("outputs", path=str(path))
    except Unavailable as error:
        return Measurement(variant, Status.UNAVAILABLE, str(error))
    except WorkerError as error:
        return Measurement(variant, Status.FAILED, str(error))
    return Measurement(variant, Status.MEASURED, facts={**facts, "preparation s": seconds})


def _checked(measurement: Measurement, folder: Path, index: int, compare: Compare) -> Measurement:
    """With the comparison to the reference; the reference's own says whether its outputs can be compared at all."""
    check = compare(folder / "0.npz", folder / f"{index}.npz")
    if check:
        return replace(measurement, check=check)
    reason = f"error {check.error:.2e}, at most {check.limit:g} is allowed"
    return replace(measurement, status=Status.DIFFERS, reason=reason, check=check)


def _without_reference(variant: Variant, reference: Measurement) -> Measurement:
    reason = f"nothing to compare with: {reference.variant.name} {reference.status.value}"
    return Measurement(variant, Status.UNAVAILABLE, reason)


def _rounds(found: list[Measurement], running: dict[int, Asked], plan: Plan) -> list[Measurement]:
    """The measurements with their times. A worker that fails is asked no more, and keeps no times."""
    found = list(found)
    times: dict[int, list[tuple[float, float]]] = {index: [] for index in running}
    repeats = 1

    def ask(index: int, method: str, **arguments: Any) -> Any:
        try:
            return running[index].call(method, **arguments)
        except (Unavailable, WorkerError) as error:
            found[index] = replace(found[index], status=Status.FAILED, reason=str(error))
            running.pop(index).close()
            return None

    # The first repetition of every variant tells how long they take, and is left out.
    for index in list(running):
        first = ask(index, "measure", repeats=1)
        if index == 0 and first:
            repeats = min(MOST_REPEATS, max(1, math.ceil(plan.round_seconds / max(first[0], 1e-9))))
    for order in orders(len(found), plan.rounds):
        for index in order:
            if index in running:
                time.sleep(PAUSE)
                if answer := ask(index, "measure", repeats=repeats):
                    times[index].append((answer[0], answer[1]))
    for index in list(running):
        if facts := ask(index, "finish"):
            seconds, others = zip(*times[index], strict=True)
            found[index] = replace(
                found[index], seconds=seconds, others=others, repeats=repeats, facts={**found[index].facts, **facts}
            )
    return found


def run_starts(
    case: Case, variants: Sequence[Variant], start: Start, compare: Compare, rounds: int, tell: Tell
) -> CaseResult:
    """Measure how long it takes from the start of a process until `prepare` has answered, a new process each time.

    A first round, which fills the caches of files, is checked and left out.
    """
    with TemporaryDirectory() as folder:
        found: list[Measurement] = []
        for index, variant in enumerate(variants):
            tell(f"{case.title}: {variant.name}")
            with closing(start(variant)) as worker:
                measurement = _ready(worker, variant, Path(folder), index, compare)
            if index == 0 and measurement.status is not Status.MEASURED:
                return CaseResult(case, (measurement, *(_without_reference(one, measurement) for one in variants[1:])))
            found.append(measurement)
        tell(f"{case.title}: {rounds} rounds")
        for order in orders(len(found), rounds):
            for index in order:
                if found[index].status is Status.MEASURED:
                    found[index] = _started(found[index], start)
        return CaseResult(case, tuple(found))


def _started(measurement: Measurement, start: Start) -> Measurement:
    """With one start more."""
    before = Clock.now()
    with closing(start(measurement.variant)) as worker:
        try:
            worker.call("prepare")
        except (Unavailable, WorkerError) as error:
            return replace(measurement, status=Status.FAILED, reason=str(error), seconds=())
        seconds = Clock.now().wall - before.wall
    return replace(measurement, seconds=(*measurement.seconds, seconds), repeats=1)
