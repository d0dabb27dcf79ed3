import json
import os
import subprocess
import sys

import pytest

from jtmigrate.errors import UserError
from jtmigrate.runtime import onednn, preparation

PREPARED = ("nvcc_path", "cache_name", "OMP_NUM_THREADS")


@pytest.fixture(autouse=True)
def fresh(tmp_path, monkeypatch):
    """A process that has not imported jittor, on a bare x86-64 Linux machine, with an empty cache."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    for name in (*PREPARED, "use_mkl", "log_silent", "mkl_include_path", "mkl_lib_path"):
        os.environ.pop(name, None)
    os.environ["JITTOR_HOME"] = str(tmp_path)
    monkeypatch.delitem(sys.modules, "jittor", raising=False)
    monkeypatch.setattr(preparation, "find_spec", lambda name: object())
    monkeypatch.setattr(preparation, "on_supported_platform", lambda: True)
    monkeypatch.setattr(preparation, "has_cuda_driver", lambda: False)
    monkeypatch.setattr(onednn, "build", lambda target: None)


def kinds():
    return [note.kind for note in preparation.prepare().notes]


def test_sets_what_the_user_has_not():
    os.environ["OMP_NUM_THREADS"] = "1"
    assert kinds() == ["done", "done", "left alone", "done"]
    assert [os.environ[name] for name in PREPARED] == ["", "default", "1"]


def test_again_it_changes_nothing(monkeypatch):
    preparation.prepare()
    monkeypatch.setattr(onednn, "is_complete", lambda target: True)
    before = dict(os.environ)
    assert set(kinds()) == {"left alone"}
    assert os.environ == before


def test_never_sets_jittor_home():
    del os.environ["JITTOR_HOME"]
    preparation.prepare()
    assert "JITTOR_HOME" not in os.environ


@pytest.mark.parametrize(
    "change",
    [
        lambda patch: patch.setitem(sys.modules, "jittor", object()),
        lambda patch: patch.setattr(preparation, "on_supported_platform", lambda: False),
        lambda patch: patch.setattr(preparation, "has_cuda_driver", lambda: True),
    ],
    ids=["already imported", "other platform", "CUDA"],
)
def test_leaves_jittors_own_way_in_place(change, monkeypatch):
    change(monkeypatch)
    before = dict(os.environ)
    assert kinds() == ["left alone"]
    assert os.environ == before


def test_a_user_without_cuda_on_a_cuda_machine_is_prepared(monkeypatch):
    monkeypatch.setattr(preparation, "has_cuda_driver", lambda: True)
    os.environ["nvcc_path"] = ""
    assert "done" in kinds()


def test_without_jittor_it_says_so(monkeypatch):
    monkeypatch.setattr(preparation, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="jittor is not installed: pip install"):
        preparation.prepare()


def test_onednn_is_not_wanted_without_mkl(monkeypatch):
    monkeypatch.setattr(onednn, "build", lambda target: pytest.fail("built"))
    os.environ["use_mkl"] = "0"
    assert kinds()[-1] == "left alone"


@pytest.mark.parametrize("names", [("log_silent",), ("mkl_include_path", "mkl_lib_path")])
def test_warns_of_variables_that_spoil_a_run(names):
    os.environ.update(dict.fromkeys(names, "1"))
    first = preparation.prepare().lines[0]
    assert first.startswith("warning: ")
    assert all(name in first for name in names)


def test_imports_no_framework():
    program = "import json, sys; from jtmigrate import runtime; runtime.prepare(); print(json.dumps([*sys.modules]))"
    loaded = json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
    assert not {"jittor", "jittor_utils", "torch"} & set(loaded)
