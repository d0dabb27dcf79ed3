"""Traps in Jittor's own layers and functions of `nn`."""

import libcst as cst

from jtmigrate.port.lint.rule import (
    Context,
    Rule,
    Severity,
    is_name,
    is_spread,
    is_text,
    keyword,
    of_jittor,
    positional,
)

_START = "from jittor import nn\n\n"
_PARITY = "from jtmigrate.parity import nn\n\n"
_F = "import jittor as jt\nfrom jittor import nn\n\ndef f(x: jt.Var):\n    return "
_PARITY_F = "import jittor as jt\nfrom jtmigrate.parity import functional as F\n\ndef f(x: jt.Var):\n    return "
_NORMS = tuple(f"BatchNorm{suffix}" for suffix in ("", "1d", "2d", "3d"))


def _pool(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "Pool", "pool", "Pool3d", "pool3d"):
        return None
    given = [*positional(node), keyword(node, "op")]
    return 'op="max" pads with 0: nn.MaxPool2d, or op="maximum"' if any(is_text(one, "max") for one in given) else None


def _adaptive(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, *(f"Adaptive{kind}Pool{n}d" for kind in ("Avg", "Max") for n in (2, 3))):
        return None
    size = next(iter(positional(node)), keyword(node, "output_size"))
    return None if size is None or _ones(size) else "only sizes that divide the input are right: jtmigrate.parity.nn"


def _ones(node: cst.BaseExpression) -> bool:
    if isinstance(node, cst.Tuple | cst.List):
        return all(_ones(part.value) for part in node.elements)
    return is_name(node, "None") or (isinstance(node, cst.Integer) and node.evaluated_value == 1)


def _average(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "AvgPool2d", "AvgPool3d", "avg_pool2d"):
        return None
    wrong = is_name(keyword(node, "count_include_pad"), "False") or is_name(keyword(node, "ceil_mode"), "True")
    return "count_include_pad=False is ignored, ceil_mode=True counts differently: jtmigrate.parity" if wrong else None


def _ceil_mode(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "MaxPool2d", "MaxPool3d", "max_pool2d", "Pool"):
        return None
    wrong = is_name(keyword(node, "ceil_mode"), "True")
    return "ceil_mode=True may add a row that PyTorch drops: jtmigrate.parity" if wrong else None


def _batch_norm(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, *_NORMS):
        return None
    return "running_var takes the biased variance: jtmigrate.parity.nn.BatchNorm2d"


def _instance_norm(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, *(f"InstanceNorm{suffix}" for suffix in ("", "1d", "2d", "3d"))):
        return None
    silent = keyword(node, "affine") is None and len(positional(node)) < 4 and not is_spread(node)
    return (
        "affine is True by default, PyTorch's is False: say affine=..., or use jtmigrate.parity.nn" if silent else None
    )


def _softmax(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "Softmax", "softmax", "log_softmax") or is_spread(node):
        return None
    needed = 1 if context.name_of(node.func).endswith("Softmax") else 2
    if keyword(node, "dim") is not None or len(positional(node)) >= needed:
        return None
    return "without dim it goes over all elements: say dim=..."


def _interpolate(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "interpolate") or is_spread(node):
        return None
    if keyword(node, "mode") is not None or len(positional(node)) > 3:
        return None
    return 'the default mode is "bilinear", PyTorch\'s "nearest": say mode=...'


def _scale_factor(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "interpolate", "Upsample", "upsample"):
        return None
    factor = keyword(node, "scale_factor")
    fractional = isinstance(factor, cst.Float) and not float(factor.evaluated_value).is_integer()
    return "a fractional scale_factor is replaced by the ratio of sizes: jtmigrate.parity" if fractional else None


def _functional_dropout(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "dropout") or is_spread(node):
        return None
    if keyword(node, "is_train") is not None or len(positional(node)) > 2:
        return None
    return "dropout does nothing by default: say is_train=..., or use jtmigrate.parity.functional.dropout"


def _dropout(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "Dropout", "Dropout2d", "DropPath"):
        return None
    methods = {call.func.attr.value for call in context.calls if isinstance(call.func, cst.Attribute)}
    if not {"step", "backward"} & methods or "train" in methods:
        return None
    return "a new Dropout is off until model.train() is called, which this file never does: call it before training"


def _embedding(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "Embedding"):
        return None
    return "an index out of range reads foreign memory: jtmigrate.parity.nn.Embedding, or check the indices"


_E, _W = Severity.ERROR, Severity.WARNING
_CALL = (cst.Call,)

