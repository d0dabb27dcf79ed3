"""The course of a case, with workers that only note what they are asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jtmigrate.bench import measure
from jtmigrate.bench.document import to_dict, to_markdown
from jtmigrate.bench.measure import Plan, orders, run_case, run_starts
from jtmigrate.bench.protocol import Unavailable, WorkerError
from jtmigrate.bench.result import BenchResult, Case, CaseResult, Check, Status, Variant

CASE = Case("guessing", {"batch": 2}, 2, "guesses")
VARIANTS = tuple(Variant(name, name.partition("-")[0], "", plain="-" not in name) for name in ("a", "b", "b-best"))
SECONDS = {"a": 0.2, "b": 0.4, "b-best": 0.1}


@dataclass
class Fake:
    """A worker that takes no time; `faults` are raised by method."""

    name: str
    log: list[tuple[str, str]]
    faults: dict[str, Exception] = field(default_factory=dict)
    value: str = "same"

    def call(self, method: str, **arguments: Any) -> Any:
        self.log.append((self.name, method))
        if method in self.faults:
            raise self.faults[method]
        match method:
            case "outputs":
                Path(arguments["path"]).write_text(self.value)
            case "measure":
                self.log[-1] = (self.name, f"measure {arguments['repeats']}")
                return SECONDS[self.name], 0.0
            case _:
                return {method: self.name}

    def close(self) -> None:
        self.log.append((self.name, "close"))


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "PAUSE", 0)


def compare(reference: Path, candidate: Path) -> Check:
    return Check(0.0 if reference.read_text() == candidate.read_text() else 1.0, 0.5)


def run(rounds: int = 3, by: Callable[..., CaseResult] = run_case, **faults: Any) -> tuple[CaseResult, list]:
    """The result, and what was asked of whom; faults: by variant, "_" for "-", what `Fake` takes."""
    log: list[tuple[str, str]] = []

    def start(variant: Variant) -> Fake:
        log.append((variant.name, "start"))
        return Fake(variant.name, log, **faults.get(variant.name.replace("-", "_"), {}))

    how = Plan(rounds, 0.5) if by is run_case else rounds
    return by(CASE, VARIANTS, start, compare, how, lambda line: None), log


def statuses(result: CaseResult) -> list[Status]:
    return [one.status for one in result.measurements]


def test_every_other_round_is_backwards() -> None:
    assert list(orders(3, 3)) == [(0, 1, 2), (2, 1, 0), (0, 1, 2)]


def test_all_are_ready_before_the_first_is_measured_and_asked_in_turn() -> None:
    result, log = run()
    first = log.index(("a", "measure 1"))
    assert {what for _, what in log[:first]} == {"start", "prepare", "outputs"}
    asked = [name for name, what in log if what == "measure 3"]  # 3 times 0.2 s are half a second and more.
    assert asked == ["a", "b", "b-best", "b-best", "b", "a", "a", "b", "b-best"]
    assert [one.seconds for one in result.measurements] == [(0.2,) * 3, (0.4,) * 3, (0.1,) * 3]
    assert [(name, what) for name, what in log if what == "close"] == [(one.name, "close") for one in VARIANTS[::-1]]
    assert result.measurements[1].facts["prepare"] == "b"
    assert result.measurements[1].facts["finish"] == "b"


def test_plain_is_compared_with_plain_and_best_with_best() -> None:
    found = {one.title: (one.reference, one.candidate, one.speed.median) for one in run()[0].comparisons("a", "b")}
    assert found == {"plain against plain": ("a", "b", 0.5), "best against best": ("a", "b-best", 2.0)}


@pytest.mark.parametrize("by", [run_case, run_starts])
def test_other_outputs_get_no_time(by: Callable) -> None:
    result, log = run(by=by, b={"value": "other"})
    assert statuses(result) == [Status.MEASURED, Status.DIFFERS, Status.MEASURED]
    assert result.measurements[1].seconds == ()
    assert "error 1.00e+00, at most 0.5" in result.measurements[1].reason
    assert not any(name == "b" and "measure" in what for name, what in log)
    assert not BenchResult(("a", "b"), (result,), (), {})


@pytest.mark.parametrize("by", [run_case, run_starts])
def test_what_is_not_here_is_no_fault(by: Callable) -> None:
    result, _ = run(by=by, b_best={"faults": {"prepare": Unavailable("no compiler")}})
    assert statuses(result) == [Status.MEASURED, Status.MEASURED, Status.UNAVAILABLE]
    assert result.measurements[2].reason == "no compiler"
    assert BenchResult(("a", "b"), (result,), (), {})


@pytest.mark.parametrize("method", ["prepare", "outputs", "measure", "finish"])
def test_a_worker_that_fails_takes_nobody_with_it(method: str) -> None:
    result, log = run(b={"faults": {method: WorkerError("it died")}})
    assert statuses(result) == [Status.MEASURED, Status.FAILED, Status.MEASURED]
    assert result.measurements[1].reason == "it died"
    assert result.measurements[1].seconds == ()
    assert len(result.measurements[0].seconds) == len(result.measurements[2].seconds) == 3
    assert ("b", "close") in log
    assert not BenchResult(("a", "b"), (result,), (), {})


@pytest.mark.parametrize("by", [run_case, run_starts])
def test_without_the_reference_nothing_has_a_time(by: Callable) -> None:
    result, log = run(by=by, a={"faults": {"prepare": WorkerError("it died")}})
    assert statuses(result) == [Status.FAILED, Status.UNAVAILABLE, Status.UNAVAILABLE]
    assert "nothing to compare with: a failed" in result.measurements[1].reason
    assert {name for name, _ in log} == {"a"}


def test_if_the_reference_fails_later_the_others_have_no_time_to_compare_with() -> None:
    result, _ = run(a={"faults": {"measure": WorkerError("it died")}})
    assert statuses(result)[0] is Status.FAILED
    assert list(result.comparisons("a", "b")) == []
    bench = BenchResult(("a", "b"), (result,), (), {})
    assert to_dict(bench)["cases"][0]["variants"][1]["speed"] is None
    assert "| b | 400 |" in to_markdown(bench)


def test_starts_are_interleaved_too_and_every_one_is_a_new_process() -> None:
    result, log = run(rounds=2, by=run_starts)
    started = [name for name, what in log if what == "start"]
    assert started == ["a", "b", "b-best", "a", "b", "b-best", "b-best", "b", "a"]
    assert [len(one.seconds) for one in result.measurements] == [2, 2, 2]
    assert log.count(("a", "close")) == 3
