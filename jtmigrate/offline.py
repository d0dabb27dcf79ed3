"""`compare_files`: from two trace files to a `DiffResult`, by the very code that `diff` compares with."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from jtmigrate.compare.compare import compare
from jtmigrate.compare.marking import mark_estimates
from jtmigrate.compare.matching import match, remarks
from jtmigrate.compare.pairing import Exceptions, Runs
from jtmigrate.compare.renaming import renamed, renamed_replay
from jtmigrate.compare.result import DEFAULT_TOLERANCES, DiffResult, Tolerances
from jtmigrate.errors import UserError
from jtmigrate.facts import weights_digest
from jtmigrate.trace.file import TraceFile
from jtmigrate.trace.record import Trace
from jtmigrate.tracing import floors_of, matching_of

REPLAY_OF = "replay_of"
"""Entry of a file's meta: identity of the run that its isolated run replayed."""


def compare_files(
    reference: TraceFile,
    candidate: TraceFile,
    *,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    exceptions: Exceptions = (),
    allow_nonfinite: bool = False,
    prefixes: Mapping[str, str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> DiffResult:
    """Compare two models by the files that their runs left; the arguments are those of `diff_pair` and `match`.

    Raises UserError if the two did not run on the same inputs, share no precision, or the isolated run is of another
    reference.
    """
    _check(reference, candidate)
    runs = Runs(
        reference.runs.get("float32"),
        reference.runs.get("float64"),
        candidate.runs.get("float32"),
        candidate.runs.get("float64"),
        candidate.runs.get("isolated"),
        reference.runs.get("alone"),
        floors_of(reference),
    )
    matching = match(runs.reference, runs.candidate or runs.isolated, prefixes)
    runs = runs._replace(
        candidate32=runs.candidate32 and renamed(runs.candidate32, matching),
        candidate64=runs.candidate64 and renamed(runs.candidate64, matching),
        isolated=runs.isolated and renamed_replay(runs.isolated, matching),
    )
    result = compare(
        runs,
        tolerances=tolerances,
        exceptions=exceptions,
        allow_nonfinite=allow_nonfinite,
    )
    warnings = (*result.warnings, *remarks(matching_of(candidate)), *remarks(matching))
    told = replace(result, warnings=warnings, meta={**_facts(reference, candidate), **(meta or {})})
    return mark_estimates(told, runs)


def _check(reference: TraceFile, candidate: TraceFile) -> None:
    both = f"{reference.path} and {candidate.path}"
    if reference.meta.get("inputs") != candidate.meta.get("inputs"):
        raise UserError(f"{both} were recorded on different inputs: record both on the same")
    if bool(reference.meta.get("backward")) != bool(candidate.meta.get("backward")):
        raise UserError(f"only one of {both} holds gradients: record both with --backward, or neither")
    replayed = candidate.meta.get(REPLAY_OF)
    if "isolated" in candidate.runs and replayed != reference.identities.get("float32"):
        raise UserError(
            f"the layers of {candidate.path} ran alone on another reference than {reference.path}: "
            f"record it again with --replay-of {reference.path}"
        )
    shared = {"float32", "float64"} & reference.runs.keys() & candidate.runs.keys()
    if not shared and not ("isolated" in candidate.runs and "float32" in reference.runs):
        raise UserError(f"{both} share no precision: record both with the same --dtype")


def _facts(reference: TraceFile, candidate: TraceFile) -> dict[str, Any]:
    return {
        "title": " against ".join(
            _distinct(str(side.meta.get("title") or side.path) for side in (reference, candidate))
        ),
        "reference": reference.framework,
        "candidate": candidate.framework,
        "versions": {**reference.meta.get("versions", {}), **candidate.meta.get("versions", {})},
        "inputs": reference.meta.get("inputs", {}),
        "weights": {
            "reference": weights_digest(_any_run(reference).state),
            "candidate": weights_digest(_any_run(candidate).state),
        },
        "code": {**reference.meta.get("code", {}), **candidate.meta.get("code", {})},
        "traces": {"reference": reference.path, "candidate": candidate.path},
    }


def _any_run(file: TraceFile) -> Trace:
    return next(iter(file.runs.values()))


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
