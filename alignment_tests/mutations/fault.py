"""What a mutation is: a kind of fault, how it is drawn and put into a port, and what has to be found."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Literal

import jittor as jt
import numpy as np

from jtmigrate.compare.result import Quantity
from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.jittor_adapter import JittorAdapter

Group = Literal[
    "parameters",
    "hyper-parameters",
    "layers",
    "in-place and detach",
    "loss",
    "assigner",
    "optimizer",
    "buffers",
    "data",
    "NaN",
    "float32 only",
]
Change = Callable[[np.ndarray], np.ndarray]
Compute = Callable[..., Any]


@dataclass(frozen=True)
class Fault:
    """One fault at one place.

    path        of the module or stage at fault, "" for the model itself
    what        was done, in words for a report
    inject      the same pair with the fault in its port
    during      a context that holds while the pair is compared, for faults in functions: it puts them back
    quantities  what the fault may show in, where it has no place among the layers; the path is then not looked at
    size        how large it is in units of the noise floor, where that was drawn
    """

    path: str
    what: str
    inject: Callable[[ModelPair], ModelPair] = lambda pair: pair
    during: Callable[[], AbstractContextManager] = nullcontext
    quantities: frozenset[Quantity] = frozenset()
    size: float | None = None


@dataclass(frozen=True)
class Mutation:
    """A kind of fault.

    scene       the pair of models that it is injected into, a name from `scenes.SCENES`
    draw        one fault of this kind; where there is a choice it is left to the draw's random numbers
    cause       regular expression for what a sentence that names the cause has to say
    rehearsed   one of the ten kinds that the hypotheses about causes were written against
    """

    name: str
    group: Group
    scene: str
    draw: Callable[["Draw"], Fault]
    cause: str
    rehearsed: bool = False


class Draw:
    """Random numbers, and what there is to choose from in a port.

    modules  of a port without fault, by path, in the order in which the reference calls them
    state    its parameters and buffers
    floors   noise floor of each module
    """

    def __init__(
        self,
        random: np.random.Generator,
        modules: dict[str, jt.Module],
        state: dict[str, np.ndarray],
        floors: dict[str, float],
    ):
        self.modules, self.state, self.floors = modules, state, floors
        self.drawn = False
        self._random = random

    def one_of(self, choices: list[Any]) -> Any:
        """One of several, each as likely as the others."""
        self.drawn = self.drawn or len(choices) > 1
        return choices[self._random.integers(len(choices))]

    def module(self, *kinds: type, where: Callable[[jt.Module], bool] = lambda module: True) -> str:
        """Path of a module of one of these kinds."""
        return self.one_of(
            [path for path, module in self.modules.items() if isinstance(module, kinds) and where(module)]
        )

    def floors_times(self, lowest: float = 10, highest: float = 1e4) -> float:
        """How many noise floors large a fault is, every power of ten as likely as the next."""
        self.drawn = True
        return float(np.exp(self._random.uniform(np.log(lowest), np.log(highest))))

    def index(self, count: int) -> int:
        """A number below `count`."""
        self.drawn = self.drawn or count > 1
        return int(self._random.integers(count))


def in_port(damage: Callable[[jt.Module], None]) -> Callable[[ModelPair], ModelPair]:
    """`inject` of a fault that is done to a model once it is built."""

    def inject(pair: ModelPair) -> ModelPair:
        def build() -> jt.Module:
            model = pair.build_jittor()
            damage(model)
            return model

        return replace(pair, build_jittor=build)

    return inject


def module_at(model: jt.Module, path: str) -> jt.Module:
    """The module of a Jittor model at a path, "" for the model."""
    return dict(model.named_modules())[path] if path else model


def changed(path: str, what: str, size: float | None = None, **changes: Change) -> Fault:
    """Parameters of one module, by local name, replaced by `change(array)`."""

    def damage(model: jt.Module) -> None:
        adapter = JittorAdapter()
        names = {f"{path}.{name}" if path else name: change for name, change in changes.items()}
        state = adapter.state(model)
        adapter.assign(model, {n: np.ascontiguousarray(change(state[n].copy())) for n, change in names.items()})

    return Fault(path, what, in_port(damage), size=size)


def configured(path: str, what: str, **settings: Any) -> Fault:
    """Attributes of one module set to something else."""

    def damage(model: jt.Module) -> None:
        for name, value in settings.items():
            setattr(module_at(model, path), name, value)

    return Fault(path, what, in_port(damage))


def computing(
    path: str, what: str, compute: Callable[[jt.Module, Compute], Compute], *, size: float | None = None
) -> Fault:
    """One module computes `compute(module, its own execute)` instead."""

    def damage(model: jt.Module) -> None:
        module = module_at(model, path)
        module.execute = compute(module, module.execute)

    return Fault(path, what, in_port(damage), size=size)


def fed(what: str, change: Callable[..., Any]) -> Fault:
    """The port's input goes through `change` before the model sees it."""
    return computing("", what, lambda module, execute: lambda *inputs: execute(change(*inputs)))
