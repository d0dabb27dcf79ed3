"""Runs a case of the atlas in both frameworks, through the atlas's own translation, and compares.

float64 forward and backward, float32 forward. Two liberties, which hold for all of Jittor: indices are int32, and what
has no dimension in PyTorch has one of size 1.
"""

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from typing import Any

import jittor as jt
import numpy as np
import torch

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Named
from jtmigrate.port.atlas import ATLAS
from jtmigrate.port.atlas.call import Values, translate
from jtmigrate.port.atlas.entry import Entry, Kind

COUNTER = "num_batches_tracked"
"""PyTorch's count of batches, which Jittor does not have; conversion keeps it beside the weights."""


def check(entry: Entry, case: Case, seed: int) -> None:
    """Both frameworks give the same for this case; AssertionError says what differs."""
    for dtype, limit, gradient in (("float64", case.float64, case.gradient), ("float32", case.float32, False)):
        drawn = _cast(case.make(np.random.RandomState(seed)), dtype)
        expected = _InTorch(dtype, gradient, case.frozen).run(entry, drawn, case)
        with jt.flag_scope(auto_convert_64_to_32=int(dtype != "float64")):
            found = _InJittor(dtype, gradient, case.frozen).run(entry, drawn, case)
        assert found.keys() == expected.keys()
        for name, value in expected.items():
            _assert_same(f"{dtype} {name}", found[name], value, limit if case.values else None)


def resolve(name: str) -> Any:
    """The object with a full name, "torch.nn.Conv2d"."""
    path, *parts = name.split(".")
    thing = import_module(path)
    for part in parts:
        path = f"{path}.{part}"
        if not hasattr(thing, part):
            import_module(path)
        thing = getattr(thing, part)
    return thing


class _Framework:
    """Runs a call: what both frameworks have in common."""

    tensor_type: type

    def __init__(self, dtype: str, gradient: bool, frozen: tuple[str, ...]):
        self.dtype = dtype
        self.gradient = gradient
        self.frozen = frozen
        self.leaves: dict[str, Any] = {}

    def run(self, entry: Entry, drawn: Call, case: Case) -> dict[str, Any]:
        """Results, state and gradients by name, as arrays or plain values."""
        assign = entry.torch.endswith("_")
        args, kwargs, inputs, named_inputs = self._arguments(tuple(drawn), "", assign)
        state = {}
        if entry.kind is Kind.MODULE:
            module = self.make(entry, args, kwargs)
            self.prepare(module, training=case.training)
            parameters, state = self.parameters(module), self.buffers(module)
            self.leaves |= {f" of {name}": value for name, value in parameters.items() if self.gradient}
            result = module(*inputs, **named_inputs)
            state = self.buffers(module)
        else:
            result = self.make(entry, args, kwargs)
        found = _flat("result", result) | _flat("state", state) | (_flat("tensor", args[0]) if assign else {})
        found |= self.gradients({name: value for name, value in found.items() if name != "state"})
        return self.fetch(found)

    def gradients(self, results: Mapping[str, Any]) -> dict[str, Any]:
        """Of a random projection of all results, towards every leaf."""
        if not self.gradient:
            return {}
        directed = [
            (value * self.direction(value)).reshape(-1) for value in results.values() if self.is_differentiable(value)
        ]
        if not directed:
            return {}
        gradients = self.differentiate(directed, list(self.leaves.values()))
        return dict(zip((f"gradient{name}" for name in self.leaves), gradients, strict=True))

    def direction(self, value: Any) -> Any:
        """Standard normal numbers that depend on the shape alone, and are none of those that cases draw."""
        shape = tuple(value.shape) or (1,)
        return self.tensor(np.random.RandomState(2**31).standard_normal(shape).astype(self.dtype)).reshape(shape)

    def _arguments(self, drawn: Any, path: str, assign: bool) -> Any:
        """The same nest with tensors for arrays; those of floating point become leaves."""
        if isinstance(drawn, np.ndarray):
            value = self.tensor(drawn)
            frozen = path.rpartition(".")[2] in self.frozen
            if frozen or not (self.gradient and np.issubdtype(drawn.dtype, np.floating)):
                return value
            self.leaves[path] = leaf = self.leaf(value)
            return self.copied(leaf) if assign or self.tensor_type is torch.Tensor else leaf
        if isinstance(drawn, Named):
            return self.named(drawn)
        if isinstance(drawn, Mapping):
            return {key: self._arguments(value, f"{path}.{key}", assign) for key, value in drawn.items()}
        if type(drawn) in (list, tuple):
            return type(drawn)(self._arguments(value, f"{path}.{i}", assign) for i, value in enumerate(drawn))
        return drawn


