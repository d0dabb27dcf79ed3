"""A `Trace` as JSON values, arrays by number, and back."""

from collections.abc import Callable, Mapping
from typing import Any

from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.templates import decode, encode
from jtmigrate.trace.tiers import RECORD_ARRAYS, TRACE_ARRAYS, Group, Known


def run_index(trace: Trace, number: Callable[[Group, str], int]) -> dict[str, Any]:
    """One run; `number` tells the number of the array of a name in a group."""
    return {
        "framework": trace.framework,
        "dtype": trace.dtype,
        "uncalled": list(trace.uncalled),
        "settings": {path: encode(dict(settings)) for path, settings in trace.settings.items()},
        "sources": dict(trace.sources),
        "meta": encode(_plain(trace.meta)),
        "layers": [_layer_index(record, number) for record in trace.layers],
        **{name: _numbered(getattr(trace, name), number) for name in TRACE_ARRAYS},
    }


def read_run(run: Mapping[str, Any], array: Callable[[int], Known]) -> Trace:
    """The trace; `array` finds one by its number."""
    return Trace(
        framework=run["framework"],
        dtype=run["dtype"],
        layers=tuple(_read_layer(layer, array) for layer in run["layers"]),
        uncalled=tuple(run["uncalled"]),
        settings={path: decode(settings) for path, settings in run["settings"].items()},
        sources=run.get("sources", {}),
        meta=decode(run["meta"]),
        **{name: _found(run[name], array) for name in TRACE_ARRAYS},
    )


def _layer_index(record: LayerRecord, number: Callable[[Group, str], int]) -> dict[str, Any]:
    """Without a parent, a result or arrays where there are none."""
    layer = {
        "path": record.path,
        "call": record.call,
        "kind": record.kind,
        "leaf": record.is_leaf,
        "parent": record.parent,
        "arguments": encode(record.arguments),
        "result": encode(record.result),
        "failure": record.failure,
        **{name: _numbered(getattr(record, name), number) for name in RECORD_ARRAYS},
    }
    return {name: value for name, value in layer.items() if value is not None and value != {}}


def _read_layer(layer: Mapping[str, Any], array: Callable[[int], Known]) -> LayerRecord:
    return LayerRecord(
        path=layer["path"],
        call=layer["call"],
        kind=layer["kind"],
        is_leaf=layer["leaf"],
        parent=layer.get("parent"),
        arguments=decode(layer["arguments"]),
        result=decode(layer.get("result")),
        failure=layer.get("failure", ""),
        **{name: _found(layer.get(name, {}), array) for name in RECORD_ARRAYS},
    )


def _numbered(group: Group, number: Callable[[Group, str], int]) -> dict[str, int]:
    return {name: number(group, name) for name in group}


def _found(numbers: Mapping[str, int], array: Callable[[int], Known]) -> dict[str, Known]:
    return {name: array(number) for name, number in numbers.items()}


def _plain(value: Any) -> Any:
    """Mappings of any kind as dicts, so that a file can hold them."""
    return {key: _plain(member) for key, member in value.items()} if isinstance(value, Mapping) else value
