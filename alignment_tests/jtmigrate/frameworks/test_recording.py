"""Recording and replaying change nothing: not the result, not the buffers, not the parameters, bit for bit."""

from pathlib import Path

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate import pairs
from jtmigrate.errors import UserError
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter


def assert_same_bits(a, b):
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        assert a[name].tobytes() == b[name].tobytes(), name


@pytest.fixture
def weights():
    return TorchAdapter().state(pairs.seeded(pairs.TorchCNN()))


@pytest.fixture
def port(weights):
    def build(*, training):
        model = pairs.JittorCNN()
        JittorAdapter().load_state(model, weights)
        (model.train if training else model.eval)()
        return model

    return build


@pytest.mark.parametrize("training", [False, True])
def test_torch_results_and_model_are_untouched(training):
    adapter = TorchAdapter()
    model, image = pairs.seeded(pairs.TorchCNN()).train(training), torch.tensor(pairs.IMAGE)
    state = adapter.state(model)
    trace = adapter.record(model, pairs.IMAGE)
    adapter.record(model, pairs.IMAGE, dtype="float64")
    adapter.replay(model, trace)
    assert_same_bits(adapter.state(model), state)
    assert not any("forward" in vars(module) for module in model.modules())
    with torch.no_grad():
        plain = model(image)
    assert_same_bits(dict(trace.layers[-1].outputs), {str(i): tensor.numpy() for i, tensor in enumerate(plain)})


def test_torch_records_what_was_there_before_in_place_activations():
    model = pairs.seeded(pairs.TorchMLP())
    trace = TorchAdapter().record(model, pairs.VECTORS)
    with torch.no_grad():
        hidden = model.hidden(torch.tensor(pairs.VECTORS)).numpy()
    np.testing.assert_array_equal(trace.by_key["hidden"].outputs[""], hidden)
    np.testing.assert_array_equal(trace.by_key["act"].inputs["0"], hidden)


def test_a_model_that_fails_in_float64_alone_is_told_what_to_do():
    class Narrowing(pairs.TorchMLP):
        def forward(self, x):
            return super().forward(x.float())

    TorchAdapter().record(Narrowing(), pairs.VECTORS)
    with pytest.raises(UserError, match=r"RuntimeError: mat1.* \(in the float64 run: use --dtype float32, or cast"):
        TorchAdapter().record(Narrowing(), pairs.VECTORS, dtype="float64")


class Doubling(jt.Module):
    def execute(self, ids):
        return ids + ids


@pytest.mark.parametrize("value", [2**31, -(2**31) - 1, 2**40])
def test_integers_that_jittor_would_narrow_are_refused(value):
    ids = np.array([0, value])
    with pytest.raises(UserError, match=f"^input ids holds {value}, which does not fit int32"):
        JittorAdapter().record(Doubling(), {"ids": ids})
    kept = JittorAdapter().record(Doubling(), {"ids": ids}, dtype="float64")
    assert kept.layers[-1].outputs[""].tolist() == [0, 2 * value]


def test_integers_that_fit_are_run():
    ids = np.array([-(2**31), 2**31 - 1, 3]), np.array([], np.int64), np.array([2**32 - 1], np.uint32)
    assert JittorAdapter().record(Doubling(), ids[0][2:]).layers[-1].outputs[""].tolist() == [6]
    JittorAdapter().tensors(ids[:2], "float32")
    with pytest.raises(UserError, match="input 2 holds 4294967295, which does not fit int32"):
        JittorAdapter().tensors(ids, "float32")


class FusingBlock(jt.Module):
    """A depthwise convolution, which Jittor generates itself and fuses with what surrounds it, and a shuffle."""

    def __init__(self):
        self.depthwise = jt.nn.Conv2d(16, 16, 3, padding=1, groups=16, bias=False)
        self.bn1 = jt.nn.BatchNorm(16)
        self.act = jt.nn.LeakyReLU(0.1)
        self.pointwise = jt.nn.Conv2d(16, 16, 1, bias=False)
        self.bn2 = jt.nn.BatchNorm(16)

    def execute(self, x):
        y = self.bn2(self.pointwise(self.act(self.bn1(self.depthwise(x)))))
        y += x
        return jt.concat(list(reversed(y.chunk(2, dim=1))), dim=1)


class Fusing(jt.Module):
    def __init__(self):
        self.stem = jt.nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.blocks = jt.nn.Sequential(*[FusingBlock() for _ in range(6)])
        self.last = jt.nn.Conv2d(16, 5, 1)

    def execute(self, x):
        x = self.blocks(self.stem(x))
        return self.last(x), x.mean(dims=[2, 3])


def fusing(*, training):
    """A `Fusing` with seeded parameters."""
    adapter, model, generator = JittorAdapter(), Fusing(), np.random.default_rng(0)
    values = {name: generator.normal(scale=0.5, size=array.shape) for name, array in adapter.state(model).items()}
    adapter.load_state(model, {name: abs(a) + 0.5 if "var" in name else a for name, a in values.items()})
    (model.train if training else model.eval)()
    return model


