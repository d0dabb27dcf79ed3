"""Jinja over the templates of a page and the parts that all pages share."""

from pathlib import Path

import jinja2

SHARED = Path(__file__).parent / "templates"


def environment(templates: Path) -> jinja2.Environment:
    """Text is escaped, and a misspelt name is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader([templates, SHARED]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
