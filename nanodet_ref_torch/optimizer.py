"""NanoDet-Plus's optimizer: AdamW, and the limit of the gradients' norm."""

import math

import torch
from torch import Tensor, nn

from nanodet_common.config_training import OptimizerConfig
from nanodet_common.training.parameter_groups import parameter_groups


def build_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.AdamW:
    """AdamW over all parameters, divided into groups as the configuration says. Each keeps its "initial_lr"."""
    parameters = dict(model.named_parameters())
    shapes = {name: tuple(parameter.shape) for name, parameter in parameters.items()}
    groups = [
        {"params": [parameters[name] for name in group.names], "initial_lr": group.options["lr"], **group.options}
        for group in parameter_groups(shapes, config)
    ]
    return torch.optim.AdamW(groups, lr=config.lr, weight_decay=config.weight_decay)


def set_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Make every group's learning rate its initial one times `factor`."""
    for group in optimizer.param_groups:
        group["lr"] = group["initial_lr"] * factor


def clip_gradients(optimizer: torch.optim.Optimizer, max_norm: float) -> Tensor:
    """Limit the norm of all gradients together, 0 for no limit; returns the norm before."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    return nn.utils.clip_grad_norm_(parameters, max_norm or math.inf)
