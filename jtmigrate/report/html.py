"""A result as one page: a single file that needs no network, for someone who was not there when it ran."""

import base64
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jtmigrate.compare.result import DiffResult, Quantity
from jtmigrate.files import write_text
from jtmigrate.report import numbers
from jtmigrate.report.drift_plot import draw_drift
from jtmigrate.report.heat_map import draw_heat_map
from jtmigrate.report.hints import hints
from jtmigrate.report.histogram import draw_histogram
from jtmigrate.report.html_parts import LOOKS, count_looks, look, tiles
from jtmigrate.report.json_report import to_dict
from jtmigrate.report.meta import run_facts
from jtmigrate.report.plot import draw_errors
from jtmigrate.report.rows import amplification_words, in_order, inherited_words, remarks, row_name, short_name
from jtmigrate.report.selection import group_quantities
from jtmigrate.report.summary import (
    MEANINGS,
    candidate_name,
    coverage_words,
    explanation,
    fault_code,
    fault_facts,
    group_parameters,
    reference_name,
    setting_words,
    smallest_tolerance_words,
    title,
)
from jtmigrate.report.templating import Markup, environment
from jtmigrate.report.tree import Node, build_tree

NARROW = 420
"""Width of drawings for a telephone."""


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
        "row_name": row_name,
        "short_name": short_name,
        "amplification": amplification_words,
        "inherited": inherited_words,
        "setting_words": setting_words,
        "coverage_words": coverage_words,
        "file_url": file_url,
        "breakable": _breakable,
    }
    jinja.globals |= {
        "look": lambda row: look(row, result),
        "remarks": lambda row: remarks(row, result),
        "is_open": lambda node: _is_open(node, result),
        "worst_look": lambda node: min((look(layer, result) for layer in node.layers()), key=LOOKS.index),
        "count_looks": lambda rows: count_looks(rows, result),
    }
    gradients = [row for row in result.quantities if row.quantity is Quantity.ACTIVATION_GRADIENT and row.step is None]
    return jinja.get_template("diff.html.j2").render(
        result=result,
        title=title(result),
        reference=reference_name(result),
        candidate=candidate_name(result),
        explanation=explanation(result),
        fault_facts=fault_facts(result),
        fault_code=fault_code(result),
        heat_map=draw_heat_map(result.fault_map) if result.fault_map else None,
        hints=hints(result),
        tiles=tiles(result),
        smallest_tolerances=smallest_tolerance_words(result),
        meanings={verdict.value: meaning for verdict, meaning in MEANINGS.items()},
        forward=_both_widths(draw_errors, result.layers, result),
        backward=_both_widths(draw_errors, gradients, result),
        histogram=_both_widths(draw_histogram, result.layers),
        drift=_both_widths(draw_drift, result.drift),
        pictures=[(name, base64.b64encode(png).decode()) for name, png in pictures],
        tree=build_tree(result.layers),
        fault_path=result.first_fault.path if result.first_fault else None,
        layers=in_order(result.layers),
        quantities=result.quantities,
        quantity_groups=group_quantities(result.quantities),
        parameter_groups=group_parameters(result),
        run_facts=run_facts(result, without=("title", "reference", "candidate", "code")),
        data=_data(result),
    )


def file_url(where: str) -> str:
    """A link to "file:line"."""
    path, _, line = where.rpartition(":")
    return f"file://{quote(str(Path(path).resolve()))}#L{line}"


def _breakable(name: str) -> Markup:
    """A path that may go on in the next line after every dot, and nowhere else."""
    return Markup("<wbr>").join(re.split(r"(?<=[.])", name))


def _both_widths(draw: Callable[..., Markup], *arguments: Any) -> dict[str, Markup]:
    """A drawing for a screen and one for a telephone."""
    return {"wide": draw(*arguments), "narrow": draw(*arguments, width=NARROW)}


def _is_open(node: Node, result: DiffResult) -> bool:
    """Unfold the model itself, and the way down to the first fault."""
    fault = result.first_fault
    return not node.path or (fault is not None and fault.path.startswith(f"{node.path}."))


def _data(result: DiffResult) -> dict[str, Any]:
    """What the page's script sorts by and unfolds."""
    whole = to_dict(result)
    links = {
        path: [[side, where, file_url(where)] for side, where in sides.items() if where]
        for path, sides in whole["sources"].items()
    }
    tables = {name: {row["key"]: row for row in whole[name]} for name in ("layers", "quantities")}
    return {**tables, "sources": links}
