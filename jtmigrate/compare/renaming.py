"""A candidate's trace under the reference's names, so that everything behind it compares by name."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from jtmigrate.compare.estimates import Known
from jtmigrate.compare.matching import How, Matching, name_within
from jtmigrate.trace.record import Arrays, LayerRecord, Trace, call_key

PARAMETER = "parameter "
"""How the name of a pullback of a parameter begins; see `LayerRecord`."""


def renamed(trace: Trace, matching: Matching) -> Trace:
    """The trace of a whole run with the reference's names for everything that has a counterpart.

    A parameter that equals the reference's transposed, and is not square, is transposed: its shape shows that it is
    kept that way. A square one is left as it is, because nothing but its values tells a convention from a mistake.
    """
    names = matching.names
    return replace(
        _with_parameters_renamed(trace, matching),
        layers=tuple(_renamed_layer(record, names) for record in trace.layers),
        settings={names.get(path, path): settings for path, settings in trace.settings.items()},
        sources={names.get(path, path): source for path, source in trace.sources.items()},
        uncalled=tuple(names.get(path, path) for path in trace.uncalled),
    )


def renamed_replay(trace: Trace, matching: Matching) -> Trace:
    """The same for an isolated replay, whose calls have the reference's paths already."""
    locals_of: dict[str, dict[str, str]] = {}
    for pair in matching.parameters:
        own_module, own = _split(pair.candidate)
        module = matching.names.get(own_module, own_module)
        locals_of.setdefault(module, {})[own] = _split(pair.reference)[1]
    layers = (_with_locals_renamed(record, locals_of.get(record.path, {})) for record in trace.layers)
    return replace(_with_parameters_renamed(trace, matching), layers=tuple(layers))


def _with_parameters_renamed(trace: Trace, matching: Matching) -> Trace:
    parameters, names = matching.parameter_names, matching.names
    turned = {pair.candidate for pair in matching.parameters if pair.how is How.TRANSPOSED}

    def arrays(group: Arrays) -> dict[str, Known]:
        return {
            parameters.get(name, name_within(name, names)): array.T if name in turned and _is_oblong(array) else array
            for name, array in group.items()
        }

    return replace(trace, state=arrays(trace.state), buffers=arrays(trace.buffers), gradients=arrays(trace.gradients))


def _renamed_layer(record: LayerRecord, names: Mapping[str, str]) -> LayerRecord:
    return replace(
        record,
        path=names.get(record.path, record.path),
        parent=None if record.parent is None else _renamed_key(record.parent, names),
    )


def _renamed_key(key: str, names: Mapping[str, str]) -> str:
    path, _, call = key.partition("#")
    return call_key(names.get(path, path), int(call or 0))


def _with_locals_renamed(record: LayerRecord, names: Mapping[str, str]) -> LayerRecord:
    """A replayed call with the reference's names for its module's own parameters and buffers."""

    def pulled_back(name: str) -> str:
        own = name.removeprefix(PARAMETER)
        return PARAMETER + names.get(own, own) if name.startswith(PARAMETER) else name

    return replace(
        record,
        pullback={pulled_back(name): array for name, array in record.pullback.items()},
        buffers={names.get(name, name): array for name, array in record.buffers.items()},
    )


def _split(name: str) -> tuple[str, str]:
    module, _, local = name.rpartition(".")
    return module, local


def _is_oblong(array: Known) -> bool:
    return isinstance(array, np.ndarray) and array.shape != array.shape[::-1]
