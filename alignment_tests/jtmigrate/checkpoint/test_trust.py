"""`trust` is the only way past a class that is not known, and what is not named stays shut."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import open_checkpoint, read_checkpoint
from jtmigrate.convert import convert
from jtmigrate.errors import UserError

MODULE = """
class Scaled:
    def __init__(self):
        raise AssertionError("a pickle does not call this")

class Box(dict):
    pass

def double(array):
    return array * 2

def fails(array):
    raise ZeroDivisionError("too few")
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A module of the user's own, importable."""
    (tmp_path / "own_module.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import own_module

    return own_module


class Call:
    """Pickled as a call."""

    def __init__(self, function: object, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


def test_a_function_is_called_only_if_trusted(tmp_path: Path, module) -> None:
    value = {"state_dict": {"w": Call(module.double, np.ones(2)), "b": np.zeros(1)}}
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(value, 4))
    with pytest.raises(
        UserError, match=r"'w' is of a kind that is not read \(own_module.double\).*--trust own_module.d"
    ):
        read_checkpoint(tmp_path / "a.pkl")
    assert read_checkpoint(tmp_path / "a.pkl", trust=["own_module.double"]).tensors["w"].tolist() == [2, 2]
    assert convert(tmp_path / "a.pkl", tmp_path / "b.npz", trust=["own_module.double"])
    assert read_checkpoint(tmp_path / "b.npz").tensors["w"].tolist() == [2, 2]


def test_tensors_reach_it_as_arrays(tmp_path: Path, module) -> None:
    torch = pytest.importorskip("torch")
    torch.save({"state_dict": {"w": Call(module.double, torch.ones(2)), "b": torch.ones(1)}}, tmp_path / "a.pth")
    assert read_checkpoint(tmp_path / "a.pth", trust=["own_module.double"]).tensors["w"].tolist() == [2, 2]


def test_a_container_of_the_users_own(tmp_path: Path, module) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(module.Box(w=np.ones(2)), 4))
    with pytest.raises(UserError, match=r"holds one object \(own_module.Box\)"):
        read_checkpoint(tmp_path / "a.pkl")
    assert list(read_checkpoint(tmp_path / "a.pkl", trust=["own_module.Box"]).tensors) == ["w"]


def test_what_trusted_code_raises_is_one_line(tmp_path: Path, module) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": Call(module.fails, np.ones(2))}, 4))
    with pytest.raises(UserError, match=r"the trusted own_module.fails raised ZeroDivisionError: too few"):
        read_checkpoint(tmp_path / "a.pkl", trust=["own_module.fails"])


def test_a_trusted_name_that_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04}\x8c\x01wcno_module\nthing\n)Rs.")
    with pytest.raises(UserError, match=r"the trusted no_module.thing raised ModuleNotFoundError"):
        read_checkpoint(tmp_path / "a.pkl", trust=["no_module.thing"])


def test_trust_is_for_the_names_given(tmp_path: Path, module) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps({"w": np.ones(2), "x": Call(module.fails, 1)}, 4))
    with open_checkpoint(tmp_path / "a.pkl", trust=["own_module.double"]) as contents:
        assert contents.opaque == ("own_module.fails",)
