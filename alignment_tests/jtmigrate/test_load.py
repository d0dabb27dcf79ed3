"""`load`: everything set, or every difference said; in both frameworks."""

from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.pairs import JittorCNN, TorchCNN
from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.errors import UserError
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.load import load
from jtmigrate.naming.name_map import NameMap, Source

STATS = {f"blocks.{i}.bn.{name}" for i in range(2) for name in ("running_mean", "running_var")}


class TorchTied(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Linear(3, 4, bias=False)
        self.out = torch.nn.Linear(3, 4, bias=False)
        self.out.weight = self.embed.weight


class JittorTied(jt.Module):
    def __init__(self):
        self.embed = jt.nn.Linear(3, 4, bias=False)
        self.out = jt.nn.Linear(3, 4, bias=False)
        self.out.weight = self.embed.weight


@pytest.fixture
def trained() -> dict[str, np.ndarray]:
    torch.manual_seed(1)
    state = TorchAdapter().state(TorchCNN())
    return {name: array + 1 if name in STATS else array for name, array in state.items()}


@pytest.fixture(params=[TorchCNN, JittorCNN])
def model(request: pytest.FixtureRequest) -> Any:
    return request.param()


def state(model: Any) -> dict[str, np.ndarray]:
    return (TorchAdapter() if isinstance(model, torch.nn.Module) else JittorAdapter()).state(model)


def assert_holds(model: Any, expected: dict[str, np.ndarray]) -> None:
    for name, array in state(model).items():
        np.testing.assert_array_equal(array, expected[name], strict=array.shape != (), err_msg=name)


def test_a_file_is_set_whole(tmp_path: Path, model: Any, trained: dict[str, np.ndarray]) -> None:
    for suffix in (".pth", ".pkl", ".safetensors"):
        write_checkpoint(tmp_path / f"a{suffix}", Checkpoint(trained))
        result = load(model, tmp_path / f"a{suffix}")
        assert result
        assert set(result.buffers) >= STATS
        assert not set(result.buffers) & set(result.parameters)
        assert set(result.parameters) == {name for name, _ in TorchCNN().named_parameters()}
        assert_holds(model, trained)


def test_a_jittor_model_in_evaluation_mode_still_knows_its_buffers(trained: dict[str, np.ndarray]) -> None:
    port = JittorCNN()
    port.eval()
    assert set(load(port, trained).buffers) == STATS
    port.train()
    assert not port.stem.weight.is_stop_grad()


def test_the_prefix_of_a_wrapper_is_removed_and_told(model: Any, trained: dict[str, np.ndarray]) -> None:
    result = load(model, {f"module.{name}": array for name, array in trained.items()})
    assert result
    assert f"{len(trained)} names: prefix module. removed." in result.notes
    assert_holds(model, trained)


def test_differences_are_raised_with_nothing_set(model: Any, trained: dict[str, np.ndarray]) -> None:
    before = state(model)
    wrong = {**trained, "extra": np.zeros(1), "stem.weight": np.zeros((8, 3, 1, 1), np.float32)}
    del wrong["heads.0.bias"]
    wrong["stem.bias"] = np.full(8, 0.1)
    with pytest.raises(UserError) as caught:
        load(model, wrong)
    for part in (
        "stem.weight: (8, 3, 1, 1) in the file, (8, 3, 3, 3) in the target",
        "stem.bias: float64 in the file, float32 in the target",
        "1 missing (heads.0.bias)",
        "1 unexpected (extra)",
    ):
        assert part in str(caught.value)
    assert_holds(model, before)


def test_without_strict_what_fits_is_set(model: Any, trained: dict[str, np.ndarray]) -> None:
    before = state(model)
    partial = {**trained, "extra": np.zeros(1), "stem.bias": np.full(8, 0.1)}
    del partial["blocks.0.bn.running_mean"]
    result = load(model, partial, strict=False)
    assert not result
    assert result.missing == result.missing_buffers == ("blocks.0.bn.running_mean",)
    assert result.unexpected == ("extra",)
    assert [difference.name for difference in result.dtypes] == ["stem.bias"]
    assert result.shapes == ()
    kept = {name: before[name] for name in ("blocks.0.bn.running_mean", "stem.bias")}
    assert_holds(model, {**trained, **kept})


def test_the_models_dtype_is_kept(model: Any, trained: dict[str, np.ndarray]) -> None:
    """A half precision file would turn stock Jittor's model into a half precision one."""
    halves = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in trained.items()}
    result = load(model, halves)
    floating = sum(array.dtype == np.float32 for array in trained.values())
    assert f"{floating} tensors went from float16 to float32 without loss." in result.notes
    assert_holds(model, {name: array.astype(trained[name].dtype) for name, array in halves.items()})


def test_counters_of_batches_may_be_missing(model: Any, trained: dict[str, np.ndarray]) -> None:
    without = {name: array for name, array in trained.items() if not name.endswith("num_batches_tracked")}
    assert load(model, without)


def test_a_map_of_names(trained: dict[str, np.ndarray]) -> None:
    port = JittorCNN()
    renamed = {f"net/{name}": array for name, array in trained.items()}
    name_map = NameMap({name: Source(f"net/{name}", "by hand") for name in trained})
    assert load(port, renamed, name_map=name_map)
    assert_holds(port, trained)


@pytest.mark.parametrize("tied", [TorchTied, JittorTied])
def test_one_of_tied_names_is_enough(tied: type) -> None:
    weight = np.arange(12, dtype=np.float32).reshape(4, 3)
    model = tied()
    result = load(model, {"embed.weight": weight})
    assert result.notes == ("out.weight is one tensor with embed.weight.",)
    assert_holds(model, {"embed.weight": weight, "out.weight": weight})
    with pytest.raises(UserError, match=r"embed\.weight and out\.weight differ, but are one tensor"):
        load(model, {"embed.weight": weight, "out.weight": weight + 1})


def test_what_is_no_model() -> None:
    with pytest.raises(UserError, match="got dict"):
        load({}, {})
