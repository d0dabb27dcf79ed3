"""A result as one page: a single file that needs no network, for someone who was not there when it ran."""

import base64
import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

from jtmigrate.compare.result import DiffResult, LayerResult, Verdict
from jtmigrate.files import write_text
from jtmigrate.report import numbers
from jtmigrate.report.hints import hints
from jtmigrate.report.json_report import to_dict
from jtmigrate.report.meta import run_facts
from jtmigrate.report.plot import draw_errors
from jtmigrate.report.summary import (
    MEANINGS,
    candidate_name,
    compared,
    explanation,
    fault_facts,
    group_parameters,
    in_order,
    inherits,
    reference_name,
    remarks,
    scaled,
    title,
    worst,
)
from jtmigrate.report.templating import environment
from jtmigrate.report.tree import Node, build_tree

LOOKS = ("mismatch", "inherited", "uncompared", "rounding", "aligned", "identical")
"""How a layer is coloured, from what asks for most attention: by verdict, and paler where it is not its own doing."""


def write_html(result: DiffResult, path: str | os.PathLike[str], *, pictures: Sequence[tuple[str, bytes]] = ()) -> None:
    """Write the page, atomically. `pictures` are (title, PNG file content), shown side by side.

    Raises UserError if the place cannot be written to.
    """
    write_text(path, to_html(result, pictures=pictures))


def to_html(result: DiffResult, *, pictures: Sequence[tuple[str, bytes]] = ()) -> str:
    """The page as text; `pictures` as in `write_html`."""
    jinja = environment()
    jinja.filters |= {
        "scientific": numbers.scientific,
        "limit": numbers.limit,
        "shape": numbers.shape,
        "layer_name": numbers.layer_name,
    }
    return jinja.get_template("diff.html.j2").render(
        result=result,
        title=title(result),
        reference=reference_name(result),
        candidate=candidate_name(result),
        explanation=explanation(result),
        fault_facts=fault_facts(result),
        hints=hints(result),
        compared=compared(result),
        tiles=_tiles(result),
        looks=_count_looks(result),
        meanings={verdict.value: meaning for verdict, meaning in MEANINGS.items()},
        plots={"wide": draw_errors(result), "narrow": draw_errors(result, width=420, height=340)},
        pictures=[(name, base64.b64encode(png).decode()) for name, png in pictures],
        tree=build_tree(result.layers),
        fault_path=result.first_fault.path if result.first_fault else None,
        is_open=lambda node: _is_open(node, result),
        look=lambda layer: _look(layer, result),
        remarks=lambda layer: remarks(layer, result),
        worst_look=lambda node: _worst_look(node, result),
        layers=in_order(result.layers),
        parameter_groups=group_parameters(result),
        run_facts=run_facts(result, without=("title", "reference", "candidate", "code")),
        data=_layers_by_key(result),
    )


def _tiles(result: DiffResult) -> list[dict[str, str]]:
    """The numbers that matter: label, value, and a caption that says what to hold the value against."""
    allowed = result.tolerances
    isolated, float64, propagated = worst(result, "isolated"), worst(result, "float64"), result.worst_propagated
    identical = sum(parameter.verdict is Verdict.IDENTICAL for parameter in result.parameters)
    return [
        _tile("Layers compared", f"{compared(result):,}", f"of {len(result.layers):,} recorded"),
        _error_tile("Worst isolated", isolated, "isolated", f"float32, tolerance {numbers.limit(allowed.float32)}"),
        _error_tile("Worst propagated", propagated, "propagated", "float32, not judged"),
        _error_tile("Worst float64", float64, "float64", f"tolerance {numbers.limit(allowed.float64)}"),
        _tile("Identical parameters", f"{identical:,}", f"of {len(result.parameters):,}, bit by bit"),
    ]


def _tile(label: str, value: str, caption: str, layer: str = "") -> dict[str, str]:
    return {"label": label, "value": value, "caption": caption, "layer": layer}


def _error_tile(label: str, layer: LayerResult | None, situation: str, caption: str) -> dict[str, str]:
    if layer is None:
        return _tile(label, "not measured", caption)
    return _tile(label, numbers.scientific(scaled(layer, situation)), caption, numbers.layer_name(layer.key))


def _look(layer: LayerResult, result: DiffResult) -> str:
    """The CSS class of a layer: its verdict, or `inherited` for a mismatch that is not its own."""
    return "inherited" if inherits(layer, result) else layer.verdict.value


def _worst_look(node: Node, result: DiffResult) -> str:
    return min((_look(layer, result) for layer in node.layers()), key=LOOKS.index)


def _count_looks(result: DiffResult) -> list[tuple[str, int]]:
    """Number of layers of each look that occurs."""
    counts = Counter(_look(layer, result) for layer in result.layers)
    return [(look, counts[look]) for look in LOOKS if counts[look]]


def _is_open(node: Node, result: DiffResult) -> bool:
    """Unfold the model itself, and the way down to the first fault."""
    fault = result.first_fault
    return not node.path or (fault is not None and fault.path.startswith(f"{node.path}."))


def _layers_by_key(result: DiffResult) -> dict[str, Any]:
    return {layer["key"]: layer for layer in to_dict(result)["layers"]}
