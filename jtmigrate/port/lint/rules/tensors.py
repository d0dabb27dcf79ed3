"""Traps in what is done with tensors in Jittor code."""

import libcst as cst

from jtmigrate.port.lint.rule import (
    Context,
    Rule,
    Severity,
    is_name,
    is_spread,
    is_text,
    keyword,
    method,
    of_jittor,
    options,
    tensor_call,
)

_ARITHMETIC = (cst.Add, cst.Subtract, cst.Multiply, cst.Divide, cst.Power)
_START = "import jittor as jt\n\ndef f(x: jt.Var, y: jt.Var):\n    "
_OPS = "import jittor as jt\nfrom jtmigrate.parity import ops\n\ndef f(x: jt.Var, y: jt.Var):\n    "


def _max_by_dim(node: cst.CSTNode, context: Context) -> str | None:
    call = node.value if isinstance(node, cst.Subscript | cst.Attribute | cst.Assign) else None
    if not isinstance(call, cst.Call) or not tensor_call(context, call, "max", "min"):
        return None
    if isinstance(node, cst.Attribute) and node.attr.value not in ("values", "indices"):
        return None
    if isinstance(node, cst.Assign) and id(call) not in context.unpacked:
        return None
    given = options(context, call)
    if not (keyword(call, "dim") or (given and not context.is_tensor(given[0]))):
        return None
    # `x.max(1)[..., None]` takes no part of a pair, it goes on with the values.
    if isinstance(node, cst.Subscript) and not (
        len(node.slice) == 1
        and isinstance(node.slice[0].slice, cst.Index)
        and isinstance(node.slice[0].slice.value, cst.Integer)
    ):
        return None
    return "max and min by dim give the values only, so this takes the first row of them: ops.max(x, dim) gives both"


def _argmax(node: cst.CSTNode, context: Context) -> str | None:
    if not tensor_call(context, node, "argmax", "argmin", "argsort") or id(node) in context.unpacked:
        return None
    name = node.func.attr.value if isinstance(node.func, cst.Attribute) else "argmax"
    return f"{name} gives (index, value), not the index alone: ops.{name}(x, dim) gives PyTorch's"


def _not_itself(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and len(node.comparisons) == 1):
        return None
    other = node.comparisons[0]
    if not isinstance(other.operator, cst.NotEqual | cst.Equal) or not context.is_tensor(node.left):
        return None
    same = context.code(node.left) == context.code(other.comparator)
    return "NaN equals itself in Jittor's kernels (-Ofast): jt.isnan(x)" if same else None


def _none(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and context.is_tensor(node.left) and len(node.comparisons) == 1):
        return None
    other = node.comparisons[0]
    wrong = isinstance(other.operator, cst.NotEqual | cst.Equal) and is_name(other.comparator, "None")
    return "a Var cannot be compared with None by ==: x is None" if wrong else None


def _floor_division(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and isinstance(node.operator, cst.FloorDivide | cst.Modulo)):
        return None
    if not (context.is_tensor(node.left) or context.is_tensor(node.right)):
        return None
    return "// and % round towards zero (-7 // 2 = -3): ops.floor_divide(x, y), ops.remainder(x, y)"


def _invert(node: cst.CSTNode, context: Context) -> str | None:
    wrong = context.is_jittor and isinstance(node.operator, cst.BitInvert) and context.is_tensor(node.expression)
    return "a Var has no ~: jt.logical_not(mask)" if wrong else None


def _round(node: cst.CSTNode, context: Context) -> str | None:
    found = tensor_call(context, node, "round")
    return "halves are rounded away from zero, PyTorch rounds them to even: ops.round(x)" if found else None


def _var(node: cst.CSTNode, context: Context) -> str | None:
    if not tensor_call(context, node, "var") or keyword(node, "unbiased") is not None or is_spread(node):
        return None
    return "var is biased by default, PyTorch's is not: ops.var(x, dim), or say unbiased=..."


def _std(node: cst.CSTNode, context: Context) -> str | None:
    return "std is never below 1e-3: ops.std(x, dim)" if tensor_call(context, node, "std") else None


def _norm(node: cst.CSTNode, context: Context) -> str | None:
    if not tensor_call(context, node, "norm") or keyword(node, "dim") is not None or len(options(context, node)) > 1:
        return None
    return "norm goes over the last dimension by default, PyTorch's over all: ops.norm(x), or say dim=..."


def _small_integers(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and isinstance(node.operator, _ARITHMETIC)):
        return None
    for one, other in ((node.left, node.right), (node.right, node.left)):
        number = isinstance(other, cst.Integer | cst.Float)
        if number and _is_small(one, context):
            return "uint8 and bool become int8 or float16 in arithmetic: x.float32() first"
    return None


