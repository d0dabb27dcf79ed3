import functools
from pathlib import Path

from jtmigrate.trace.sources import source_line


def decorated(function):
    @functools.wraps(function)
    def around(*args):
        return function(*args)

    return around


@decorated
def example():
    """Some function."""


def test_the_line_of_the_function_itself_not_of_its_decorator():
    path, _, line = source_line(example).rpartition(":")
    assert Path(path).resolve() == Path(__file__).resolve()
    assert "@decorated" in Path(path).read_text().splitlines()[int(line) - 1]  # the function begins with it


def test_what_is_not_python_has_no_line():
    assert source_line(len) == ""
    assert source_line(eval("lambda: 0")) == ""
