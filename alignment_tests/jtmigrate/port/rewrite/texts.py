"""Ports snippets, as the tests of this folder write them."""

from pathlib import PurePosixPath
from textwrap import dedent

from alignment_tests.jtmigrate.port.rewrite.small_atlas import ATLAS
from jtmigrate.port.rewrite.port import Text, port_texts
from jtmigrate.port.rewrite.result import Ported


def port_files(package: str = "", **sources: str) -> dict[str, Ported]:
    """Modules by name, ported together; "__init__" makes the folder a package."""
    texts = [
        Text(
            PurePosixPath(f"{name}.py"), f"{package}.{name}".strip(".").removesuffix(".__init__"), dedent(text).encode()
        )
        for name, text in sources.items()
    ]
    return {file.path.stem: file for file in port_texts(texts, ATLAS)}


def port_one(source: str) -> Ported:
    """One file."""
    return port_files(snippet=source)["snippet"]


def ported(source: str) -> str:
    """The text of one ported file, of which nothing was left."""
    file = port_one(source)
    assert file.problems == ()
    return file.after.decode()


def body(source: str) -> str:
    """The same without what comes before the first blank line: imports."""
    return ported(source).partition("\n\n")[2]


def left(source: str) -> list[str]:
    """Names of what was left."""
    return [problem.name for problem in port_one(source).problems]
