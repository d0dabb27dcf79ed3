"""Jinja, set up so that text is escaped and a misspelt name is an error. The HTML report alone needs it."""

from pathlib import Path

from jtmigrate.errors import UserError

try:
    import jinja2
    from markupsafe import Markup
except ImportError as error:
    raise UserError("the HTML report needs jinja2: pip install 'jtmigrate[report]'") from error

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