def _is_small(node: cst.BaseExpression, context: Context) -> bool:
    if isinstance(node, cst.Comparison):
        return context.is_tensor(node)
    if method(context, node, "uint8", "bool", "int8") is not None:
        return True
    cast = method(context, node, "cast", "astype") is not None
    return cast and any(is_text(argument.value, name) for argument in node.args for name in ("uint8", "bool", "int8"))


def _mean_of_bool(node: cst.CSTNode, context: Context) -> str | None:
    receiver = method(context, node, "mean") if context.is_jittor else None
    if receiver is None:
        return None
    wrong = isinstance(receiver, cst.Comparison) or method(context, receiver, "bool") is not None
    return "the mean of booleans is an integer, 0: x.float32().mean()" if wrong else None


def _clamp(node: cst.CSTNode, context: Context) -> str | None:
    if not tensor_call(context, node, "clamp") or keyword(node, "min", "max") is None:
        return None
    return "clamp takes min_v and max_v: ops.clamp(x, min=..., max=...)"


def _equal(node: cst.CSTNode, context: Context) -> str | None:
    tests = [node.test] if isinstance(node, cst.If | cst.Assert | cst.While | cst.IfExp) else [node.expression]
    if isinstance(node, cst.UnaryOperation) and not isinstance(node.operator, cst.Not):
        return None
    wrong = any(isinstance(test, cst.Call) and tensor_call(context, test, "equal") for test in tests)
    return "equal compares element by element: ops.equal(x, y) gives one bool" if wrong else None


def _stable(node: cst.CSTNode, context: Context) -> str | None:
    if not tensor_call(context, node, "sort", "argsort") or not is_name(keyword(node, "stable"), "True"):
        return None
    return "sorting is never stable, `stable` is ignored: ops.sort(x, dim, stable=True)"


def _view(node: cst.CSTNode, context: Context) -> str | None:
    if not context.is_jittor:
        return None
    for target in node.targets:
        inner = target.target
        while isinstance(inner, cst.Subscript):
            inner = inner.value
            if method(context, inner, "view", "reshape", "permute", "transpose", "flatten") is not None:
                return "what is written into a view does not reach the tensor: write into the tensor itself"
    return None


def _logsumexp(node: cst.CSTNode, context: Context) -> str | None:
    return "logsumexp overflows above 88: ops.logsumexp(x, dim)" if tensor_call(context, node, "logsumexp") else None


def _cumprod(node: cst.CSTNode, context: Context) -> str | None:
    return "cumprod of negative numbers is NaN: ops.cumprod(x, dim)" if tensor_call(context, node, "cumprod") else None


def _median(node: cst.CSTNode, context: Context) -> str | None:
    return (
        "median by dim has another shape and no indices: ops.median(x, dim)"
        if tensor_call(context, node, "median")
        else None
    )


def _nms(node: cst.CSTNode, context: Context) -> str | None:
    if not of_jittor(context, node.func, "nms"):
        return None
    return (
        "jt.nms counts boxes one pixel larger and takes rows of x1, y1, x2, y2, score: write it with IoUs of your own"
    )


