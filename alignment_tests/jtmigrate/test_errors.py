"""What the user's own code raises is told in one line that says where."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.errors import UserError, raised, telling

MODULE = """
import numpy as np


def fails(*message):
    raise ValueError(*message)


def fails_in_a_package():
    np.concatenate([])
"""


@pytest.fixture
def users(tmp_path, monkeypatch):
    """A module of the user's, in the current folder."""
    (tmp_path / "users.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    spec = importlib.util.spec_from_file_location("users", tmp_path / "users.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told(function, *arguments):
    with pytest.raises(UserError) as error, telling("it"):
        function(*arguments)
    return str(error.value)


def test_all_lines_of_a_message_are_told(users):
    assert told(users.fails, "cannot load:\n\tmissing key 'a'\n") == (
        "it raised ValueError: cannot load: missing key 'a' (users.py:6)"
    )
    assert told(users.fails) == "it raised ValueError (users.py:6)"


def test_a_long_message_is_cut(users):
    found = told(users.fails, "much " * 1000)
    assert len(found) < 400
    assert found.endswith("much... (users.py:6)")


def test_the_place_is_the_last_one_in_the_users_code(users, tmp_path, monkeypatch):
    assert told(users.fails_in_a_package).endswith("(users.py:10)")
    monkeypatch.chdir(tmp_path.parent)
    assert f"({Path(tmp_path.name, 'users.py')}:10)" in told(users.fails_in_a_package)
    assert told(np.concatenate, []).count(".py:") == 1  # this file's


def test_the_end_of_the_program_is_no_result():
    assert raised(SystemExit(0)) == "ended the program (SystemExit: 0)"
    assert raised(SystemExit()) == "ended the program (SystemExit)"
    with pytest.raises(KeyboardInterrupt), telling("it"):
        raise KeyboardInterrupt
