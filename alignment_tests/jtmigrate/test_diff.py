"""Models that are no detector: aligned as they are, and every injected fault found where it was injected."""

import subprocess
import sys
from pathlib import Path

import jittor as jt
import numpy as np
import pytest
from torch import nn as tnn

from alignment_tests.jtmigrate import pairs
from jtmigrate import diff
from jtmigrate.compare.result import Quantity, Verdict
from jtmigrate.diff import ModelPair, Plan, diff_pair
from jtmigrate.errors import UserError
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.parity import nn as pnn


def ported(torch_model, jittor_model, **changed):
    """The port with the original's parameters, some of them replaced by `changed(array)`."""
    state = TorchAdapter().state(torch_model)
    for name, change in changed.items():
        state[name] = change(state[name].copy())
    JittorAdapter().load_state(jittor_model, state)
    (jittor_model.train if torch_model.training else jittor_model.eval)()
    return jittor_model


@pytest.mark.parametrize(
    ("torch_model", "jittor_model", "inputs"),
    [
        (pairs.TorchMLP, pairs.JittorMLP, pairs.VECTORS),
        (pairs.TorchCNN, pairs.JittorCNN, (pairs.IMAGE,)),
        (pairs.TorchTwice, pairs.JittorTwice, pairs.noise(3, 5)),
        (pairs.TorchNested, pairs.JittorNested, {"image": pairs.noise(3, 4), "mask": pairs.noise(3, 4, seed=2)}),
        (lambda: tnn.Linear(6, 3), lambda: jt.nn.Linear(6, 3), pairs.VECTORS),
    ],
    ids=["mlp", "cnn", "twice", "nested", "lone-leaf"],
)
def test_a_faithful_port_is_aligned(torch_model, jittor_model, inputs):
    result = diff(pairs.seeded(torch_model()), pairs.evaluating(jittor_model()), inputs, copy_weights=True)
    assert result, result.failures
    assert result.counts[Verdict.MISMATCH] == result.counts[Verdict.UNCOMPARED] == 0
    assert all(layer.isolated and layer.propagated and layer.float64 and layer.floor for layer in result.layers)
    assert result.meta["peak_memory_mb"] > 0


@pytest.mark.parametrize("precision", ["float32", "float64", "both"])
@pytest.mark.parametrize("mode", ["propagated", "both"])
def test_gradients_of_a_faithful_port_are_aligned_in_any_plan(mode, precision):
    pair = ModelPair(lambda: pairs.seeded(pairs.TorchMLP()), pairs.JittorMLP, pairs.VECTORS)
    result = diff_pair(pair, Plan(mode=mode, precision=precision, copy_weights=True, backward=True))
    assert result, result.failures
    assert any(each.quantity is Quantity.PARAMETER_GRADIENT for each in result.quantities)


def bump(array):
    array.flat[0] *= 1.001
    return array


def through_float16(array):
    return array.astype(np.float16).astype(np.float32)


def nan(array):
    array.flat[0] = np.nan
    return array


@pytest.mark.parametrize(
    ("port", "changed", "at_fault", "cause"),
    [
        (pairs.JittorCNN, {"blocks.1.conv.weight": bump}, "blocks.1.conv", "blocks.1.conv.weight differs"),
        (pairs.JittorCNN, {"blocks.0.bn.running_mean": bump}, "blocks.0.bn", "blocks.0.bn.running_mean differs"),
        (pairs.JittorCNN, {"stem.weight": through_float16}, "stem", "float16"),
        (pairs.JittorCNN, {"heads.1.bias": nan}, "heads.1", "heads.1.bias has NaN"),
        (lambda: pairs.JittorCNN(swapped=True), {}, "blocks.1", "concatenation along axis 1 are swapped"),
        (lambda: pairs.JittorCNN(residual=False), {}, "blocks.1", "does not add input 0"),
        (lambda: pairs.JittorCNN(calls_norm=False), {}, "blocks.1", "does not call blocks.1.bn"),
    ],
    ids=["parameter", "buffer", "float16", "nan", "swapped-concat", "no-residual", "never-called"],
)
def test_a_fault_in_the_cnn_is_found_where_it_is(port, changed, at_fault, cause):
    original = pairs.seeded(pairs.TorchCNN())
    result = diff(original, ported(original, port(), **changed), pairs.IMAGE)
    assert not result
    assert result.first_fault.key == at_fault
    assert result.first_fault.own_fault
    assert cause in result.cause


@pytest.mark.parametrize("slope", [0.2, 0.1 * (1 + 1e-4)])
def test_a_wrong_slope_is_found(slope):
    original = pairs.seeded(pairs.TorchMLP())
    result = diff(original, ported(original, pairs.JittorMLP(slope)), pairs.VECTORS)
    assert result.first_fault.key == "act"
    assert (result.fault_map.rows, result.fault_map.columns) == (3, 16)
    assert max(map(max, result.fault_map.errors)) == result.first_fault.isolated.scaled
    reference, candidate = result.sources["act"]
    assert "activation.py" in reference
    assert "parity" in candidate


