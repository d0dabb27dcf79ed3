"""PyTorch models, recorded and replayed on the CPU."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Adapter
from jtmigrate.frameworks.framework import DType, Tape, floating_as
from jtmigrate.frameworks.torch_optimizer import read_optimizer, write_optimizer
from jtmigrate.frameworks.torch_settings import model_settings
from jtmigrate.trace.optimizer import OptimizerState
from jtmigrate.trace.stand_ins import Backward


class TorchAdapter(Adapter):
    """`torch.nn.Module`s. A run happens on a copy of the model, so that the model itself is never touched."""

    name = "torch"
    computing_method = "forward"

    @staticmethod
    def write(tensor: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        before = tensor.clone()
        tensor.copy_(value)
        return before

    def total(self, terms: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([term.reshape(-1) for term in terms]).sum()

    def check_model(self, model: Any) -> None:
        if not isinstance(model, torch.nn.Module):
            raise UserError(f"expected a torch.nn.Module, got {type(model).__name__}")

    def modules(self, model: torch.nn.Module) -> dict[str, torch.nn.Module]:
        return {path: module for path, module in model.named_modules() if module is not model}

    def has_children(self, module: torch.nn.Module) -> bool:
        return next(module.children(), None) is not None

    def computes(self, module: torch.nn.Module) -> bool:
        return type(module).forward is not torch.nn.Module.forward

    def is_tensor(self, value: Any) -> bool:
        return isinstance(value, torch.Tensor)

    def tensor(self, array: np.ndarray, dtype: DType) -> torch.Tensor:
        return torch.tensor(floating_as(array, dtype))

    def keeper(self) -> Callable[[torch.Tensor], torch.Tensor]:
        return _Keeper().keep

    def fetch(self, handles: Sequence[torch.Tensor]) -> list[np.ndarray]:
        return [handle.numpy() for handle in handles]

    def is_differentiable(self, tensor: torch.Tensor) -> bool:
        return tensor.requires_grad

    def tape(self) -> Tape:
        return _Tape()

    def backward(
        self, optimizer: torch.optim.Optimizer, model: torch.nn.Module, loss: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        optimizer.zero_grad()
        loss.backward()
        parameters = self.parameters(model)
        return {name: _apart(each.grad) for name, each in parameters.items() if each.grad is not None}

    def give_gradients(
        self, optimizer: torch.optim.Optimizer, model: torch.nn.Module, gradients: Mapping[str, np.ndarray]
    ) -> None:
        optimizer.zero_grad()
        for name, parameter in self.parameters(model).items():
            if name in gradients:
                parameter.grad = torch.tensor(gradients[name]).to(parameter.dtype)

    def read_optimizer(self, optimizer: torch.optim.Optimizer, model: torch.nn.Module) -> OptimizerState:
        return read_optimizer(optimizer, model)

    def write_optimizer(self, optimizer: torch.optim.Optimizer, model: torch.nn.Module, state: OptimizerState) -> None:
        write_optimizer(optimizer, model, state)

    def pullback(self, dtype: DType) -> Backward:
        return _Pullback()

    def parameters(self, model: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}

    def own_parameters(self, module: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {name: each for name, each in module.named_parameters(recurse=False) if each.requires_grad}

    def variables(self, module: torch.nn.Module) -> dict[str, torch.Tensor]:
        return {name: tensor.detach().clone() for name, tensor in module.named_buffers()}

    def changed(self, before: Mapping[str, torch.Tensor], module: torch.nn.Module) -> dict[str, torch.Tensor]:
        after = dict(module.named_buffers())
        return {name: after[name].detach().clone() for name in before if not _same(before[name], after[name])}

    @contextmanager
    def running(self, model: torch.nn.Module, dtype: DType, *, backward: bool = False) -> Iterator[torch.nn.Module]:
        live = copy.deepcopy(model).to(device="cpu")
        live.zero_grad(set_to_none=True)
        if dtype == "float64":
            live.double()
        with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(backward):
            yield live

    @contextmanager
    def unchanged(self, module: torch.nn.Module) -> Iterator[None]:
        before = {name: tensor.detach().clone() for name, tensor in _state(module).items()}
        with torch.random.fork_rng(devices=[]):
            yield
        with torch.no_grad():
            for name, tensor in _state(module).items():
                if not _same(tensor, before[name]):
                    tensor.copy_(before[name])

    def state(self, model: torch.nn.Module) -> dict[str, np.ndarray]:
        return {name: _array(tensor) for name, tensor in model.state_dict().items()}

    def assign(self, model: torch.nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
        own = model.state_dict()
        with torch.no_grad():
            for name, array in arrays.items():
                own[name].copy_(torch.tensor(array))

    def settings(self, model: torch.nn.Module) -> dict[str, dict[str, Any]]:
        return model_settings(model)

    def versions(self) -> dict[str, str]:
        return {"torch": torch.__version__}


class _Tape(Tape):
    """Tensor hooks: they see the gradient of a tensor as it was when watched, whatever is done to it in place later."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], tuple[torch.Tensor, list[torch.Tensor]]] = {}

    def watch(self, tensor: torch.Tensor) -> list[torch.Tensor]:
        if not tensor.requires_grad:
            return []
        key = (id(tensor), tensor._version)
        if key not in self._seen:
            found: list[torch.Tensor] = []
            tensor.register_hook(lambda gradient: found.append(_apart(gradient)))
            self._seen[key] = (tensor, found)
        return self._seen[key][1]

    def backward(self, loss: torch.Tensor, parameters: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        loss.backward()
        return {name: _apart(each.grad) for name, each in parameters.items() if each.grad is not None}

    def gradient_of(self, handle: list[torch.Tensor]) -> torch.Tensor | None:
        return handle[-1] if handle else None


class _Pullback(Backward):
    """`torch.autograd.grad` through one call."""

    def source(self, tensor: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if not tensor.is_floating_point():
            return tensor, tensor
        tensor.requires_grad_()
        return tensor, tensor.clone()  # what is done to the clone in place leaves the source alone

    def pull_back(
        self,
        targets: Sequence[tuple[torch.Tensor, Callable[[tuple[int, ...]], np.ndarray]]],
        sources: Mapping[str, torch.Tensor],
    ) -> dict[str, torch.Tensor]:
        targets = [(tensor, weigh) for tensor, weigh in targets if _has_graph(tensor)]
        sources = {name: source for name, source in sources.items() if source.requires_grad}
        if not (targets and sources):
            return {}
        cotangents = [torch.tensor(weigh(tuple(tensor.shape))).to(tensor.dtype) for tensor, weigh in targets]
        found = torch.autograd.grad([t for t, _ in targets], list(sources.values()), cotangents, allow_unused=True)
        return {name: _apart(each) for name, each in zip(sources, found, strict=True) if each is not None}


class _Keeper:
    """Clones what it sees: an in-place activation may write over any tensor as soon as its layer has returned.

    A tensor that leaves one module and enters the next unchanged is cloned once. Holding on to the tensor itself keeps
    its `id` from being given to another one.
    """

    def __init__(self) -> None:
        self._clones: dict[tuple[int, int], tuple[torch.Tensor, torch.Tensor]] = {}

    def keep(self, tensor: torch.Tensor) -> torch.Tensor:
        key = (id(tensor), tensor._version)
        if key not in self._clones:
            clone = tensor.detach().to(device="cpu", memory_format=torch.contiguous_format, copy=True)
            self._clones[key] = (tensor, clone)
        return self._clones[key][1]


def _apart(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def _has_graph(tensor: torch.Tensor) -> bool:
    """Whether a backward pass can start here; a view that was made without gradients only says that it could."""
    return tensor.grad_fn is not None or (tensor.requires_grad and not tensor._is_view())


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors of one shape hold the same values; NaN equals NaN."""
    return torch.equal(a, b) or torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)


def _state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to(device="cpu", copy=True).numpy()
