"""The outcome of a comparison: plain data that reports print and programs read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Verdict(str, Enum):
    """What a comparison concluded; see docs/numerics.md for the rule behind each."""

    MISMATCH = "mismatch"
    IDENTICAL = "identical"
    ALIGNED = "aligned"
    ROUNDING = "rounding"
    UNCOMPARED = "uncompared"


@dataclass(frozen=True)
class TensorError:
    """Distance of a candidate tensor b from its reference a.

    max_abs   max|a - b|
    scale     max|a|
    scaled    max_abs / scale (0 where both are zero everywhere)
    cosine    cosine of the angle between the two, 1.0 for equal directions
    ulp_p50, ulp_p99, ulp_max   |a - b| in units of the float spacing at `scale`
    """

    max_abs: float
    scale: float
    scaled: float
    cosine: float
    ulp_p50: float
    ulp_p99: float
    ulp_max: float


@dataclass(frozen=True)
class Tolerances:
    """Scaled errors that still count as aligned (docs/numerics.md)."""

    float32: float = 1e-6
    float64: float = 1e-9
    floor_factor: float = 4.0
    uncompared_share: float = 0.02


DEFAULT_TOLERANCES = Tolerances()


@dataclass(frozen=True, kw_only=True)
class Compared:
    """What every comparison of a recorded quantity ends with. An error is None where that situation was not run.

    floor             noise floor: the reference's own float32 against its float64, scaled, at least 2**-22
    below_resolution  smaller than 1e-6 of the largest of its kind: judged in float64 only
    listed            uncompared for a reason that the user listed
    own_fault         mismatch that shows when the layer runs alone on the reference's inputs: it is itself to blame
    nonfinite         the reference holds NaN or infinity
    """

    verdict: Verdict
    reason: str
    propagated: TensorError | None = None
    isolated: TensorError | None = None
    float64: TensorError | None = None
    floor: float | None = None
    below_resolution: bool = False
    listed: bool = False
    own_fault: bool = False
    nonfinite: bool = False


@dataclass(frozen=True)
class LayerResult(Compared):
    """One call of one module or stage, its outputs compared.

    key            "backbone.conv1.0", "fpn.upsample#1" for the second call, "" for the whole model
    order          position among the finished calls of the reference
    shape          shape of the reference's (first) output
    amplification  scaled error of the output in terms of that of the input, whole float32 run; None where either is 0
    inherited      share of the propagated error that the isolated one does not explain, from 0 to 1
    """

    key: str
    kind: str
    is_leaf: bool
    order: int
    shape: tuple[int, ...]
    amplification: float | None = None
    inherited: float | None = None

    @property
    def path(self) -> str:
        """Module path without the call number."""
        return self.key.rpartition("#")[0] or self.key


class Quantity(str, Enum):
    """What is compared besides the outputs of layers."""

    ACTIVATION_GRADIENT = "activation gradient"
    PARAMETER_GRADIENT = "parameter gradient"
    BUFFER = "buffer"
    LOSS = "loss"
    CLIP_NORM = "gradient norm"
    LEARNING_RATE = "learning rate"
    OPTION = "optimizer option"
    UPDATE = "parameter update"
    MOMENT = "optimizer state"


@dataclass(frozen=True)
class QuantityResult(Compared):
    """One array that is no layer's output, compared.

    quantity  what it is
    name      "backbone.conv1.weight", "exp_avg of head.bias", "loss_qfl"; of an activation gradient the layer's key
    path      the module that it belongs to, "" for the whole model
    order     position of that module's call among the reference's; how far a fault lies from the input
    step      training step from 0; None outside of training
    """

    quantity: Quantity
    name: str
    path: str
    order: int
    shape: tuple[int, ...]
    step: int | None = None

    @property
    def key(self) -> str:
        """Unique among the quantities of a run: "parameter gradient of backbone.conv1.weight, step 2"."""
        step = "" if self.step is None else f", step {self.step}"
        return f"{self.quantity.value} of {self.name or 'the model'}{step}"

    @property
    def kind(self) -> str:
        return self.quantity.value


@dataclass(frozen=True)
class ParameterResult:
    """One parameter or buffer, compared bit by bit; `listed` if it is uncompared for a reason that is known."""

    name: str
    shape: tuple[int, ...]
    verdict: Verdict
    reason: str
    max_abs: float | None = None
    listed: bool = False


@dataclass(frozen=True)
class SettingDifference:
    """A module that was constructed differently: `reference` and `candidate` are the values as text."""

    path: str
    setting: str
    reference: str
    candidate: str


@dataclass(frozen=True)
class Coverage:
    """How much of one sort of thing ("modules", "layer calls", "gradients of activations", ...) was compared.

    missing  (name, reason) of each that was not
    """

    sort: str
    compared: int
    total: int
    missing: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class DriftPoint:
    """How far two models that train on their own have come apart after a step.

    loss        |difference| of the losses in terms of the reference's
    parameters  largest scaled error of any parameter, and `worst`, whose it is
    """

    step: int
    loss: float
    parameters: float
    worst: str


@dataclass(frozen=True)
class FaultMap:
    """Where an array of the first fault is off, coarse enough to be drawn.

    what     "output", "gradient of weight", "running_var"
    shape    of the whole array
    plane    which part of it is shown: "item 0, channel 7", "" for all of it
    axes     what the rows and the columns of `errors` run over
    rows, columns  size of the plane; `errors` has at most 64 of each, each the largest error of what it stands for
    errors   |a - b| / max|a|, row by row; infinite where exactly one is NaN or infinite
    """

    what: str
    shape: tuple[int, ...]
    plane: str
    axes: tuple[str, str]
    rows: int
    columns: int
    errors: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class DiffResult:
    """A whole comparison. True in a boolean context when the run is aligned.

    layers       outputs of layers, in the order of the reference's calls
    quantities   everything else: gradients, buffers, losses, optimizer steps
    settings     modules that were constructed differently; what the numbers make of it decides the verdict
    first_fault  the layer (or quantity) at fault: the earliest that does not compute the same from the same inputs,
                 else the earliest whose result differs; None when nothing is `mismatch`
    cause        the likeliest cause of the first fault in one sentence, "" without a fault
    drift        free-running training, step by step
    fault_map    where the first fault is off; None where there is none, or no array to show
    sources      module or stage -> ("file:line" of the reference's code, of the candidate's), "" where not known
    failures     why the run is not aligned, one sentence each; empty when it is
    warnings     what a reader should know although it fails nothing
    meta         versions, inputs and their hashes, seconds, peak memory, command
    """

    layers: tuple[LayerResult, ...]
    parameters: tuple[ParameterResult, ...]
    tolerances: Tolerances
    first_fault: LayerResult | QuantityResult | None
    cause: str
    failures: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    quantities: tuple[QuantityResult, ...] = ()
    settings: tuple[SettingDifference, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    drift: tuple[DriftPoint, ...] = ()
    fault_map: FaultMap | None = None
    sources: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.aligned

    @property
    def aligned(self) -> bool:
        return not self.failures

    @property
    def counts(self) -> dict[Verdict, int]:
        """Number of layers per verdict, every verdict present."""
        counts = dict.fromkeys(Verdict, 0)
        for layer in self.layers:
            counts[layer.verdict] += 1
        return counts

    @property
    def worst_propagated(self) -> LayerResult | None:
        """The layer with the largest propagated float32 error; None if none was measured."""
        return max(
            (layer for layer in self.layers if layer.propagated),
            key=lambda layer: layer.propagated.scaled,
            default=None,
        )
