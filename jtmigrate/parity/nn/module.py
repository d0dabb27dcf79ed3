"""The base class, and parameters."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import jittor as jt
import numpy as np
from jittor import nn as stock

from jtmigrate.parity.functional.numerics import dtype_name

COUNTER = "num_batches_tracked"
"""What PyTorch's BatchNorm counts and Jittor's does not: `load_state_dict` passes it over."""


class LoadedKeys(NamedTuple):
    """What a state dict lacked, and what it had too much."""

    missing_keys: list[str]
    unexpected_keys: list[str]


def Parameter(data: jt.Var, requires_grad: bool = True) -> jt.Var:
    """A Var of its own with these values: what a module holds as an attribute is a parameter of it."""
    parameter = data.detach().clone()
    return parameter.start_grad() if requires_grad else parameter.stop_grad()


class Module(stock.Module):
    """A module with PyTorch's methods, which tells buffers from parameters.

    Stock Jittor counts every Var attribute as a parameter: optimizers then decay, and `train()` unfreezes, what PyTorch
    keeps in buffers. `parameters()` here leaves out what was registered; `state_dict()` still holds it. `eval()` does
    not touch gradients. Lists are returned where PyTorch has iterators.
    """

    def register_buffer(self, name: str, tensor: jt.Var | None, persistent: bool = True) -> None:
        """Keep `tensor` as attribute `name`: saved and loaded if `persistent`, never trained."""
        self.__dict__.setdefault("_buffer_names", {})[name] = persistent
        if tensor is not None:
            tensor = tensor.stop_grad()
            tensor.persistent = persistent
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: jt.Var | None) -> None:
        """Keep `param` as attribute `name`."""
        setattr(self, name, param)

    def register_module(self, name: str, module: stock.Module | None) -> None:
        """Keep `module` as attribute `name`."""
        self.add_module(name, module)

    def named_children(self) -> list[tuple[str, stock.Module]]:
        """Modules right below this one, each once."""
        names: dict[int, tuple[str, stock.Module]] = {}
        for name, child in super().named_children():
            names.setdefault(id(child), (name, child))
        return list(names.values())

    def children(self) -> list[stock.Module]:
        """Modules right below this one, each once."""
        return [child for _, child in self.named_children()]

    def buffers(self, recurse: bool = True) -> list[jt.Var]:
        """Buffers of this module and all below it."""
        return [buffer for _, buffer in self.named_buffers(recurse=recurse)]

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> list[tuple[str, jt.Var]]:
        """Buffers with their names, those that are not saved too."""
        return _named([item for item in _variables(self, recurse) if item.is_buffer], prefix, remove_duplicate)

    def parameters(self, recurse: bool = True) -> list[jt.Var]:
        """Trainable Vars only."""
        buffers = {id(buffer) for buffer in self.buffers()}
        return [var for var in super().parameters(recurse) if id(var) not in buffers]

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> list[tuple[str, jt.Var]]:
        """Trainable Vars only, with their names in the state dict."""
        return _named([item for item in _variables(self, recurse) if not item.is_buffer], prefix, remove_duplicate)

    def state_dict(self, to: str | None = None, recurse: bool = True, *, prefix: str = "") -> dict[str, Any]:
        """Parameters and persistent buffers by name, shared ones under each of their names.

        to  "numpy" for arrays, "torch" for tensors
        """
        found = {prefix + item.name: item.var for item in _variables(self, recurse) if item.is_persistent}
        if to is None:
            return found
        arrays = {name: var.numpy() for name, var in found.items()}
        if to == "numpy":
            return arrays
        import torch

        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> LoadedKeys:
        """Copy values into the Vars of these names, which keep their dtype. Values: Vars, arrays or torch's tensors.

        Raises RuntimeError for another shape and, if `strict`, for missing and unexpected names, all of them at once;
        nothing is loaded then.
        """
        own = self.state_dict()
        given = {name: _value(value) for name, value in state_dict.items() if not name.endswith(COUNTER)}
        missing = [name for name in own if name not in given]
        unexpected = [name for name in given if name not in own]
        problems = [
            f"size mismatch for {name}: {tuple(value.shape)} in the file, {tuple(own[name].shape)} in the model"
            for name, value in given.items()
            if name in own and value.shape != own[name].shape
        ]
        if strict:
            problems += [f"missing key: {name}" for name in missing]
            problems += [f"unexpected key: {name}" for name in unexpected]
        if problems:
            raise RuntimeError("\n    ".join([f"state dict does not fit {type(self).__name__}:", *problems]))
        for name, value in given.items():
            if name in own:
                own[name].update(value.cast(own[name].dtype))
                own[name].sync(False, False)
        return LoadedKeys(missing, unexpected)

    def apply(self, fn: Callable[[stock.Module], Any]) -> "Module":
        """Call fn with every module below this one, children first, then with this one."""
        for child in self.children():
            Module.apply(child, fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> "Module":
        """Training mode, or evaluation mode, for this module and all below it."""
        for module in self.modules():
            module.is_train = mode
        return self

    def eval(self) -> "Module":
        """Evaluation mode. Stock Jittor also stops all gradients, and `train()` restarts those of frozen parameters."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> "Module":
        """Freeze all parameters, or train them again."""
        for parameter in self.parameters():
            parameter.start_grad() if requires_grad else parameter.stop_grad()
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Nothing: in Jittor optimizers hold the gradients."""

    def float64(self) -> "Module":
        """Parameters and buffers of floating point to float64."""
        return self._cast("float64", super().float64)

    def float32(self) -> "Module":
        """Parameters and buffers of floating point to float32."""
        return self._cast("float32", super().float32)

    def double(self) -> "Module":
        """As `float64`."""
        return self.float64()

    def float(self) -> "Module":
        """As `float32`."""
        return self.float32()

    def to(self, *args: Any, **kwargs: Any) -> "Module":
        """To another precision: to(jittor.float64). Devices mean nothing: `jittor.flags.use_cuda` decides."""
        for value in (*args, *kwargs.values()):
            name = dtype_name(value)
            if name in ("float64", "float32", "float16", "bfloat16"):
                getattr(self, name)()
        return self

    def cuda(self, device: Any = None) -> "Module":
        """Compute on the GPU, if there is one: for all of Jittor."""
        jt.flags.use_cuda = int(bool(jt.has_cuda))
        return self

    def cpu(self) -> "Module":
        """This module: Jittor moves data by itself."""
        return self

    def _cast(self, dtype: str, cast_parameters: Callable[[], stock.Module]) -> "Module":
        for buffer in self.buffers():
            if buffer.dtype.is_float():
                buffer.assign(buffer.cast(dtype))
        cast_parameters()
        return self


class _Variable(NamedTuple):
    name: str
    var: jt.Var
    is_buffer: bool
    is_persistent: bool


def _variables(model: stock.Module, recurse: bool) -> Iterator[_Variable]:
    """Every Var of a model, shared ones under each of their names; names that begin with _ are not looked at."""
    for path, module in model.named_modules() if recurse else [("", model)]:
        buffers = vars(module).get("_buffer_names", {})
        holder = module.params if isinstance(module, stock.ParameterList) else vars(module)
        for key, value in holder.items():
            if isinstance(value, jt.Var) and not str(key).startswith("_"):
                name = f"{path}.{key}" if path else str(key)
                persistent = buffers.get(key, getattr(value, "persistent", True))
                yield _Variable(name, value, key in buffers, persistent)


def _named(found: list[_Variable], prefix: str, remove_duplicate: bool) -> list[tuple[str, jt.Var]]:
    start = f"{prefix}." if prefix else ""
    seen: set[int] = set()
    named = []
    for item in found:
        if not (remove_duplicate and id(item.var) in seen):
            named.append((start + item.name, item.var))
        seen.add(id(item.var))
    return named


def _value(value: Any) -> jt.Var:
    """A Var with the values of a Var, an array, a list or one of torch's tensors."""
    if isinstance(value, jt.Var):
        return value
    array = value.detach().cpu().numpy() if hasattr(value, "detach") else np.asarray(value)
    with jt.flag_scope(auto_convert_64_to_32=0):
        return jt.array(array)
