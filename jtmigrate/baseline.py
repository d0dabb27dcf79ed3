"""Baselines: what a comparison may look like, so that CI fails only on what got worse.

A baseline is the part of a result's JSON (report.json_report) that can get worse, and a factor:

    {"schema": 1, "factor": 4.0, "inputs": {"input": "<sha256>"},
     "layers": {"conv1": {"verdict": "aligned", "isolated": 1.2e-7, "propagated": 1.2e-7, "float64": 3e-16}},
     "quantities": {...}, "parameters": {...}}
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

from jtmigrate.compare.result import DiffResult, Verdict
from jtmigrate.errors import UserError
from jtmigrate.files import write_text
from jtmigrate.report.json_report import to_dict
from jtmigrate.report.numbers import layer_name, scientific

SCHEMA = 1
FACTOR = 4.0
SORTS = {"layers": "key", "quantities": "key", "parameters": "name"}
"""Lists of a result's JSON -> what names a member."""
NEGLIGIBLE = {"isolated": 2.0**-22, "propagated": 2.0**-22, "float64": 2.0**-51}
"""Scaled errors that may change at will: four units of rounding in the precision of each situation."""
RANK = {Verdict.IDENTICAL: 0, Verdict.ALIGNED: 0, Verdict.ROUNDING: 1, Verdict.UNCOMPARED: 2, Verdict.MISMATCH: 3}

Document = Mapping[str, Any]
"""The JSON of a result."""


class Worsening(NamedTuple):
    """One thing that got worse, and how."""

    name: str
    what: str


@dataclass(frozen=True)
class Baseline:
    """What was accepted. `allowed`: sort -> name -> "verdict" and the scaled error in every situation measured."""

    factor: float
    inputs: Mapping[str, str]
    allowed: Mapping[str, Mapping[str, Mapping[str, Any]]]

    def worsened(self, document: Document) -> tuple[Worsening, ...]:
        """What is worse in a result: a verdict, an error by more than `factor`, or no longer measured.

        Raises UserError if the result is of other inputs.
        """
        now = baseline_of(document)
        if now.inputs != self.inputs:
            raise UserError("the baseline was written for other inputs: compare on those, or write a new baseline")
        return tuple(
            each for sort in SORTS for each in _worsened(self.allowed[sort], now.allowed[sort], self.factor, sort)
        )


def baseline_of(document: Document, *, factor: float = FACTOR) -> Baseline:
    """A baseline that accepts a result as it is."""
    inputs = document["meta"].get("inputs") or {}
    return Baseline(
        factor=factor,
        inputs={name: facts["sha256"] for name, facts in inputs.items()},
        allowed={
            sort: {member[name]: _accepted(member) for member in document.get(sort, ())} for sort, name in SORTS.items()
        },
    )


def write_baseline(result: DiffResult, path: str | PathLike[str], *, factor: float = FACTOR) -> None:
    """Accept a result: write its baseline. Raises UserError if the place cannot be written to."""
    accepted = baseline_of(to_dict(result), factor=factor)
    content = {"schema": SCHEMA, "factor": accepted.factor, "inputs": accepted.inputs, **accepted.allowed}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def read_baseline(path: str | PathLike[str]) -> Baseline:
    """Raises UserError if the file cannot be read or is no baseline."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        if content["schema"] > SCHEMA:
            raise UserError(f"{path}: schema {content['schema']} is newer than this jtmigrate reads: update it")
        allowed = {sort: dict(content[sort]) for sort in SORTS}
        return Baseline(float(content["factor"]), dict(content["inputs"]), allowed)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; write a baseline with --write-baseline") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} is no baseline: write one with --write-baseline") from error


def _accepted(member: Mapping[str, Any]) -> dict[str, Any]:
    errors = {situation: member.get(situation) for situation in NEGLIGIBLE}
    known = {"listed": True} if member.get("listed") else {}
    return {
        "verdict": member["verdict"],
        **known,
        **{situation: error["scaled"] for situation, error in errors.items() if error is not None},
    }


def _worsened(
    before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]], factor: float, sort: str
) -> Iterator[Worsening]:
    for name, found in now.items():
        shown = layer_name(name) if sort == "layers" else name
        if name not in before:
            if _is_bad(found):
                yield Worsening(shown, f"{found['verdict']}, and not in the baseline")
            continue
        accepted = before[name]
        was, verdict = Verdict(accepted["verdict"]), Verdict(found["verdict"])
        if RANK[verdict] > RANK[was]:
            yield Worsening(shown, f"{verdict.value} instead of {was.value}")
        for situation, negligible in NEGLIGIBLE.items():
            if situation not in accepted:
                continue
            limit = factor * max(float(accepted[situation]), negligible)
            if situation not in found:
                yield Worsening(shown, f"its {situation} error is no longer measured")
            elif not float(found[situation]) <= limit:
                error, old = scientific(float(found[situation])), scientific(float(accepted[situation]))
                yield Worsening(shown, f"{situation} error {error} instead of {old}")
    for name in before:
        if name not in now:
            yield Worsening(layer_name(name) if sort == "layers" else name, "no longer compared")


def _is_bad(found: Mapping[str, Any]) -> bool:
    verdict = Verdict(found["verdict"])
    return verdict is Verdict.MISMATCH or (verdict is Verdict.UNCOMPARED and not found.get("listed"))
