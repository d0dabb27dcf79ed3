"""What a Jittor model was constructed with, in PyTorch's words."""

from collections.abc import Callable, Mapping
from typing import Any

from jtmigrate.frameworks.plain_settings import Settings, plain_attributes, without_idle

import jittor as jt  # isort: skip  (whoever has a model has prepared and imported it)

_OPERATIONS = {"maximum": "MaxPool", "max": "MaxPool", "mean": "AvgPool"}
_FUNCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("ReLU", {}),
    "relu6": ("ReLU6", {}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.01}),
    "softmax": ("Softmax", {"dim": None, "log": False}),
    "gelu": ("GELU", {"approximate": "none"}),
    "silu": ("SiLU", {}),
}
"""Functions that Jittor makes modules of -> PyTorch's class, and their arguments after the first with defaults."""


def model_settings(model: jt.Module) -> dict[str, Settings]:
    """The settings of every module by path, "" for the model itself; one that has several paths under its first."""
    trained = _trained(model)
    found: dict[str, Settings] = {}
    seen: set[int] = set()
    for path, module in [("", model), *model.named_modules()]:
        if id(module) not in seen:
            seen.add(id(module))
            found[path] = settings(module, trained)
    return found


def settings(module: jt.Module, trained: Callable[[jt.Var], bool] | None = None) -> Settings:
    """Plain values by PyTorch's names; see `jtmigrate.frameworks.torch_settings.settings`.

    trained  whether a Var is trained, where the Var itself does not tell: evaluation mode stops all gradients
    """
    inner = _pool_of(module)
    found = {"kind": type(module).__name__, **plain_attributes(vars(inner or module))}
    if "is_train" in vars(module):
        found["training"] = bool(module.is_train)
    found.pop("is_train", None)
    if "bias" in vars(module):
        found["bias"] = module.bias is True or isinstance(module.bias, jt.Var)
    for name, value in vars(module).items():
        if isinstance(value, jt.Var) and not name.startswith("_"):
            found[f"requires_grad.{name}"] = (trained or _is_trained)(value)
    if inner or "op" in found:
        found |= _pool(found)
    elif type(module).__name__.startswith("MaxPool"):
        found["pads_with"] = "-inf"  # jtmigrate.parity's
    if isinstance(module, jt.nn.Conv1d):
        found |= {name: found[name][0] for name in ("kernel_size", "stride", "padding", "dilation")}
    if "size_average" in found:
        found["reduction"] = "mean" if found.pop("size_average") else "sum"
    return without_idle(found | _function(module))


def _pool_of(module: jt.Module) -> jt.Module | None:
    """The pool that Jittor's MaxPool2d and AvgPool2d are wrapped around."""
    inner = vars(module).get("_layer", vars(module).get("layer"))
    return inner if isinstance(inner, jt.nn.Pool | jt.pool.Pool3d) else None


def _pool(found: Mapping[str, Any]) -> Settings:
    changed: Settings = {"kind": _OPERATIONS.get(found["op"], found["kind"])}
    if changed["kind"] == "MaxPool":
        changed["pads_with"] = "-inf" if found["op"] == "maximum" else "zeros"
    return changed


def _function(module: jt.Module) -> Settings:
    """The arguments of a function that was made a module."""
    known = _FUNCTIONS.get(type(module).__name__)
    if known is None or not {"args", "kw"} <= vars(module).keys():
        return {}
    kind, defaults = known
    given = dict(zip(defaults, module.args, strict=False)) | _in_torch_words(module.kw)
    found = {"kind": kind, **defaults, **plain_attributes(given)}
    if found.pop("log", False):
        found["kind"] = "LogSoftmax"
    return found


def _in_torch_words(arguments: Mapping[str, Any]) -> Settings:
    return {"negative_slope" if name == "scale" else name: value for name, value in arguments.items()}


def _is_trained(var: jt.Var) -> bool:
    return not var.is_stop_grad()


def _trained(model: jt.Module) -> Callable[[jt.Var], bool]:
    """What `train()` would restore: Jittor's `eval()` notes down which Vars were trained and stops all of them."""
    evaluating = vars(model).get("is_train", True) is False
    before: Mapping[int, bool] = vars(model).get("backup_grad_state", {}) if evaluating else {}
    return lambda var: before.get(id(var), _is_trained(var))
