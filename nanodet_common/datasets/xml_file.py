"""Reads XML that nobody vouches for: no document type, no entities, a limit to size and depth."""

from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from nanodet_common.errors import InputError

MAX_BYTES = 16 << 20
MAX_DEPTH = 32
"""VOC's annotations are at most a few kilobytes and five levels deep."""


def read_xml(path: Path) -> Element:
    """The root element. Raises InputError with the reason, without the path, for anything that is not plain XML."""
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise InputError(f"larger than {MAX_BYTES >> 20} MB")
    return parse_xml(content)


def parse_xml(content: bytes) -> Element:
    """The same of a file's content."""
    builder, depth = TreeBuilder(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise InputError(f"nested more than {MAX_DEPTH} deep")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    # Entities can only be declared within a document type, so refusing that refuses them all.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # Beside syntax: an encoding that Python does not know, or one that expat cannot use.
        raise InputError(str(error)) from error
    return builder.close()


def _refuse_doctype(*_: object) -> NoReturn:
    raise InputError("declares a document type, which annotations need not and files that attack do")