_E, _W = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule(
        "JT001",
        _E,
        "max or min by dim taken for a pair",
        "PyTorch's `x.max(1)` gives values and indices, Jittor's the values alone: `x.max(1)[0]` is their first row.",
        f"{_START}return x.max(1)[0]\n",
        f"{_OPS}return ops.max(x, 1)[0]\n",
        (cst.Subscript, cst.Attribute, cst.Assign),
        _max_by_dim,
    ),
    Rule(
        "JT002",
        _E,
        "argmax, argmin or argsort taken for an index",
        "Jittor gives (index, value), PyTorch the index.",
        f"{_START}return x.argmax(1)\n",
        f"{_OPS}return ops.argmax(x, 1)\n",
        (cst.Call,),
        _argmax,
    ),
    Rule(
        "JT003",
        _E,
        "a test for NaN that never finds any",
        "Jittor compiles with -Ofast: `x != x` is False for NaN, `x == x` True.",
        f"{_START}return x != x\n",
        f"{_START}return jt.isnan(x)\n",
        (cst.Comparison,),
        _not_itself,
    ),
    Rule(
        "JT004",
        _W,
        "// or % of tensors",
        "Jittor rounds towards zero as C does, and gives integers for floats; PyTorch rounds down.",
        f"{_START}return x // 2\n",
        f"{_OPS}return ops.floor_divide(x, 2)\n",
        (cst.BinaryOperation,),
        _floor_division,
    ),
    Rule(
        "JT005",
        _W,
        "round",
        "Jittor rounds 0.5 to 1 and 2.5 to 3, PyTorch to 0 and 2.",
        f"{_START}return x.round()\n",
        f"{_OPS}return ops.round(x)\n",
        (cst.Call,),
        _round,
    ),
    Rule(
        "JT006",
        _E,
        "var is biased by default",
        "Jittor divides by n, PyTorch by n - 1.",
        f"{_START}return x.var(1)\n",
        f"{_OPS}return ops.var(x, 1)\n",
        (cst.Call,),
        _var,
    ),
    Rule(
        "JT007",
        _W,
        "std has a floor",
        "Jittor takes the root of max(variance, 1e-6): no result is below 1e-3.",
        f"{_START}return x.std()\n",
        f"{_OPS}return ops.std(x)\n",
        (cst.Call,),
        _std,
    ),
    Rule(
        "JT008",
        _E,
        "norm goes over one dimension by default",
        "Jittor's default is dim=-1, PyTorch's norm is that of the whole tensor.",
        f"{_START}return x.norm()\n",
        f"{_OPS}return ops.norm(x)\n",
        (cst.Call,),
        _norm,
    ),
    Rule(
        "JT009",
        _W,
        "arithmetic with bool or uint8",
        "Jittor promotes by size: bool * 1.0 and uint8 / 255.0 are float16, uint8 + 1 is int8.",
        f"{_START}return (x > 0) * 0.5\n",
        f"{_START}return (x > 0).float32() * 0.5\n",
        (cst.BinaryOperation,),
        _small_integers,
    ),
    Rule(
        "JT010",
        _E,
        "the mean of booleans",
        "Jittor's is an int32, so 0 unless all are True.",
        f"{_START}return (x == y).mean()\n",
        f"{_START}return (x == y).float32().mean()\n",
        (cst.Call,),
        _mean_of_bool,
    ),
    Rule(
        "JT011",
        _E,
        "clamp has other argument names",
        "Jittor's are min_v and max_v.",
        f"{_START}return x.clamp(min=0)\n",
        f"{_OPS}return ops.clamp(x, min=0)\n",
        (cst.Call,),
        _clamp,
    ),
    Rule(
        "JT012",
        _E,
        "~ of a mask",
        "A Var has no inversion.",
        f"{_START}return ~(x > 0)\n",
        f"{_START}return jt.logical_not(x > 0)\n",
        (cst.UnaryOperation,),
        _invert,
    ),
    Rule(
        "JT013",
        _E,
        "equal as a condition",
        "Jittor compares element by element, PyTorch gives one bool for all.",
        f"{_START}assert jt.equal(x, y)\n",
        f"{_OPS}assert ops.equal(x, y)\n",
        (cst.If, cst.Assert, cst.While, cst.IfExp, cst.UnaryOperation),
        _equal,
    ),
    Rule(
        "JT014",
        _W,
        "a stable order that is none",
        "Jittor accepts `stable=True` and ignores it.",
        f"{_START}return x.sort(1, stable=True)\n",
        f"{_OPS}return ops.sort(x, 1, stable=True)\n",
        (cst.Call,),
        _stable,
    ),
    Rule(
        "JT015",
        _E,
        "writing through a view",
        "`view`, `reshape` and the like give copies in Jittor: what is assigned to them is lost.",
        f"{_START}x.view(-1)[0] = 1\n",
        f"{_START}x[0] = 1\n",
        (cst.Assign,),
        _view,
    ),
    Rule(
        "JT016",
        _W,
        "logsumexp overflows",
        "Jittor takes exp of the values themselves: infinite from 89 on.",
        f"{_START}return x.logsumexp(1)\n",
        f"{_OPS}return ops.logsumexp(x, 1)\n",
        (cst.Call,),
        _logsumexp,
    ),
    Rule(
        "JT017",
        _W,
        "cumprod of negative numbers",
        "Jittor takes the exponential of a sum of logarithms: NaN where a factor is negative.",
        f"{_START}return jt.cumprod(x, 0)\n",
        f"{_OPS}return ops.cumprod(x, 0)\n",
        (cst.Call,),
        _cumprod,
    ),
    Rule(
        "JT018",
        _E,
        "median",
        "Jittor's has another shape and gives no indices.",
        f"{_START}return x.median(1)\n",
        f"{_OPS}return ops.median(x, 1)\n",
        (cst.Call,),
        _median,
    ),
    Rule(
        "JT019",
        _E,
        "comparing a Var with None by ==",
        "Jittor raises.",
        f"{_START}return x == None\n",
        f"{_START}return x is None\n",
        (cst.Comparison,),
        _none,
    ),
    Rule(
        "JT020",
        _E,
        "jt.nms",
        "It takes rows of x1, y1, x2, y2, score and adds a pixel to widths and heights: other boxes survive.",
        f"{_START}return jt.nms(x, 0.5)\n",
        "import jittor as jt\nfrom mine import nms\n\ndef f(x: jt.Var, y: jt.Var):\n    return nms(x, y, 0.5)\n",
        (cst.Call,),
        _nms,
    ),
)
