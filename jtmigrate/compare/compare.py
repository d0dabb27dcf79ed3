"""`compare`: traces in, `DiffResult` out."""

from collections.abc import Iterator, Mapping, Sequence

from jtmigrate.compare.causes import likeliest_cause
from jtmigrate.compare.coverage import account, nothing_compared
from jtmigrate.compare.decisions import Margin
from jtmigrate.compare.evidence import suspect_of
from jtmigrate.compare.fault_map import fault_map
from jtmigrate.compare.handed_back import name_makers
from jtmigrate.compare.layers import NO_MARGINS, compare_layers
from jtmigrate.compare.localise import first_fault, first_fault_of
from jtmigrate.compare.marking import is_known_by_sketches
from jtmigrate.compare.pairing import Exceptions, Runs
from jtmigrate.compare.parameters import compare_parameters
from jtmigrate.compare.quantities import compare_quantities
from jtmigrate.compare.result import (
    DEFAULT_TOLERANCES,
    DiffResult,
    LayerResult,
    ParameterResult,
    Quantity,
    QuantityResult,
    Tolerances,
    Verdict,
)
from jtmigrate.compare.settings import compare_settings
from jtmigrate.compare.steps import StepRuns, compare_steps, drift
from jtmigrate.trace.record import Trace

NAMES_SHOWN = 3
NO_STEPS = StepRuns()


def compare(
    runs: Runs,
    *,
    steps: StepRuns = NO_STEPS,
    margins: Mapping[str, Margin] = NO_MARGINS,
    tolerances: Tolerances = DEFAULT_TOLERANCES,
    exceptions: Exceptions = (),
    allow_nonfinite: bool = False,
) -> DiffResult:
    """Compare two models by what their runs left behind.

    steps            training steps
    margins          how close the decisions of a layer were, by its path (see `jtmigrate.compare.decisions`)
    exceptions       (path, reason) of what may stay uncompared, the path's descendants included
    allow_nonfinite  NaN or infinity at the same places on both sides does not fail the run
    """
    runs.check()
    exceptions = tuple(exceptions)
    candidate = runs.candidate or runs.isolated
    layers = compare_layers(runs, tolerances, exceptions, margins)
    parameters = compare_parameters(runs.reference.state, candidate.state, exceptions)
    quantities = (*name_makers(compare_quantities(runs, tolerances), runs), *compare_steps(steps, tolerances))
    fault = first_fault(layers, runs, tolerances) or first_fault_of(quantities)
    cause, where = "", None
    if fault and not is_known_by_sketches(fault.path, runs):
        suspect = suspect_of(
            fault,
            runs,
            parameters=parameters,
            quantities=quantities,
            tolerances=tolerances,
            steps=steps,
        )
        cause, where = likeliest_cause(suspect), fault_map(suspect)
    coverage = account(layers, parameters, quantities)
    return DiffResult(
        layers=layers,
        parameters=parameters,
        tolerances=tolerances,
        first_fault=fault,
        cause=cause,
        failures=(
            *nothing_compared(coverage),
            *_failures(layers, parameters, quantities, tolerances, allow_nonfinite),
        ),
        warnings=tuple(_warnings(layers, runs)),
        quantities=quantities,
        settings=compare_settings(runs.reference.settings, candidate.settings),
        coverage=coverage,
        drift=drift(steps),
        fault_map=where,
        sources=_sources(runs.reference, candidate),
    )


def _sources(reference: Trace, candidate: Trace) -> dict[str, tuple[str, str]]:
    paths = dict.fromkeys((*reference.sources, *candidate.sources))
    return {path: (reference.sources.get(path, ""), candidate.sources.get(path, "")) for path in paths}


def _failures(
    layers: Sequence[LayerResult],
    parameters: Sequence[ParameterResult],
    quantities: Sequence[QuantityResult],
    tolerances: Tolerances,
    allow_nonfinite: bool,
) -> Iterator[str]:
    uncompared = [layer for layer in layers if layer.verdict is Verdict.UNCOMPARED]
    listed = [layer for layer in uncompared if layer.listed]
    if len(uncompared) == len(layers):
        yield "no layer was compared"
    yield from _sentence("layer", "mismatch", [layer.key for layer in layers if layer.verdict is Verdict.MISMATCH])
    yield from _sentence(
        "layer", "uncompared without a listed reason", [layer.key for layer in uncompared if not layer.listed]
    )
    if len(listed) > tolerances.uncompared_share * len(layers):
        most = f"at most {tolerances.uncompared_share:.0%} may be"
        yield f"{len(listed)} of {len(layers)} layers are uncompared for listed reasons: {most}"
    yield from _sentence(
        "parameter", "mismatch", [each.name for each in parameters if each.verdict is Verdict.MISMATCH]
    )
    yield from _sentence(
        "parameter",
        "uncompared without a listed reason",
        [each.name for each in parameters if each.verdict is Verdict.UNCOMPARED and not each.listed],
    )
    for quantity in Quantity:
        wrong = [each.name for each in quantities if each.quantity is quantity and each.verdict is Verdict.MISMATCH]
        yield from _sentence(quantity.value, "mismatch", list(dict.fromkeys(wrong)))
    if not allow_nonfinite:
        yield from _sentence(
            "layer", "NaN or infinite in the reference as well", [layer.key for layer in layers if layer.nonfinite]
        )


def _warnings(layers: Sequence[LayerResult], runs: Runs) -> Iterator[str]:
    if nonfinite := [layer.key or "the model" for layer in layers if layer.nonfinite]:
        yield f"the reference itself is NaN or infinite in {len(nonfinite)} layers, first in {nonfinite[0]}"
    if not (runs.reference64 and runs.candidate64):
        yield "no float64 run: nothing tells a different computation from rounding"
    if not runs.isolated:
        yield "no isolated run: a layer is blamed for the errors of those before it"
    for record in runs.alone.layers if runs.alone else ():
        if record.failure:
            yield f"no gradient of {record.key or 'the model'} alone: in the reference it {record.failure}"


def _sentence(noun: str, what: str, names: Sequence[str]) -> Iterator[str]:
    """ "2 layers mismatch: conv1, conv2", nothing for no names."""
    if names:
        shown = ", ".join(name or "the model itself" for name in names[:NAMES_SHOWN])
        more = ", ..." if len(names) > NAMES_SHOWN else ""
        yield f"{len(names)} {noun}{'s' * (len(names) > 1)} {what}: {shown}{more}"
