"""What a PyTorch model was constructed with."""

from typing import Any

import torch

from jtmigrate.frameworks.plain_settings import Settings, plain_attributes, without_idle


def model_settings(model: torch.nn.Module) -> dict[str, Settings]:
    """The settings of every module by path, "" for the model itself."""
    return {path: settings(module) for path, module in model.named_modules()}


def settings(module: torch.nn.Module) -> Settings:
    """Plain values by PyTorch's names: "kind", "training", "stride", "eps", "bias" (whether there is one), ...

    "requires_grad.weight" tells for every own parameter whether it is trained, "pads_with" what a max pool sees
    beyond the border.
    """
    found: dict[str, Any] = {"kind": type(module).__name__, **plain_attributes(vars(module))}
    if "bias" in module._parameters:
        found["bias"] = module._parameters["bias"] is not None
    for name, parameter in module.named_parameters(recurse=False):
        found[f"requires_grad.{name}"] = parameter.requires_grad
    if isinstance(module, torch.nn.MaxPool1d | torch.nn.MaxPool2d | torch.nn.MaxPool3d):
        found["pads_with"] = "-inf"
    return without_idle(found)
