"""`parity.nn.Module` and containers are used as PyTorch's: one function runs with either, both answer alike."""

from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from jtmigrate.parity import nn


def in_torch() -> Any:
    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = torch.nn.Conv2d(3, 4, 1)
            self.body = torch.nn.Sequential(torch.nn.BatchNorm2d(4), torch.nn.ReLU())
            self.scale = torch.nn.Parameter(torch.ones(3))
            self.register_parameter("nothing", None)
            self.register_buffer("steps", torch.arange(3))
            self.register_buffer("scratch", torch.zeros(2), persistent=False)
            self.register_buffer("later", None)
            self.again = self.conv

    return Net()


def in_jittor() -> Any:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.body = nn.Sequential(nn.BatchNorm2d(4), nn.ReLU())
            self.scale = nn.Parameter(jt.ones(3))
            self.register_parameter("nothing", None)
            self.register_buffer("steps", jt.arange(3))
            self.register_buffer("scratch", jt.zeros(2), persistent=False)
            self.register_buffer("later", None)
            self.again = self.conv

    return Net()


def described(net: Any) -> dict[str, Any]:
    """What a module says of itself, by names."""
    order: list[str] = []
    answers = {
        "train": net.train(False) is net and not net.body.training and not net.training,
        "eval": net.eval() is net,
        "trained in eval": len(list(net.parameters())),
        "back": net.train() is net and net.conv.training,
        "double": net.double() is net and "float64" in str(net.body[0].running_mean.dtype),
        "float": net.float() is net and "float32" in str(net.conv.weight.dtype),
        "integers stay": "int" in str(net.steps.dtype),
        "cpu": net.cpu() is net,
        "apply": net.apply(lambda module: order.append(type(module).__name__)) is net,
        "frozen": net.requires_grad_(False) is net,
        "thawed": net.requires_grad_(True) is net,
        "zero_grad": net.zero_grad(),
        "order": order,
        "parameters": sorted(name for name, _ in net.named_parameters()),
        "own parameters": sorted(name for name, _ in net.named_parameters(recurse=False)),
        "with prefix": sorted(name for name, _ in net.named_parameters(prefix="net")),
        "buffers": sorted(name for name, _ in net.named_buffers() if "num_batches" not in name),
        "own buffers": sorted(name for name, _ in net.named_buffers(recurse=False)),
        "children": [type(child).__name__ for child in net.children()],
        "named children": [name for name, _ in net.named_children()],
        "state": sorted(name for name in net.state_dict() if "num_batches" not in name),
    }
    net.later = net.scratch
    return answers | {"a buffer set later": "later" in dict(net.named_buffers())}


def test_module_is_used_as_in_torch() -> None:
    """The order of `apply` and of children is part of it: initialisers depend on it."""
    assert described(in_jittor()) == described(in_torch())


def test_freezing_survives_evaluation() -> None:
    """Stock Jittor thaws in `train()` what was frozen in evaluation mode."""
    net = in_jittor()
    net.eval()
    net.scale.stop_grad()
    net.train()
    assert net.scale.is_stop_grad()
    assert not net.conv.weight.is_stop_grad()


def test_loading_checks_names_and_shapes_all_at_once() -> None:
    net = in_jittor()
    state = {name: value.numpy() for name, value in net.state_dict().items()}
    before = net.scale.numpy().copy()
    state["scale"] = before + 1
    del state["conv.bias"]
    with pytest.raises(RuntimeError, match=r"(?s)size mismatch for steps.*missing key: conv\.bias.*unexpected key: x"):
        net.load_state_dict({**state, "x": np.zeros(1), "steps": np.zeros(2)})
    assert (net.scale.numpy() == before).all()
    found = net.load_state_dict({**state, "x": np.zeros(1), "body.0.num_batches_tracked": np.array(3)}, strict=False)
    assert (found.missing_keys, found.unexpected_keys) == (["conv.bias"], ["x"])
    assert (net.scale.numpy() == before + 1).all()


def test_loading_keeps_the_dtype_and_reads_torchs_tensors() -> None:
    net, original = in_jittor().double(), in_torch()
    net.load_state_dict(original.state_dict())
    assert str(net.conv.weight.dtype) == "float64"
    assert (net.conv.weight.numpy() == original.conv.weight.detach().numpy()).all()


@pytest.mark.parametrize("dtype", [jt.float64, "float64", jt.ones(1).float64().dtype], ids=["jittor", "name", "Var"])
def test_to_takes_every_way_to_name_a_dtype(dtype: Any) -> None:
    layer = nn.Linear(2, 3)
    assert layer.to("cuda", dtype=dtype) is layer
    assert str(layer.bias.dtype) == "float64"


def test_module_list() -> None:
    def described(container: type, make: Any) -> list[Any]:
        modules = [make() for _ in range(5)]
        layers = container(modules[:2])
        layers.append(modules[2])
        layers.extend(modules[3:4])
        layers.insert(1, modules[4])
        layers[0] = modules[1]
        names = [name for name, _ in layers.named_parameters(remove_duplicate=False)]
        places = [modules.index(module) for module in layers]
        part = layers[1:3]
        last = modules.index(layers.pop(-1))
        return [sorted(names), places, len(layers), type(part).__name__, len(part), last, layers[-1] is modules[2]]

    theirs = described(torch.nn.ModuleList, lambda: torch.nn.Linear(2, 2, bias=False))
    assert described(nn.ModuleList, lambda: nn.Linear(2, 2, bias=False)) == theirs
    with pytest.raises(NotImplementedError, match="not called"):
        nn.ModuleList()(jt.ones(1))


def test_sequential_slices_and_names() -> None:
    layers = nn.Sequential({"first": nn.Linear(2, 2), "second": nn.ReLU()})
    assert [name for name, _ in layers.named_children()] == ["first", "second"]
    assert isinstance(layers[:1], nn.Sequential)
    assert layers.append(nn.ReLU()) is layers
    assert layers[-1](jt.ones(2)).shape == [2]


def test_module_dict() -> None:
    def described(container: type, make: Any) -> list[Any]:
        layers = container({"a": make(), "b": make()})
        layers["c"] = make()
        layers.update({"d": make()})
        del layers["a"]
        layers.pop("b")
        names = [name for name, _ in layers.named_parameters()]
        return [names, list(layers), list(layers.keys()), "c" in layers, "a" in layers, len(layers)]

    theirs = described(torch.nn.ModuleDict, lambda: torch.nn.Linear(2, 2, bias=False))
    assert described(nn.ModuleDict, lambda: nn.Linear(2, 2, bias=False)) == theirs


def test_parameter_containers() -> None:
    def described(library: Any, make: Any) -> list[Any]:
        values = library.ParameterList([make(2), make(3)])
        values.append(make(4))
        values.extend([make(5)])
        table = library.ParameterDict({"a": make(2)})
        table["b"] = make(3)
        names = [name for holder in (values, table) for name, _ in holder.named_parameters()]
        return [names, [value.shape[0] for value in values], values[-1].shape[0], list(table), "b" in table]

    theirs = described(torch.nn, lambda size: torch.nn.Parameter(torch.ones(size)))
    assert described(nn, lambda size: nn.Parameter(jt.ones(size))) == theirs


def test_vector_to_parameters() -> None:
    first, second = jt.zeros((2, 2)), jt.zeros(3)
    nn.utils.vector_to_parameters(jt.arange(7).float32(), [first, second])
    assert first.numpy().tolist() == [[0, 1], [2, 3]]
    assert second.numpy().tolist() == [4, 5, 6]
