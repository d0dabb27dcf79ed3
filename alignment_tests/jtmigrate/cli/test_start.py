"""The command line starts at once: what is heavy is imported by the command that needs it."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_help_imports_nothing_heavy() -> None:
    code = """
import sys
sys.argv = ["jtmigrate", "--help"]
from jtmigrate.cli.main import main
try:
    main()
finally:
    assert not {"numpy", "torch", "jittor", "yaml", "jinja2", "pydantic"} & set(sys.modules), list(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "convert" in done.stdout


def test_the_functions_stay_functions_whatever_is_imported_before() -> None:
    code = """
import jtmigrate, jtmigrate.convert, jtmigrate.diff
from jtmigrate import convert, diff
from jtmigrate.convert import convert as function
assert jtmigrate.convert is convert is function and jtmigrate.diff is diff and callable(diff)
assert "jtmigrate.convert" in __import__("sys").modules
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
