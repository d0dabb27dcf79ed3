"""pytest plug-in: the fixture `assert_aligned`, and `--jtmigrate-reports DIR` for the reports of what failed.

Imports nothing of the toolkit before a test asks for it.
"""

import re
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from jtmigrate.compare.result import DiffResult


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("jtmigrate").addoption(
        "--jtmigrate-reports",
        metavar="DIR",
        help="write JSON and HTML of every comparison that fails assert_aligned here",
    )


@pytest.fixture
def assert_aligned() -> "Callable[..., DiffResult]":
    """`jtmigrate.testing.assert_aligned`."""
    from jtmigrate.testing import assert_aligned

    return assert_aligned


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    outcome = yield
    folder = item.config.getoption("--jtmigrate-reports")
    # Nothing can have raised its exception where the module was never imported.
    testing = sys.modules.get("jtmigrate.testing")
    if not (folder and testing and call.excinfo and isinstance(call.excinfo.value, testing.NotAligned)):
        return
    written = _write_reports(call.excinfo.value.result, Path(folder), _file_name(item.nodeid))
    outcome.get_result().sections.append(("jtmigrate", "\n".join(map(str, written))))


def _write_reports(result: "DiffResult", folder: Path, name: str) -> list[Path]:
    from jtmigrate.report.json_report import write_json

    written = [folder / f"{name}.json"]
    write_json(result, written[0])
    if find_spec("jinja2") and find_spec("matplotlib"):
        from jtmigrate.report.html import write_html

        written.append(folder / f"{name}.html")
        write_html(result, written[1])
    return written


def _file_name(node: str) -> str:
    return re.sub(r"[^\w.-]+", "-", node).strip("-")
