"""Files of a run, and who may write them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint.tree import read_tree, write_tree
from jtmigrate.errors import UserError
from nanodet_common.errors import InputError
from nanodet_common.training.checkpoint import Identity, Position, RunState, read_state, write_state
from nanodet_common.training.run_folder import RunFolder

ENGINE = {
    "state_dict": {"w": np.ones(3, np.float32)},
    "ema": None,
    "optimizer": {"state": {0: {"step": np.float32(3)[None]}}, "param_groups": [{"lr": 0.1, "params": [0]}]},
    "ema_updates": 3,
    "random": None,
}


def state(*, step: int = 3, framework: str = "torch") -> RunState:
    validations = ({"epoch": 1, "step": 2, "mAP": 0.25, "AP_small": None},)
    return RunState(Position(1, 2, step), Identity("model: {}", 7, "abc"), ENGINE, validations, framework)


@pytest.mark.parametrize("suffix", [".ckpt", ".pkl"])
def test_state_comes_back(suffix: str, tmp_path: Path) -> None:
    write_state(tmp_path / f"last{suffix}", state())
    found = read_state(tmp_path / f"last{suffix}")
    assert (found.position, found.identity, found.framework) == (
        Position(1, 2, 3),
        Identity("model: {}", 7, "abc"),
        "torch",
    )
    assert found.validations == state().validations
    assert set(found.engine) == set(ENGINE)
    assert np.array_equal(found.engine["state_dict"]["w"], ENGINE["state_dict"]["w"])


def test_a_checkpoint_of_old_tells_of_no_validation_set(tmp_path: Path) -> None:
    write_state(tmp_path / "new.ckpt", replace(state(), identity=Identity("", 0, "", "v")))
    assert read_state(tmp_path / "new.ckpt").identity.val == "v"
    entries = dict(read_tree(tmp_path / "new.ckpt").entries)
    del entries["val"]
    write_tree(tmp_path / "old.ckpt", entries)
    assert read_state(tmp_path / "old.ckpt").identity.val is None


def test_another_checkpoint_is_refused(tmp_path: Path) -> None:
    RunFolder(tmp_path).save_weights("best", "torch", {"w": np.ones(1)}, epoch=1)
    with pytest.raises(InputError, match=r"weights_best\.pth: no checkpoint of a training run: it has no 'batch'"):
        read_state(tmp_path / "weights_best.pth")


def test_the_furthest_of_both_frameworks_is_the_newest(tmp_path: Path) -> None:
    folders = {name: RunFolder(tmp_path) for name in ("torch", "jittor")}
    assert folders["torch"].newest() is None
    folders["jittor"].save(state(step=5, framework="jittor"))
    folders["torch"].save(state(step=3))
    for folder in folders.values():
        path, found = folder.newest()
        assert (path.name, found.position.step, found.framework) == ("last.pkl", 5, "jittor")


def test_damaged_checkpoint_is_told_and_not_overlooked(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    folder.save(state())
    folder.checkpoint("torch").write_bytes(folder.checkpoint("torch").read_bytes()[:-100])
    with pytest.raises(UserError, match=r"last\.ckpt"):
        folder.newest()


def test_one_process_at_a_time_and_what_a_killed_one_left_is_removed(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "runs" / "a")
    with folder.taken():
        (folder.path / ".last.ckpt.123.tmp").write_bytes(b"half")
        with pytest.raises(InputError, match="another process is training there"), folder.taken():
            pass
    (folder.path / ".notes.tmp").write_text("of somebody else")
    with folder.taken():
        assert {path.name for path in folder.path.iterdir()} == {".lock", ".notes.tmp"}


def test_a_place_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write to"), RunFolder(tmp_path / "file" / "a").taken():
        pass


def test_sessions_are_added(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    for number in range(2):
        folder.add_session({"number": number})
    assert json.loads((tmp_path / "environment.json").read_text()) == [{"number": 0}, {"number": 1}]


@pytest.mark.parametrize("content", ["{", '{"number": 0}', "[" * 100_000, "\udcff"])
def test_damaged_notes_of_sessions_are_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "environment.json"
    path.write_bytes(content.encode(errors="surrogateescape"))
    with pytest.raises(InputError, match=r"environment\.json: .*; move it away"):
        RunFolder(tmp_path).add_session({"number": 1})
