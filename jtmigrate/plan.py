"""What to compare, and how: `ModelPair` and `Plan`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from jtmigrate.compare.decisions import Margin
from jtmigrate.compare.pairing import Exceptions
from jtmigrate.compare.result import DEFAULT_TOLERANCES, Tolerances
from jtmigrate.errors import UserError
from jtmigrate.frameworks.base import Call, Loss

if TYPE_CHECKING:
    from jtmigrate.frameworks.training import Training

Mode = Literal["isolated", "propagated", "both"]
Precision = Literal["float32", "float64", "both"]


@dataclass(frozen=True)
class ModelPair:
    """Two models to compare, and on what. Builders instead of models: see `diff_pair`.

    inputs                    what both are called with: an array, a tuple of arrays, or a dict of arrays by keyword
    call_torch, call_jittor   functions (model, inputs) -> output, where a run is not simply `model(inputs)`
    exceptions                (path, reason) of the layers that may stay uncompared
    names                     path in the port -> path in the original, each for everything below it too; what is left
                              is paired by name, then by order and shape
    loss_torch, loss_jittor   functions (model, output) -> scalar that a backward pass starts from; without them, the
                              outputs' sum, weighted by fixed random numbers
    training_torch, training_jittor   how each framework trains, where steps are asked for
    margins                   how close the decisions of a layer or stage were, by path; see `compare.decisions`
    batches                   the inputs of every training step in turn; `inputs` for all of them if there are none
    """

    build_torch: Callable[[], Any]
    build_jittor: Callable[[], Any]
    inputs: Any
    call_torch: Call | None = None
    call_jittor: Call | None = None
    exceptions: Exceptions = ()
    names: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    loss_torch: Loss | None = None
    loss_jittor: Loss | None = None
    training_torch: "Training | None" = None
    training_jittor: "Training | None" = None
    margins: Mapping[str, Margin] = field(default_factory=dict)
    batches: Sequence[Any] = ()


@dataclass(frozen=True)
class Plan:
    """What to run and how to judge it.

    mode             "isolated": every layer alone; "propagated": the whole model; "both"
    precision        "float32"; "float64", which only whole runs have; "both": float64 arbitrates
    allow_nonfinite  NaN or infinity at the same places on both sides does not fail the run
    copy_weights     load the torch model's parameters and buffers into the Jittor model first, strictly by name
    backward         compare gradients too
    steps            so many training steps are compared as well
    """

    mode: Mode = "both"
    precision: Precision = "both"
    tolerances: Tolerances = DEFAULT_TOLERANCES
    allow_nonfinite: bool = False
    copy_weights: bool = False
    backward: bool = False
    steps: int = 0

    def __post_init__(self) -> None:
        if self.steps and self.precision != "both":
            raise UserError("training steps are compared in float32 and float64: leave the precision at both")
        if self.mode == "isolated" and self.precision == "float64":
            raise UserError("layers run alone in float32 only: with float64, take mode propagated or both")

    @property
    def float32(self) -> bool:
        """Whether float32 is run at all."""
        return self.precision != "float64"

    @property
    def float64(self) -> bool:
        """Whether float64 is run: as arbiter, also where every layer runs alone."""
        return self.precision != "float32"

    @property
    def propagated(self) -> bool:
        """Whether the candidate's whole model is run in float32."""
        return self.float32 and self.mode != "isolated"

    @property
    def isolated(self) -> bool:
        """Whether the candidate's layers are run one by one."""
        return self.float32 and self.mode != "propagated"


DEFAULT_PLAN = Plan()
