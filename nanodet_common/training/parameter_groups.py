"""Which parameters are stepped alike."""

from collections.abc import Mapping

from jtmigrate.trace.optimizer import ParameterGroup
from nanodet_common.config_training import OptimizerConfig

Shapes = Mapping[str, tuple[int, ...]]


def parameter_groups(shapes: Shapes, optimizer: OptimizerConfig) -> tuple[ParameterGroup, ...]:
    """The parameters, given by name and shape, in groups of equal "lr" and "weight_decay", each in the model's order.

    One group, unless the options ask for more; a group comes where its first parameter does. "lr" is the initial one.
    """
    groups: dict[tuple[float, float], list[str]] = {}
    for name in shapes:
        groups.setdefault(_options(name, shapes, optimizer), []).append(name)
    return tuple(
        ParameterGroup(tuple(names), {"lr": lr, "weight_decay": decay}) for (lr, decay), names in groups.items()
    )


def _options(name: str, shapes: Shapes, optimizer: OptimizerConfig) -> tuple[float, float]:
    """Initial learning rate and weight decay of one parameter."""
    factors = next((factors for part, factors in optimizer.param_level_cfg.items() if part in name), None)
    lr, decay = optimizer.lr, optimizer.weight_decay
    if factors:
        lr, decay = lr * factors.lr_mult, decay * factors.decay_mult
    module, _, kind = name.rpartition(".")
    # Of all modules only a normalisation has weights of one dimension.
    if optimizer.no_norm_decay and len(shapes.get(f"{module}.weight", ())) == 1:
        decay = 0.0
    if optimizer.no_bias_decay and kind == "bias":
        decay = 0.0
    return lr, decay
