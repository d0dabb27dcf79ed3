"""The part of a configuration that says how to train: devices, optimizer, learning rate, length."""

from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from nanodet_common.config_section import Section


class DeviceConfig(Section):
    """Devices and batch size. `gpu_ids` -1 means the CPU."""

    gpu_ids: tuple[NonNegativeInt, ...] | Literal[-1]
    workers_per_gpu: NonNegativeInt
    batchsize_per_gpu: PositiveInt
    precision: Literal[16, 32] = 32


class ParameterConfig(Section):
    """Factors of learning rate and weight decay for some of the parameters."""

    lr_mult: NonNegativeFloat = 1.0
    decay_mult: NonNegativeFloat = 1.0


class OptimizerConfig(Section):
    """AdamW (https://arxiv.org/abs/1711.05101).

    no_norm_decay    no weight decay for weights and biases of normalisations
    no_bias_decay    nor for any bias
    param_level_cfg  part of a parameter's name -> its factors; the first part that occurs in a name counts
    """

    name: Literal["AdamW"]
    lr: PositiveFloat
    weight_decay: NonNegativeFloat
    no_norm_decay: bool = False
    no_bias_decay: bool = False
    param_level_cfg: dict[str, ParameterConfig] = Field(default_factory=dict)


class WarmupConfig(Section):
    """Learning rate up to step `steps`, from `ratio` of its full value; `constant` stays there until then."""

    name: Literal["constant", "linear", "exp"]
    steps: NonNegativeInt
    ratio: Annotated[float, Field(ge=0, le=1)]


class CosineConfig(Section):
    """Cosine annealing over `T_max` epochs down to `eta_min`."""

    name: Literal["CosineAnnealingLR"]
    t_max: PositiveInt = Field(alias="T_max")
    eta_min: NonNegativeFloat


class MultiStepConfig(Section):
    """The learning rate times `gamma` after each of so many epochs."""

    name: Literal["MultiStepLR"]
    milestones: tuple[PositiveInt, ...]
    gamma: PositiveFloat = 0.1

    @field_validator("milestones")
    @classmethod
    def _in_order(cls, milestones: tuple[int, ...]) -> tuple[int, ...]:
        if any(following <= milestone for milestone, following in pairwise(milestones)):
            raise ValueError(f"{milestones} does not rise")
        return milestones


class ScheduleConfig(Section):
    """Length of the training, learning rate, checkpoints to start from.

    accumulate  parts of `batchsize_per_gpu` images whose mean gradient makes one step
    """

    resume: str | None = None
    load_model: str | None = None
    optimizer: OptimizerConfig
    warmup: WarmupConfig
    total_epochs: PositiveInt
    lr_schedule: Annotated[CosineConfig | MultiStepConfig, Field(discriminator="name")]
    val_intervals: PositiveInt
    accumulate: PositiveInt = 1
