import pytest

from jtmigrate.errors import UserError
from jtmigrate.runtime import core
from jtmigrate.runtime.core import Progress, compile_core, parse_progress, process_lines


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Compiling jittor_core(7/150) used: 6.069s eta: 123.977s", Progress("Jittor's core", 7, 150)),
        ("Compiling gen_ops_mkl_conv_mkl_matmul___hash7f1612(2/7) used", Progress("oneDNN operators", 2, 7)),
        ("Compiling Operators(3/3) used: 2.32s eta:    0s", Progress("kernels", 3, 3)),
        ("Compiling something_new(1/2)", Progress("something_new", 1, 2)),
        ("[i 1122 13:23:47 88 compiler.py:956] g++ at /usr/bin/g++(12.2.0)", None),
    ],
)
def test_parse_progress(line, expected):
    assert parse_progress(line) == expected


def test_progress_is_reported_and_the_rest_kept():
    reported = []
    kept = list(process_lines(["before\n", "Compiling Operators(1/2)\n", "after\n"], reported.append))
    assert (reported, kept) == ([Progress("kernels", 1, 2)], ["before", "after"])


def test_carriage_returns_end_lines(monkeypatch):
    monkeypatch.setattr(core, "PROGRAM", r"print('Compiling a(1/2)\rCompiling a(2/2)\r', end='')")
    reported = []
    compile_core(reported.append)
    assert reported == [Progress("a", 1, 2), Progress("a", 2, 2)]


def test_a_failure_ends_with_what_jittor_said(monkeypatch):
    monkeypatch.setattr(core, "PROGRAM", "raise RuntimeError('no compiler')")
    with pytest.raises(UserError, match=r"does not work here[\s\S]*RuntimeError: no compiler"):
        compile_core(print)