RULES: tuple[Rule, ...] = (
    Rule(
        "JT030",
        _E,
        'Pool(op="max") pads with zeros',
        "Where everything at the border is negative, the padding wins; PyTorch pads with minus infinity.",
        f'{_START}pool = nn.Pool(3, 2, 1, op="max")\n',
        f"{_START}pool = nn.MaxPool2d(3, 2, 1)\n",
        _CALL,
        _pool,
    ),
    Rule(
        "JT031",
        _W,
        "adaptive pooling to sizes that do not divide the input",
        "Jittor's windows have one size and stride; PyTorch's cover the input: from 6 to 4 the values are others.",
        f"{_START}pool = nn.AdaptiveAvgPool2d((7, 7))\n",
        f"{_PARITY}pool = nn.AdaptiveAvgPool2d((7, 7))\n",
        _CALL,
        _adaptive,
    ),
    Rule(
        "JT032",
        _W,
        "options of average pooling",
        "count_include_pad=False is ignored unless ceil_mode is set; with ceil_mode the divisor differs.",
        f"{_START}pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)\n",
        f"{_PARITY}pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)\n",
        _CALL,
        _average,
    ),
    Rule(
        "JT033",
        _W,
        "maximum pooling with ceil_mode",
        "A last window that begins in the padding is kept, PyTorch drops it: other shapes.",
        f"{_START}pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)\n",
        f"{_PARITY}pool = nn.MaxPool2d(3, 2, 1, ceil_mode=True)\n",
        _CALL,
        _ceil_mode,
    ),
    Rule(
        "JT034",
        _W,
        "Jittor's BatchNorm",
        "Its running variance takes the batch's biased one, and it loses all digits where means are large.",
        f"{_START}norm = nn.BatchNorm2d(8)\n",
        f"{_PARITY}norm = nn.BatchNorm2d(8)\n",
        _CALL,
        _batch_norm,
    ),
    Rule(
        "JT035",
        _E,
        "InstanceNorm is affine by default",
        "PyTorch's has no parameters unless asked for.",
        f"{_START}norm = nn.InstanceNorm2d(8)\n",
        f"{_START}norm = nn.InstanceNorm2d(8, affine=False)\n",
        _CALL,
        _instance_norm,
    ),
    Rule(
        "JT036",
        _E,
        "softmax without dim",
        "Jittor takes all elements together.",
        f"{_F}nn.softmax(x)\n",
        f"{_F}nn.softmax(x, dim=1)\n",
        _CALL,
        _softmax,
    ),
    Rule(
        "JT037",
        _E,
        "interpolate without mode",
        'Jittor\'s default is "bilinear", PyTorch\'s "nearest".',
        f"{_F}nn.interpolate(x, scale_factor=2)\n",
        f'{_F}nn.interpolate(x, scale_factor=2, mode="nearest")\n',
        _CALL,
        _interpolate,
    ),
    Rule(
        "JT038",
        _W,
        "resizing by a fraction",
        "PyTorch samples at the factor that was given, Jittor at the ratio of the rounded sizes.",
        f'{_F}nn.interpolate(x, scale_factor=1.5, mode="bilinear")\n',
        f'{_PARITY_F}F.interpolate(x, scale_factor=1.5, mode="bilinear")\n',
        _CALL,
        _scale_factor,
    ),
    Rule(
        "JT039",
        _E,
        "the function dropout",
        "Its default is is_train=False, PyTorch's training=True.",
        f"{_F}nn.dropout(x, 0.5)\n",
        f"{_F}nn.dropout(x, 0.5, is_train=True)\n",
        _CALL,
        _functional_dropout,
    ),
    Rule(
        "JT040",
        _W,
        "Dropout before train()",
        "A new module is in training mode in PyTorch; in Jittor, Dropout waits for `model.train()`.",
        "from jittor import nn\n\nmodel = nn.Sequential(nn.Dropout(0.5))\n\ndef fit(optimizer, loss):\n"
        "    optimizer.step(loss)\n",
        "from jittor import nn\n\nmodel = nn.Sequential(nn.Dropout(0.5))\nmodel.train()\n\ndef fit(optimizer, loss):\n"
        "    optimizer.step(loss)\n",
        _CALL,
        _dropout,
    ),
    Rule(
        "JT041",
        _W,
        "indices out of range",
        "Jittor does not check them: an Embedding, as every index on the CPU, then gives what lies in memory there.",
        f"{_START}table = nn.Embedding(10, 4)\n",
        f"{_PARITY}table = nn.Embedding(10, 4)\n",
        _CALL,
        _embedding,
    ),
)
