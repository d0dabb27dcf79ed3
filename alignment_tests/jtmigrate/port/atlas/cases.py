"""All cases of the atlas, put together from the files beside this one."""

from importlib import import_module
from pathlib import Path

from alignment_tests.jtmigrate.port.atlas.case import Case

FILES = sorted(path.stem for path in Path(__file__).parent.glob("cases_*.py"))

CASES: dict[str, tuple[Case, ...]] = {}
for file in FILES:
    found = import_module(f"alignment_tests.jtmigrate.port.atlas.{file}").CASES
    assert not CASES.keys() & found.keys(), f"{file}: cases of {CASES.keys() & found.keys()} stand elsewhere too"
    CASES |= found
