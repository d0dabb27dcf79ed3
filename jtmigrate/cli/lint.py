"""`jtmigrate lint`: the traps between PyTorch and Jittor, by file and line."""

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from jtmigrate.errors import UserError


class Format(str, Enum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


def command(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="PATH...", help="Python files and folders.")] = None,
    output: Annotated[Format, typer.Option("--format", help="How findings are written.")] = Format.TEXT,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to; else to the screen.")] = None,
    select: Annotated[str, typer.Option(metavar="IDS", help="Only these rules, or their beginnings: JT001,JT03.")] = "",
    ignore: Annotated[str, typer.Option(metavar="IDS", help="All but these rules, or their beginnings.")] = "",
    explain: Annotated[str | None, typer.Option(metavar="ID", help="Say what a rule finds, and what to write.")] = None,
    document: Annotated[bool, typer.Option("--document", help="Write all rules as Markdown (docs/lint.md).")] = False,
) -> None:
    """Find what computes something else in Jittor without an error, in PyTorch code or in a port written by hand.

    A comment `# noqa: JT001` excuses its line.

    Exit code 0 if nothing is found, 1 if something is, 2 if the input is unusable.
    """
    from jtmigrate.files import check_outputs, write_text
    from jtmigrate.port.lint import output as writing
    from jtmigrate.port.lint.document import document as whole
    from jtmigrate.port.lint.document import explain as explained
    from jtmigrate.port.lint.rules import RULES
    from jtmigrate.port.lint.run import chosen, lint_paths
    from jtmigrate.port.rewrite.tree import python_files

    if document:
        typer.echo(whole(RULES), nl=False)
        return
    if explain:
        rule = next((rule for rule in RULES if rule.id == explain.upper()), None)
        if rule is None:
            raise UserError(f"there is no rule {explain}; docs/lint.md lists them all")
        typer.echo(explained(rule), nl=False)
        return
    if not paths:
        raise UserError("nothing to read: jtmigrate lint PATH...")
    if out:
        check_outputs([out], (file for path in paths for file in python_files(path)))
    rules = chosen(_ids(select), _ids(ignore))
    result = lint_paths(paths, rules)
    write = {Format.TEXT: writing.as_text, Format.JSON: writing.as_json}.get(output)
    text = write(result) if write else writing.as_sarif(result, rules)
    if out:
        write_text(out, text)
    else:
        typer.echo(text, nl=False)
    raise typer.Exit(0 if result else 1)


def _ids(text: str) -> tuple[str, ...]:
    return tuple(part.strip().upper() for part in text.split(",") if part.strip())