class _InTorch(_Framework):
    tensor_type = torch.Tensor

    def tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array.copy())

    def leaf(self, value: torch.Tensor) -> torch.Tensor:
        return value.requires_grad_()

    def copied(self, leaf: torch.Tensor) -> torch.Tensor:
        return leaf.clone()

    def named(self, thing: Named) -> Any:
        found = resolve(thing.torch)
        if thing.called is None:
            return found
        return found(*self._arguments(thing.called.args, "", False), **thing.called.kwargs)

    def make(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        name = entry.torch.rpartition(".")[2]
        if entry.kind is Kind.METHOD:
            return getattr(args[0], name)(*args[1:], **kwargs)
        if entry.kind is Kind.ATTRIBUTE:
            return getattr(args[0], name)
        thing = resolve(entry.torch)
        return thing if entry.kind is Kind.CONSTANT else thing(*args, **kwargs)

    def prepare(self, module: torch.nn.Module, *, training: bool) -> None:
        module.to(getattr(torch, self.dtype)).train(training)
        with torch.no_grad():
            for name, value in module.state_dict().items():
                if value.is_floating_point():
                    value.copy_(torch.from_numpy(_weight(name, tuple(value.shape))))

    def parameters(self, module: torch.nn.Module) -> dict[str, torch.Tensor]:
        return dict(module.named_parameters())

    def buffers(self, module: torch.nn.Module) -> dict[str, torch.Tensor]:
        names = dict(module.named_parameters(remove_duplicate=False))
        return {
            name: value
            for name, value in module.state_dict().items()
            if name not in names and not name.endswith(COUNTER)
        }

    def is_differentiable(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor) and value.requires_grad

    def differentiate(self, directed: list[torch.Tensor], leaves: list[torch.Tensor]) -> list[torch.Tensor]:
        gradients = torch.autograd.grad(torch.cat(directed).sum(), leaves, allow_unused=True)
        return [torch.zeros_like(x) if g is None else g for g, x in zip(gradients, leaves, strict=True)]

    def fetch(self, found: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: value.detach().numpy() if isinstance(value, torch.Tensor) else value for name, value in found.items()
        }


class _InJittor(_Framework):
    tensor_type = jt.Var

    def tensor(self, array: np.ndarray) -> jt.Var:
        return jt.array(array.astype(np.int32) if array.dtype == np.int64 else array)

    def leaf(self, value: jt.Var) -> jt.Var:
        return value

    def copied(self, leaf: jt.Var) -> jt.Var:
        return leaf.clone()

    def named(self, thing: Named) -> Any:
        entry = ATLAS[thing.torch]
        if thing.called is None:
            return resolve(entry.jittor)
        return self.make(entry, self._arguments(thing.called.args, "", False), thing.called.kwargs)

    def make(self, entry: Entry, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        if entry.kind is Kind.CONSTANT:
            return resolve(entry.jittor)
        receiver = args[:1] if entry.kind in (Kind.METHOD, Kind.ATTRIBUTE) else ()
        if entry.kind is Kind.ATTRIBUTE and entry.stays_method:
            return getattr(args[0], entry.jittor.rpartition(".")[2])
        positional, named = translate(entry, args[len(receiver) :], kwargs, Values())
        return resolve(entry.jittor)(*receiver, *positional, **named)

    def prepare(self, module: jt.Module, *, training: bool) -> None:
        for child in module.modules():
            child.is_train = training
        for name, value in module.state_dict().items():
            if value.dtype.is_float():
                value.assign(jt.array(_weight(name, tuple(value.shape)).astype(self.dtype)))

    def parameters(self, module: jt.Module) -> dict[str, jt.Var]:
        return dict(module.named_parameters())

    def buffers(self, module: jt.Module) -> dict[str, jt.Var]:
        names = dict(module.named_parameters())
        return {name: value for name, value in module.state_dict().items() if name not in names}

    def is_differentiable(self, value: Any) -> bool:
        return isinstance(value, jt.Var) and value.dtype.is_float()

    def differentiate(self, directed: list[jt.Var], leaves: list[jt.Var]) -> list[jt.Var]:
        # One sum: in float64 Jittor gets the gradient of a sum of sums wrong once it has run one in float32.
        return jt.grad(jt.concat(directed).sum(), leaves)

    def fetch(self, found: Mapping[str, Any]) -> dict[str, Any]:
        names = [name for name, value in found.items() if isinstance(value, jt.Var)]
        arrays = jt.fetch_sync([found[name] for name in names])
        return {**found, **dict(zip(names, arrays, strict=True))}


def _cast(drawn: Any, dtype: str) -> Any:
    """The same nest with arrays of floating point in `dtype`."""
    if isinstance(drawn, np.ndarray):
        return drawn.astype(dtype) if np.issubdtype(drawn.dtype, np.floating) else drawn
    if isinstance(drawn, Call):
        return Call(*(_cast(value, dtype) for value in drawn))
    if isinstance(drawn, Mapping):
        return {key: _cast(value, dtype) for key, value in drawn.items()}
    if type(drawn) in (list, tuple):
        return type(drawn)(_cast(value, dtype) for value in drawn)
    return drawn


def _weight(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """A parameter or buffer of this name; variances are positive. Different names, different numbers."""
    random = np.random.RandomState(sum(map(ord, name)))
    return random.uniform(0.5, 1.5, shape) if name.endswith("running_var") else random.uniform(-1, 1, shape)


def _flat(name: str, value: Any) -> dict[str, Any]:
    """Every tensor and plain value in a nest of dicts, lists and tuples, by its path."""
    if isinstance(value, Mapping):
        return reduce(dict.__or__, (_flat(f"{name}.{key}", part) for key, part in value.items()), {})
    if isinstance(value, list | tuple | jt.NanoVector):
        return reduce(dict.__or__, (_flat(f"{name}.{i}", part) for i, part in enumerate(value)), {})
    if isinstance(value, torch.dtype) or type(value).__name__ == "NanoString":
        return {name: str(value).removeprefix("torch.")}
    return {name: value}


def _assert_same(name: str, found: Any, expected: Any, limit: float | None) -> None:
    if not isinstance(expected, np.ndarray):
        if isinstance(found, np.ndarray) and found.shape == (1,):
            found = found.item()
        assert found == expected or (found != found and expected != expected), f"{name}: {found!r}, not {expected!r}"
        return
    assert isinstance(found, np.ndarray), f"{name} is no tensor: {found!r}"
    assert found.shape == (expected.shape or (1,)), f"{name}: shape {found.shape}, not {expected.shape}"
    types = {str(found.dtype), str(expected.dtype)}
    assert len(types) == 1 or types == {"int32", "int64"}, f"{name} is {found.dtype}, not {expected.dtype}"
    if limit is not None:
        _assert_close(name, found.reshape(expected.shape), expected, limit)


def _assert_close(name: str, found: np.ndarray, expected: np.ndarray, limit: float) -> None:
    """No element further away than `limit` of the largest; NaN and infinities at the same places."""
    if not np.issubdtype(expected.dtype, np.floating):
        assert (found == expected).all(), f"{name}: {found} is not {expected}"
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(found[~finite], expected[~finite], err_msg=name)
    error = np.abs(np.where(finite, found, 0) - np.where(finite, expected, 0)).max(initial=0)
    scale = np.abs(expected[finite]).max(initial=0)
    assert error <= limit * scale, f"{name}: {error:.2g} away, {error / max(scale, 1e-300):.2g} of the largest value"
