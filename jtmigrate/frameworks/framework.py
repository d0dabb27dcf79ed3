"""`Framework`: what has to be said about a framework so that its models can be recorded and replayed."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal

import numpy as np

from jtmigrate.trace.optimizer import OptimizerState
from jtmigrate.trace.stand_ins import Backward, Write

DType = Literal["float32", "float64"]
Model = Any
Module = Any
Tensor = Any


class Tape(ABC):
    """One backward pass through a whole run, without disturbing it."""

    @abstractmethod
    def watch(self, tensor: Tensor) -> Any:
        """A handle on the gradient that a tensor is going to have."""

    @abstractmethod
    def backward(self, loss: Tensor, parameters: Mapping[str, Tensor]) -> dict[str, Any]:
        """Handles on the gradients of the parameters that the loss depends on."""

    @abstractmethod
    def gradient_of(self, handle: Any) -> Any | None:
        """After `backward`: a handle to fetch, None for a tensor that has no gradient."""


class Framework(ABC):
    """How to find and run the modules of a model, and how to get arrays into and out of them."""

    write: Write | None = None
    """None where no module of the framework writes into its input."""
    name: str
    computing_method: str
    """Name of the method of a module that computes it: `forward` or `execute`."""

    @abstractmethod
    def total(self, terms: Sequence[Tensor]) -> Tensor:
        """The sum of all elements of several tensors."""

    @abstractmethod
    def check_model(self, model: Any) -> None:
        """Raise UserError unless this is a model of the framework."""

    @abstractmethod
    def modules(self, model: Model) -> dict[str, Module]:
        """All modules below the model itself by path; one that has several paths under its first."""

    @abstractmethod
    def has_children(self, module: Module) -> bool:
        """Whether the module holds other modules."""

    @abstractmethod
    def computes(self, module: Module) -> bool:
        """Whether the module is meant to be called, and not a mere list of others."""

    @abstractmethod
    def is_tensor(self, value: Any) -> bool:
        """Whether this is a tensor of the framework."""

    @abstractmethod
    def tensor(self, array: np.ndarray, dtype: DType) -> Tensor:
        """A tensor of its own with the array's values, in `dtype` if they are floating point numbers."""

    @abstractmethod
    def keeper(self) -> Callable[[Tensor], Any]:
        """A function for one run that makes a handle on what a tensor holds now, without disturbing the run."""

    @abstractmethod
    def fetch(self, handles: Sequence[Any]) -> Iterable[np.ndarray]:
        """Compute what handles that `keeper` made stand for, and hand out the arrays one by one."""

    @abstractmethod
    def is_differentiable(self, tensor: Tensor) -> bool:
        """Whether a backward pass can start from a tensor."""

    @abstractmethod
    def tape(self) -> Tape:
        """For one backward pass."""

    @abstractmethod
    def pullback(self, dtype: DType) -> Backward:
        """For backward passes through single calls."""

    @abstractmethod
    def parameters(self, model: Model) -> dict[str, Tensor]:
        """What training would change, by name; a shared parameter under its first."""

    @abstractmethod
    def own_parameters(self, module: Module) -> dict[str, Tensor]:
        """Those of `parameters` that are a module's and not its children's, by local name."""

    @abstractmethod
    def variables(self, module: Module) -> dict[str, Any]:
        """Notes on all persistent parameters and buffers of a module by local name, for `changed`."""

    @abstractmethod
    def changed(self, before: Mapping[str, Any], module: Module) -> dict[str, Any]:
        """Handles on those that hold something else than when `variables` noted them."""

    @abstractmethod
    def backward(self, optimizer: Any, model: Model, loss: Tensor) -> dict[str, Any]:
        """Leave the gradients of a loss where the optimizer looks for them; handles on copies of them, by name."""

    @abstractmethod
    def give_gradients(self, optimizer: Any, model: Model, gradients: Mapping[str, np.ndarray]) -> None:
        """Leave given gradients there instead; parameters without one get none, or zeros."""

    @abstractmethod
    def read_optimizer(self, optimizer: Any, model: Model) -> OptimizerState:
        """A copy of an optimizer's state."""

    @abstractmethod
    def write_optimizer(self, optimizer: Any, model: Model, state: OptimizerState) -> None:
        """Set it. Raises UserError for a state that does not fit."""

    @abstractmethod
    def running(self, model: Model, dtype: DType, *, backward: bool = False) -> AbstractContextManager[Model]:
        """A context with the model to run, in `dtype`, gradients only if asked for; afterwards `model` is as it was."""

    @abstractmethod
    def unchanged(self, module: Module) -> AbstractContextManager[None]:
        """A context that undoes what is done to the parameters and buffers of a module."""

    @abstractmethod
    def state(self, model: Model) -> dict[str, np.ndarray]:
        """Copies of parameters and persistent buffers by name, shared ones under each of their names."""

    @abstractmethod
    def assign(self, model: Model, arrays: Mapping[str, np.ndarray]) -> None:
        """Set parameters and buffers that exist, of the right shape and dtype."""

    @abstractmethod
    def settings(self, model: Model) -> dict[str, dict[str, Any]]:
        """What every module was constructed with, by path and in PyTorch's words."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """Names and versions for a report."""


def floating_as(array: np.ndarray, dtype: DType) -> np.ndarray:
    """The array itself, or in `dtype` if its numbers are floating point ones."""
    return array.astype(dtype, copy=False) if np.issubdtype(array.dtype, np.floating) else array
