"""What all diagrams share: colours and dress, PNG file contents, drawn by matplotlib without its global state."""

import base64
import io
from collections.abc import Callable
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = ("#4674b8", "#d09218", "#55a468", "#c9362c")
INK, SOFT, LINE = "#1e2126", "#62676f", "#e5e2db"
WIDE, NARROW = 11.0, 4.2
"""Widths in inches, for a screen and for a telephone."""
DOTS_PER_INCH = 110


def plain(name: str) -> str:
    """A name as it stands: a dollar sign would begin a formula."""
    return name.replace("$", r"\$")


def dress(axis: Axes, title: str) -> None:
    """Title, grid and ticks as all diagrams have them."""
    axis.set_title(title, fontsize=9, color=INK, loc="left")
    axis.tick_params(which="both", labelsize=8, colors=SOFT, length=0)
    axis.spines[:].set_visible(False)
    axis.set_axisbelow(True)
    axis.grid(color=LINE, linewidth=0.8)


def png(figure: Figure) -> bytes:
    """Content of a PNG file."""
    content = io.BytesIO()
    FigureCanvasAgg(figure)
    # No date and no version: equal numbers give equal bytes.
    figure.savefig(content, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return content.getvalue()


def drawn(draw: Callable[..., bytes], content: Any) -> dict[str, str]:
    """A picture twice, as data URLs: for a screen and for a telephone. draw: called with content and a width."""
    return {"wide": data_url(draw(content)), "narrow": data_url(draw(content, width=NARROW))}


def data_url(content: bytes) -> str:
    """A PNG file as part of a page."""
    return "data:image/png;base64," + base64.b64encode(content).decode()
