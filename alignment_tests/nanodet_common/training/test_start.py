"""Which tensors come from a file, and which are fresh."""

from pathlib import Path

import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.checkpoint.tree import same_tree
from nanodet_common.config import Config, load_config
from nanodet_common.errors import InputError
from nanodet_common.initialise import initial_state, lively_state
from nanodet_common.schema import tensor_specs
from nanodet_common.training.start import start_state


@pytest.fixture(scope="module")
def config() -> Config:
    return load_config("nanodet-plus-m_320-voc-cpu")


def weights(path: Path, config: Config, *, training: bool = False, part: str = "", strip: bool = False) -> dict:
    """A file of other values than initial ones; only names that begin with `part`, without it."""
    state = lively_state(tensor_specs(config.model.arch, training=training), seed=5)
    state = {name: array for name, array in state.items() if name.startswith(part)}
    write_checkpoint(
        path, Checkpoint({name.removeprefix(part if strip else ""): array for name, array in state.items()})
    )
    return state


def fresh_of(start) -> set[str]:
    return {name.split(".")[0] if "gfl_cls" not in name or "aux" in name else "head.gfl_cls" for name in start.fresh}


@pytest.mark.parametrize(
    ("load", "fresh"),
    [
        ("full", {"aux_head"}),
        ("transfer", {"aux_head", "head.gfl_cls"}),
        ("backbone", {"fpn", "head", "head.gfl_cls", "aux_fpn", "aux_head"}),
    ],
)
def test_what_is_not_loaded_is_fresh_and_listed(load: str, fresh: set[str], config: Config, tmp_path: Path) -> None:
    given = weights(tmp_path / "a.pth", config)
    start = start_state(config, 3, tmp_path / "a.pth", load)
    initial = initial_state(tensor_specs(config.model.arch, training=True), 3)
    assert fresh_of(start) == fresh
    assert list(start.state) == list(initial)
    for name, array in start.state.items():
        expected = initial[name] if name in start.fresh else given[name.removeprefix("aux_")]
        assert same_tree(array, expected), name


def test_words_count_the_fresh_tensors_by_part(config: Config, tmp_path: Path) -> None:
    weights(tmp_path / "a.pth", config)
    words = start_state(config, 0, tmp_path / "a.pth", "transfer").words()
    assert words.endswith("tensors loaded; copied from the neck: aux_fpn (210); fresh: head.gfl_cls (8), aux_head (32)")


def test_auxiliary_neck_starts_as_the_loaded_neck(config: Config, tmp_path: Path) -> None:
    given = weights(tmp_path / "a.pth", config)
    start = start_state(config, 0, tmp_path / "a.pth", "transfer")
    assert {name for name in start.state if name.startswith("aux_fpn.")} == set(start.copied)
    assert all(np.array_equal(start.state[name], given[name.removeprefix("aux_")]) for name in start.copied)


def test_without_a_file_everything_is_fresh(config: Config) -> None:
    start = start_state(config, 0)
    assert set(start.fresh) == set(start.state)


def test_auxiliary_branch_of_the_file_is_used_where_it_is_the_same(config: Config, tmp_path: Path) -> None:
    weights(tmp_path / "a.pth", config, training=True)
    assert start_state(config, 0, tmp_path / "a.pth", "full").fresh == ()
    dense = load_config("nanodet-plus-m_320-voc")
    assert {name.split(".")[1] for name in start_state(dense, 0, tmp_path / "a.pth", "full").fresh} == {
        "cls_convs",
        "reg_convs",
    }


def test_other_classes_need_transfer(config: Config, tmp_path: Path) -> None:
    weights(tmp_path / "a.pth", config.with_num_classes(3), training=True)
    with pytest.raises(InputError, match=r"a\.pth: does not fit the configuration: .*use --load transfer"):
        start_state(config, 0, tmp_path / "a.pth", "full")
    start = start_state(config, 0, tmp_path / "a.pth", "transfer")
    assert {name for name in start.fresh if name.startswith("aux_")} == {
        "aux_head.gfl_cls.weight",
        "aux_head.gfl_cls.bias",
    }


def test_backbone_of_a_classifier(config: Config, tmp_path: Path) -> None:
    """Its names do not begin with "backbone.", and it has layers that no detector has."""
    given = weights(tmp_path / "a.pth", config, part="backbone.", strip=True)
    write_checkpoint(
        tmp_path / "b.pth",
        Checkpoint({**{name.removeprefix("backbone."): a for name, a in given.items()}, "fc.weight": np.ones((9, 9))}),
    )
    start = start_state(config, 0, tmp_path / "b.pth", "backbone")
    assert all(np.array_equal(start.state[name], array) for name, array in given.items())


@pytest.mark.parametrize("load", ["full", "transfer", "backbone"])
def test_a_file_of_something_else_is_refused(load: str, config: Config, tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "a.pth", Checkpoint({"fc.weight": np.ones((3, 3), np.float32)}))
    with pytest.raises(InputError, match=r"a\.pth: does not fit the configuration"):
        start_state(config, 0, tmp_path / "a.pth", load)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_refused_where_they_are_wanted(config: Config, tmp_path: Path, value: float) -> None:
    given = weights(tmp_path / "a.pth", config)
    given["head.gfl_cls.1.bias"][2] = value
    write_checkpoint(tmp_path / "a.pth", Checkpoint(given))
    with pytest.raises(InputError, match=r"a\.pth: head\.gfl_cls\.1\.bias holds NaN or infinity"):
        start_state(config, 0, tmp_path / "a.pth", "full")
    assert start_state(config, 0, tmp_path / "a.pth", "transfer")
