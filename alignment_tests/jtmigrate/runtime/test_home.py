import json

import pytest

from jtmigrate.errors import UserError
from jtmigrate.runtime.home import jittor_cache


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("JITTOR_HOME", raising=False)
    (tmp_path / ".cache/jittor").mkdir(parents=True)
    return tmp_path


def remember(home, text):
    (home / ".cache/jittor/config.json").write_text(text)


def test_the_users_home_by_default(home):
    assert jittor_cache() == home / ".cache/jittor"


def test_the_remembered_one_before_that(home):
    remember(home, json.dumps({"JITTOR_HOME": "/elsewhere"}))
    assert str(jittor_cache()) == "/elsewhere/.cache/jittor"


def test_the_environment_before_all(home, monkeypatch):
    remember(home, json.dumps({"JITTOR_HOME": "/elsewhere"}))
    monkeypatch.setenv("JITTOR_HOME", "/here")
    assert str(jittor_cache()) == "/here/.cache/jittor"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_file_is_named(home, text):
    remember(home, text)
    with pytest.raises(UserError, match=r"config\.json .* delete"):
        jittor_cache()