def test_a_fault_that_only_float64_sees_is_found():
    original = pairs.seeded(pairs.TorchMLP())
    result = diff(original, ported(original, pairs.JittorMLP(pairs.SLOPE * (1 + 1e-7))), pairs.VECTORS)
    assert result.first_fault.key == "act"
    assert not result.first_fault.own_fault
    assert result.cause == "its negative_slope is 0.10000001 instead of 0.1"


def test_a_module_called_once_too_often_is_found():
    original = pairs.seeded(pairs.TorchTwice())
    result = diff(original, ported(original, pairs.JittorTwice(3)), pairs.noise(3, 5))
    assert result.first_fault.key == ""
    assert "calls act once more" in result.cause


@pytest.mark.parametrize(("batch_norm", "aligned"), [(jt.nn.BatchNorm, False), (pnn.BatchNorm2d, True)])
def test_a_variance_that_cancels_is_a_mismatch_in_float32_only(batch_norm, aligned):
    """Stock Jittor computes it as E[x^2] - E[x]^2: worthless where the mean is 30 times the deviation."""
    original = pairs.seeded(pairs.TorchNorm()).train()
    inputs = pairs.noise(4, 4, 32, 32, mean=30)
    result = diff(original, ported(original, pairs.JittorNorm(batch_norm)), inputs)
    assert bool(result) is aligned, result.failures
    if not aligned:
        assert result.first_fault.key == "bn"
        assert result.first_fault.reason.startswith("float32 only")
        assert "numerically poor" in result.cause


def test_nan_on_both_sides_fails_unless_allowed():
    original = pairs.seeded(pairs.TorchMLP())
    inputs = pairs.VECTORS.copy()
    inputs[0, 0] = np.nan
    result = diff(original, ported(original, pairs.JittorMLP()), inputs)
    assert not result
    assert any("NaN" in failure for failure in result.failures)


def test_a_module_that_only_the_original_has_needs_a_reason():
    original = pairs.seeded(pairs.TorchMLP())
    original.spare = tnn.Tanh()
    port = ported(original, pairs.JittorMLP())
    result = diff(original, port, pairs.VECTORS)
    assert not result
    assert [layer.key for layer in result.layers if layer.verdict is Verdict.UNCOMPARED] == ["spare"]


class EmptyTorch(tnn.Module):
    def forward(self, x):
        return None


class EmptyJittor(jt.Module):
    def execute(self, x):
        return None


def test_a_model_that_returns_nothing_is_never_a_pass():
    result = diff(EmptyTorch(), EmptyJittor(), pairs.VECTORS)
    assert not result
    assert "no layer was compared" in result.failures


def test_a_run_can_be_any_function_of_the_model():
    original = pairs.seeded(pairs.TorchCNN())
    port = ported(original, pairs.JittorCNN())
    result = diff(
        original,
        port,
        pairs.IMAGE,
        call_torch=lambda model, image: [head(model.blocks(model.stem(image))) for head in model.heads],
        call_jittor=lambda model, image: [head(model.blocks(model.stem(image))) for head in model.heads],
    )
    assert result, result.failures
    assert result.layers[-1].key == ""


def test_parameters_are_compared_as_they_are_unless_copied():
    original = pairs.seeded(pairs.TorchMLP())
    result = diff(original, pairs.evaluating(pairs.JittorMLP()), pairs.VECTORS)
    assert not result
    assert {parameter.verdict for parameter in result.parameters} == {Verdict.MISMATCH}


@pytest.mark.parametrize(
    ("models", "inputs", "complaint"),
    [
        ((pairs.JittorMLP, pairs.JittorMLP), pairs.VECTORS, "expected a torch.nn.Module, got JittorMLP"),
        ((pairs.TorchMLP, pairs.TorchMLP), pairs.VECTORS, "expected a jittor.Module, got TorchMLP"),
        ((pairs.TorchMLP, pairs.JittorMLP), {}, "no array among the inputs"),
        ((pairs.TorchMLP, pairs.JittorMLP), np.zeros((0, 6), np.float32), "the inputs hold no element"),
        ((pairs.TorchMLP, pairs.JittorMLP), pairs.noise(3, 7), r"hidden \(Linear\) raised RuntimeError"),
    ],
)
def test_mistakes_are_told_in_one_line(models, inputs, complaint):
    with pytest.raises(UserError, match=complaint):
        diff(*(model() for model in models), inputs)


def test_a_port_in_another_precision_is_named():
    port = pairs.evaluating(pairs.JittorMLP())
    for parameter in port.parameters():
        parameter.assign(parameter.float16())
    with pytest.raises(UserError, match="is float16 and 3 more; make all of it float32"):
        diff(pairs.seeded(pairs.TorchMLP()), port, pairs.VECTORS)


def test_importing_jtmigrate_imports_no_framework():
    code = "import sys, jtmigrate.cli.main; assert not {'torch', 'jittor'} & set(sys.modules); jtmigrate.diff.__call__"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
