import io
from contextlib import contextmanager

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from jtmigrate.cli import doctor
from jtmigrate.errors import UserError
from jtmigrate.runtime import Preparation
from jtmigrate.runtime.checks import Check, Status
from jtmigrate.runtime.core import Progress

APP = typer.Typer()
APP.command()(doctor.command)

FINE = Check("make", Status.OK, "/usr/bin/make")
SLOW = Check("Jittor core", Status.WARN, "not compiled", "jtmigrate doctor --fix")
BROKEN = Check("numpy", Status.FAULT, "2.1", "pip install 'numpy<2'")


@pytest.mark.parametrize(("found", "code"), [([FINE], 0), ([FINE, SLOW], 0), ([FINE, BROKEN], 1)])
def test_exit_code(found, code, monkeypatch):
    monkeypatch.setattr(doctor, "checks", lambda: found)
    result = CliRunner().invoke(APP, [])
    assert result.exit_code == code
    assert all(check.name in result.stdout and check.fix in result.stdout for check in found)


def test_fix_prepares_compiles_and_looks_again(monkeypatch):
    calls = []
    monkeypatch.setattr(doctor, "prepare", lambda: calls.append("prepare") or Preparation(()))
    monkeypatch.setattr(doctor, "compile_core", lambda report: calls.append("compile"))
    monkeypatch.setattr(doctor, "checks", lambda: calls.append("checks") or [FINE])
    assert CliRunner().invoke(APP, ["--fix"]).exit_code == 0
    assert calls == ["prepare", "compile", "checks"]


def test_what_cannot_be_mended_is_said_and_the_table_still_shown(monkeypatch):
    def prepare():
        raise UserError("jittor is not installed")

    monkeypatch.setattr(doctor, "prepare", prepare)
    monkeypatch.setattr(doctor, "checks", lambda: [FINE])
    result = CliRunner().invoke(APP, ["--fix"])
    assert result.exit_code == 1
    assert "not mended: jittor is not installed" in result.stdout
    assert "make" in result.stdout


@contextmanager
def recorded(**options):
    console = Console(file=io.StringIO(), width=80, **options)
    with doctor.progress_reporter(console) as report:
        yield console.file, report


def test_progress_in_a_log_is_sparse():
    with recorded() as (output, report):
        for done in range(1, 71):
            report(Progress("kernels", done, 70))
    assert output.getvalue().splitlines()[1:] == [f"compiling kernels: {done} of 70" for done in (30, 60, 70)]


def test_progress_on_a_terminal_is_a_bar():
    with recorded(force_terminal=True) as (output, report):
        report(Progress("kernels", 35, 70))
    assert "35/70" in output.getvalue()
