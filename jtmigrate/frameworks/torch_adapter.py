"""PyTorch models, recorded and replayed on the CPU."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Adapter, DType, floating_as


class TorchAdapter(Adapter):
    """`torch.nn.Module`s. A run happens on a copy of the model, so that the model itself is never touched."""

    name = "torch"
    computing_method = "forward"

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

    @contextmanager
    def running(self, model: torch.nn.Module, dtype: DType) -> Iterator[torch.nn.Module]:
        live = copy.deepcopy(model).to(device="cpu")
        if dtype == "float64":
            live.double()
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            yield live

    @contextmanager
    def unchanged(self, module: torch.nn.Module) -> Iterator[None]:
        before = {name: tensor.clone() for name, tensor in _state(module).items()}
        with torch.random.fork_rng(devices=[]):
            yield
        for name, tensor in _state(module).items():
            if not torch.equal(tensor, before[name]):
                tensor.copy_(before[name])

    def state(self, model: torch.nn.Module) -> dict[str, np.ndarray]:
        return {name: _array(tensor) for name, tensor in model.state_dict().items()}

    def assign(self, model: torch.nn.Module, arrays: Mapping[str, np.ndarray]) -> None:
        own = model.state_dict()
        with torch.no_grad():
            for name, array in arrays.items():
                own[name].copy_(torch.tensor(array))

    def versions(self) -> dict[str, str]:
        return {"torch": torch.__version__}


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


def _state(module: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().to(device="cpu", copy=True).numpy()
