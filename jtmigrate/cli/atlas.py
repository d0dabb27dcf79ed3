"""`jtmigrate atlas`: what becomes of a name of PyTorch in Jittor."""

from typing import Annotated

import typer

from jtmigrate.errors import UserError

SHOWN = 5
"""Entries that are shown in full; of more, only the names are listed."""


def command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="Full name, its end or its beginning: torch.nn.Conv2d, Conv2d, torch.nn.Conv."
        ),
    ] = "",
    document: Annotated[
        bool, typer.Option("--document", help="Write the whole atlas as Markdown (docs/atlas.md).")
    ] = False,
) -> None:
    """Say what a name of PyTorch becomes in Jittor, and what differs without an error.

    Exit code 0 if the name is known, 2 if not.
    """
    from jtmigrate.port.atlas import ATLAS, ENTRIES
    from jtmigrate.port.atlas.document import describe
    from jtmigrate.port.atlas.document import document as whole
    from jtmigrate.port.atlas.find import find, near

    if document:
        typer.echo(whole(ENTRIES), nl=False)
        return
    if not name:
        raise UserError("no name given: jtmigrate atlas torch.nn.Conv2d")
    found = find(name, ATLAS)
    if not found:
        proposed = near(name, ATLAS)
        hint = f"did you mean {', '.join(proposed)}?" if proposed else "see docs/atlas.md for all names"
        raise UserError(f"{name} is not in the atlas; {hint}")
    if len(found) > SHOWN:
        typer.echo("\n".join(f"{entry.torch}: {entry.jittor or 'missing'}" for entry in found))
    else:
        typer.echo("\n\n".join(map(describe, found)))