@pytest.mark.parametrize("training", [False, True])
def test_jittor_results_and_buffers_are_those_of_a_run_without_recording(training):
    """Bit for bit, although fetching anything too early would change how operators are fused."""
    adapter, images = JittorAdapter(), pairs.noise(2, 3, 64, 64)
    plain = fusing(training=training)
    with jt.no_grad():
        expected = dict(enumerate(var.numpy() for var in plain(jt.array(images))))

    recorded = fusing(training=training)
    trace = adapter.record(recorded, images)

    assert_same_bits({int(name): array for name, array in trace.by_key[""].outputs.items()}, expected)
    assert_same_bits(adapter.state(recorded) | trace.buffers, adapter.state(plain))


@pytest.mark.parametrize("training", [False, True])
def test_jittor_models_are_untouched(port, training):
    adapter, model = JittorAdapter(), port(training=training)
    state = adapter.state(model)
    marks = [var.requires_grad for _, var in model.named_parameters()]
    names = [var.name() for _, var in model.named_parameters()]
    trace = adapter.record(model, pairs.IMAGE)
    adapter.record(model, pairs.IMAGE, dtype="float64")
    adapter.replay(model, trace)
    assert_same_bits(adapter.state(model), state)
    assert marks == [var.requires_grad for _, var in model.named_parameters()]
    assert names == [var.name() for _, var in model.named_parameters()]
    assert not any("execute" in vars(module) for module in model.modules())
    assert jt.flags.auto_convert_64_to_32
    assert not jt.flags.no_grad
    assert np.float32(1e-40) * np.float32(1) != 0


class AddsInPlace(jt.Module):
    def __init__(self):
        self.linear = jt.nn.Linear(4, 4)

    def execute(self, x):
        y = self.linear(x)
        y += x
        return y


def test_jittor_records_what_was_there_before_an_in_place_addition():
    """`y += x` turns the Var that `linear` returned into another one; the record keeps the first."""
    x = pairs.noise(3, 4)
    trace = JittorAdapter().record(AddsInPlace(), x)
    np.testing.assert_array_equal(trace.by_key[""].outputs[""], trace.by_key["linear"].outputs[""] + x)


def test_float64_runs_are_float64_throughout(port):
    for trace in (
        JittorAdapter().record(port(training=False), pairs.IMAGE, dtype="float64"),
        TorchAdapter().record(pairs.seeded(pairs.TorchCNN()), pairs.IMAGE, dtype="float64"),
    ):
        assert {array.dtype for layer in trace.layers for array in layer.outputs.values()} == {np.dtype("float64")}


def test_isolated_replays_do_not_depend_on_each_other(port, monkeypatch):
    """One fetch for many layers gives the same bits as one fetch a layer, in training mode too."""
    reference = TorchAdapter().record(pairs.seeded(pairs.TorchCNN()).train(), pairs.IMAGE)
    together = JittorAdapter().replay(port(training=True), reference)
    monkeypatch.setattr("jtmigrate.frameworks.base.REPLAYS_PER_FETCH", 1)
    one_by_one = JittorAdapter().replay(port(training=True), reference)
    for a, b in zip(together.layers, one_by_one.layers, strict=True):
        assert_same_bits(a.outputs, b.outputs)
        assert_same_bits(a.handed, b.handed)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda state: state.pop("stem.bias"), r"1 missing \(stem.bias\)"),
        (lambda state: state.update(extra=np.zeros(1)), r"1 unexpected \(extra\)"),
        (lambda state: state.update({"stem.bias": np.zeros(3)}), r"stem.bias: \(3,\) in the file, \(8,\) in"),
    ],
)
@pytest.mark.parametrize(
    ("adapter", "model"),
    [(TorchAdapter(), pairs.TorchCNN), (JittorAdapter(), pairs.JittorCNN)],
    ids=["torch", "jittor"],
)
def test_loading_is_strict_and_all_or_nothing(adapter, model, change, complaint, weights):
    target = model()
    before = adapter.state(target)
    change(weights)
    with pytest.raises(UserError, match=complaint):
        adapter.load_state(target, weights)
    assert_same_bits(adapter.state(target), before)


def test_loading_keeps_the_models_dtype_and_gradient_marks(weights):
    adapter, model = JittorAdapter(), pairs.JittorCNN()
    marks = [var.requires_grad for _, var in model.named_parameters()]
    adapter.load_state(model, {name: array.astype(np.float64) for name, array in weights.items()})
    assert {array.dtype for array in adapter.state(model).values()} == {np.dtype("float32")}
    assert marks == [var.requires_grad for _, var in model.named_parameters()]


def test_traces_tell_where_the_code_of_modules_stands():
    torch_trace = TorchAdapter().record(pairs.seeded(pairs.TorchMLP()), pairs.VECTORS)
    jittor_trace = JittorAdapter().record(pairs.evaluating(pairs.JittorMLP()), pairs.VECTORS)
    for trace, method in ((torch_trace, "def forward"), (jittor_trace, "def execute")):
        assert set(trace.sources) == {"", "hidden", "act", "out"}
        for source in trace.sources.values():
            path, _, line = source.rpartition(":")
            assert method in Path(path).read_text().splitlines()[int(line) - 1]
    assert Path(pairs.__file__).name in torch_trace.sources[""]
    assert Path(torch_trace.sources["hidden"].rpartition(":")[0]).name == "linear.py"
