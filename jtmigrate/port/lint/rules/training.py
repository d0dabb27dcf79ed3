"""Traps of optimizers, schedulers and gradients in Jittor code."""

import libcst as cst

from jtmigrate.port.lint.rule import Context, Rule, Severity, is_spread, keyword, of_jittor, positional
from jtmigrate.port.rewrite.kinds import Kind

_START = "import jittor as jt\n\n"
_PARITY = "import jittor as jt\nfrom jtmigrate.parity import optim\n\n"
_PLACES = {"Adam": 2, "SGD": 3, "RMSprop": 2, "AdamW": 2}


def _decay(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "AdamW") or is_spread(node):
        return None
    silent = keyword(node, "weight_decay") is None and len(positional(node)) < 5
    return "weight_decay is 0 by default, PyTorch's 0.01: say weight_decay=..." if silent else None


def _order(node: cst.CSTNode, context: Context) -> str | None:
    name = context.name_of(node.func).rpartition(".")[2]
    if name not in _PLACES or not of_jittor(context, node.func, name) or len(positional(node)) <= _PLACES[name]:
        return None
    return "the arguments stand in another order than PyTorch's: pass them by name"


def _scheduler(node: cst.CSTNode, context: Context) -> str | None:
    if not context.name_of(node.func).startswith("jittor.lr_scheduler."):
        return None
    return "rates change an epoch later than PyTorch's: jtmigrate.parity.optim.lr_scheduler"


def _backward(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and isinstance(node.func, cst.Attribute) and node.func.attr.value == "backward"):
        return None
    if positional(node) or context.type_of(node.func.value).kind in (Kind.INSTANCE, Kind.NAME, Kind.OTHER):
        return None
    return "a Var has no backward: optimizer.backward(loss), then optimizer.step()"


def _grad(node: cst.CSTNode, context: Context) -> str | None:
    wrong = context.is_jittor and node.attr.value == "grad" and context.is_tensor(node.value)
    return "a Var keeps no gradient: x.opt_grad(optimizer), or jt.grad(loss, x)" if wrong else None


def _clip(node: cst.CSTNode, context: Context) -> str | None:
    call = node.value
    if not (context.is_jittor and isinstance(call, cst.Call) and isinstance(call.func, cst.Attribute)):
        return None
    if call.func.attr.value != "clip_grad_norm" or context.name_of(call.func):
        return None
    return "clip_grad_norm of Jittor's optimizers returns None: jtmigrate.parity.optim.clip_grad_norm(optimizer, limit)"


_E, _W = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule(
        "JT070",
        _E,
        "AdamW without decay",
        "Jittor's default is 0, PyTorch's 0.01.",
        f"{_START}def build(params):\n    return jt.optim.AdamW(params, lr=1e-3)\n",
        f"{_START}def build(params):\n    return jt.optim.AdamW(params, lr=1e-3, weight_decay=0.01)\n",
        (cst.Call,),
        _decay,
    ),
    Rule(
        "JT071",
        _E,
        "optimizer arguments by position",
        "`Adam(params, lr, X)`: X is eps in Jittor and betas in PyTorch; SGD's fourth is weight_decay, not dampening.",
        f"{_START}def build(params):\n    return jt.optim.SGD(params, 0.1, 0.9, 0.0)\n",
        f"{_START}def build(params):\n    return jt.optim.SGD(params, 0.1, momentum=0.9)\n",
        (cst.Call,),
        _order,
    ),
    Rule(
        "JT072",
        _W,
        "schedulers lag",
        "Jittor's take no first step: MultiStepLR([2, 4]) drops after 3 and 5 epochs, the others lag by one.",
        "from jittor import lr_scheduler\n\ndef build(optimizer):\n"
        "    return lr_scheduler.MultiStepLR(optimizer, [2, 4])\n",
        "from jtmigrate.parity.optim import lr_scheduler\n\ndef build(optimizer):\n"
        "    return lr_scheduler.MultiStepLR(optimizer, [2, 4])\n",
        (cst.Call,),
        _scheduler,
    ),
    Rule(
        "JT073",
        _E,
        "loss.backward()",
        "Jittor's optimizers take the loss. With `log_silent` the call does nothing and raises nothing.",
        f"{_START}def fit(optimizer, loss: jt.Var):\n    loss.backward()\n    optimizer.step()\n",
        f"{_START}def fit(optimizer, loss: jt.Var):\n    optimizer.backward(loss)\n    optimizer.step()\n",
        (cst.Call,),
        _backward,
    ),
    Rule(
        "JT074",
        _E,
        "x.grad",
        "Gradients belong to optimizers in Jittor.",
        f"{_START}def f(weight: jt.Var):\n    return weight.grad\n",
        f"{_START}def f(weight: jt.Var, optimizer):\n    return weight.opt_grad(optimizer)\n",
        (cst.Attribute,),
        _grad,
    ),
    Rule(
        "JT075",
        _E,
        "the norm that clip_grad_norm does not return",
        "Jittor's method returns None.",
        f"{_START}def fit(optimizer):\n    norm = optimizer.clip_grad_norm(1.0)\n    return norm\n",
        f"{_PARITY}def fit(optimizer):\n    norm = optim.clip_grad_norm(optimizer, 1.0)\n    return norm\n",
        (cst.Assign,),
        _clip,
    ),
)
