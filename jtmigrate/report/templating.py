"""Jinja, set up so that text is escaped and a misspelt name is an error. The HTML report alone needs it."""

from pathlib import Path

import jinja2
from markupsafe import Markup

__all__ = ["Markup", "environment"]

TEMPLATES = Path(__file__).parent / "templates"


def environment() -> jinja2.Environment:
    """An environment over the folder `templates`."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
