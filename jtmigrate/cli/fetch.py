"""`jtmigrate fetch`: data sets and weights for those who have none yet."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from jtmigrate.errors import UserError

if TYPE_CHECKING:
    from jtmigrate.presets.fetch import Entry, Fetched


def command(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="voc2007, voc2012, coco-val or weights.")] = None,
    to: Annotated[Path, typer.Option(metavar="DIR", help="Where it goes.")] = Path("data"),
    show: Annotated[bool, typer.Option("--list", help="Only say what there is, with sizes and checksums.")] = False,
) -> None:
    """Download a data set or weights, check them, unpack them. Resumes what was interrupted, keeps what is there.

    Exit code 0 if everything is there, 2 if not.
    """
    from rich.console import Console

    from jtmigrate.cli.transfer import transfers
    from jtmigrate.presets.fetch import CATALOGUE, bring

    console = Console(highlight=False, soft_wrap=True, markup=False)
    if show:
        for key, entry in CATALOGUE.items():
            console.print("\n".join(_listed(key, entry)))
        return
    if name is None:
        raise UserError(f"nothing to fetch: give one of {', '.join(CATALOGUE)}; --list tells their sizes")
    with transfers(Console(stderr=True)) as report:
        entry, found = bring(name, to, report)
    for fetched in found:
        console.print(_outcome(fetched))
    console.print(f"next: {entry.then.format(folder=to / entry.folder)}")


def _listed(name: str, entry: "Entry") -> list[str]:
    lines = [f"{name}: {entry.about}"]
    for file in entry.files:
        lines.append(f"    {file.name}  {_size(file.size)}  {file.checksum or 'no checksum known'}")
    return lines


def _outcome(fetched: "Fetched") -> str:
    """Where a file is, how large it is, and what is known of its being the right one."""
    file, download, unpacked = fetched
    checked = "checked" if file.checksum else "not checked, as none is published"
    parts = [
        _size(download.size),
        "fetched" if download.fetched else "was there",
        f"SHA-256 {download.sha256} ({checked})",
    ]
    if unpacked is not None:
        parts.append(f"{unpacked:,} files unpacked")
    return f"{download.path}: {', '.join(parts)}"


def _size(count: int | None) -> str:
    from rich.filesize import decimal

    return "size not known" if count is None else decimal(count)
