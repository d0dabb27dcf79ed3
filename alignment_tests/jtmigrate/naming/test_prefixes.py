"""Which prefixes are taken for a wrapper's, and which copy of a model is taken."""

import pytest

from jtmigrate.errors import UserError
from jtmigrate.naming.prefixes import unwrap


def sources(names: list[str], **options: object) -> dict[str, str]:
    return {target: source.name for target, source in unwrap(names, **options).pairs.items()}


@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model.", "model.module."])
def test_wrappers_are_removed(prefix: str) -> None:
    assert sources([f"{prefix}a.weight", f"{prefix}b"]) == {"a.weight": f"{prefix}a.weight", "b": f"{prefix}b"}


@pytest.mark.parametrize("names", [["module.a", "b"], ["model.a", "lm_head"], ["modules.a"], ["models.a"]])
def test_a_prefix_that_some_names_lack_is_part_of_the_model(names: list[str]) -> None:
    assert sources(names) == {name: name for name in names}


def test_a_prefix_that_the_target_has_is_part_of_the_model() -> None:
    names = ["model.0.weight", "model.0.bias"]
    assert sources(names, target=names) == {name: name for name in names}
    assert sources(names, target=["0.weight", "0.bias"]) == {"0.weight": names[0], "0.bias": names[1]}


def test_only_one_wrapper_of_each_kind_is_removed() -> None:
    assert sources(["model.model.a"]) == {"model.a": "model.model.a"}


def test_trained_weights_are_taken_before_averaged_ones() -> None:
    name_map = unwrap(["model.a", "avg_model.a"])
    assert {target: source.name for target, source in name_map.pairs.items()} == {"a": "model.a"}
    assert name_map.unused == {"avg_model.a": "the model. copy is taken"}


def test_averaged_weights_on_request() -> None:
    name_map = unwrap(["model.a", "avg_model.a"], ema=True)
    assert name_map.pairs["a"].name == "avg_model.a"
    assert list(name_map.unused) == ["model.a"]


def test_averaged_weights_alone_are_taken_and_said() -> None:
    source = unwrap(["avg_model.a", "avg_model.b"]).pairs["a"]
    assert source.name == "avg_model.a"
    assert "averaged" in source.reason


@pytest.mark.parametrize("names", [["a"], ["model.a"], ["module.a"]])
def test_averaged_weights_that_are_not_there(names: list[str]) -> None:
    with pytest.raises(UserError, match="no averaged weights"):
        unwrap(names, ema=True)
