"""Traps of Jittor's own Module: parameters, buffers, hooks, loading."""

import re

import libcst as cst

from jtmigrate.port.lint.rule import Context, Rule, Severity, of_jittor, positional
from jtmigrate.port.rewrite.kinds import UNKNOWN

_CLASS = (
    "import jittor as jt\nfrom jittor import nn\n\n"
    "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        "
)
_WATCH = "import jittor as jt\n\ndef watch(model, a, b):\n    model.register_forward_hook"
_PARITY = _CLASS.replace("from jittor import nn", "from jtmigrate.parity import nn")
_CONSTANTS = ("array", "arange", "linspace", "float32", "float64")


def _buffer(node: cst.CSTNode, context: Context) -> str | None:
    if not (isinstance(node.func, cst.Attribute) and node.func.attr.value == "register_buffer" and len(node.args) > 1):
        return None
    owner = context.owner(node.func.value)
    if not (owner and context.is_stock_module(owner)) or context.facts.attribute(owner, "register_buffer") != UNKNOWN:
        return None
    if "stop_grad" in context.code(node.args[1].value):
        return None
    return "a buffer of Jittor's own Module is trained and decayed: .stop_grad(), or jtmigrate.parity.nn.Module"


def _constant(node: cst.CSTNode, context: Context) -> str | None:
    target = node.targets[0].target
    if not (isinstance(target, cst.Attribute) and not target.attr.value.startswith("_")):
        return None
    owner = context.owner(target.value)
    if not (owner and context.is_stock_module(owner) and isinstance(node.value, cst.Call)):
        return None
    if not of_jittor(context, node.value.func, *_CONSTANTS) or re.search(
        r"weight|bias|scale|gamma|beta", target.attr.value
    ):
        return None
    return "every Var of Jittor's own Module is trained: register_buffer of jtmigrate.parity.nn.Module, or .stop_grad()"


def _forward(node: cst.CSTNode, context: Context) -> str | None:
    if not context.is_jittor:
        return None
    name = context.class_of(node)
    methods = context.facts.classes[name].methods if name in context.facts.classes else set()
    if "forward" not in methods or "execute" in methods:
        return None
    module = any(base.startswith(("jittor.", "jtmigrate.parity.")) for base in context.facts.ancestors(name))
    return "Jittor calls `execute`, never `forward`: rename it" if module and context.facts.is_module(name) else None


def _train(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and isinstance(node.func, cst.Attribute) and node.func.attr.value == "train"):
        return None
    owner = context.owner(node.func.value)
    given = positional(node)
    stock = bool(owner) and (context.is_stock_module(owner) or owner.startswith("jittor.nn."))
    return "train() of Jittor's own Module takes no argument: eval()" if stock and given else None


def _load_parameters(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and isinstance(node.func, cst.Attribute)) or node.func.attr.value != "load_parameters":
        return None
    return "parameters that the file lacks keep their initial values without a word: jtmigrate.load(model, file)"


def _hooks(node: cst.CSTNode, context: Context) -> str | None:
    if not (context.is_jittor and _is_hook(node)):
        return None
    place = (context.function_of(node), context.code(node.func.value))
    hooks = [call for call in context.calls if _is_hook(call)]
    same = [call for call in hooks if (context.function_of(call), context.code(call.func.value)) == place]
    again = len(same) > 1 and same[0] is not node
    return "a module keeps one hook: this one replaces the first" if again else None


def _is_hook(node: cst.Call) -> bool:
    return isinstance(node.func, cst.Attribute) and node.func.attr.value in (
        "register_forward_hook",
        "register_pre_forward_hook",
    )


def _numpy_in_hook(node: cst.CSTNode, context: Context) -> str | None:
    if not context.is_jittor:
        return None
    hooks = {context.code(argument.value) for call in context.calls if _is_hook(call) for argument in call.args}
    if node.name.value not in hooks or not re.search(r"\.(numpy|item|tolist|data)\b", context.code(node.body)):
        return None
    return "fetching values in a hook breaks kernels apart and changes the run: keep the Var, fetch it afterwards"


def _silent(node: cst.CSTNode, context: Context) -> str | None:
    if isinstance(node, cst.Call):
        named = {argument.keyword.value for argument in node.args if argument.keyword is not None}
        wrong = of_jittor(context, node.func, "flag_scope") and "log_silent" in named
    else:
        wrong = any(
            re.fullmatch(r"(\w+\.)?flags\.log_silent|os\.environ\[.log_silent.\]", context.code(one.target))
            for one in node.targets
        ) and not (isinstance(node.value, cst.Integer) and node.value.evaluated_value == 0)
    return "log_silent silences errors too: loss.backward() then does nothing. Set log_v or redirect" if wrong else None


_E, _W = Severity.ERROR, Severity.WARNING

RULES: tuple[Rule, ...] = (
    Rule(
        "JT050",
        _E,
        "a buffer that is trained",
        "`register_buffer` of Jittor's own Module makes one more parameter: optimizers step and decay it.",
        f'{_CLASS}self.register_buffer("project", jt.arange(8).float32())\n',
        f'{_PARITY}self.register_buffer("project", jt.arange(8).float32())\n',
        (cst.Call,),
        _buffer,
    ),
    Rule(
        "JT051",
        _W,
        "a constant that is trained",
        "Every Var attribute of Jittor's own Module is a parameter, unless its name begins with an underscore.",
        f"{_CLASS}self.anchors = jt.array([1.0, 2.0])\n",
        f"{_CLASS}self.anchors = jt.array([1.0, 2.0]).stop_grad()\n",
        (cst.Assign,),
        _constant,
    ),
    Rule(
        "JT052",
        _E,
        "forward is never called",
        "Jittor's modules run `execute`.",
        "from jittor import nn\n\nclass Net(nn.Module):\n    def forward(self, x):\n        return x\n",
        "from jittor import nn\n\nclass Net(nn.Module):\n    def execute(self, x):\n        return x\n",
        (cst.ClassDef,),
        _forward,
    ),
    Rule(
        "JT053",
        _E,
        "train(False)",
        "Jittor's `train` takes no argument.",
        "from jittor import nn\n\nmodel = nn.Linear(2, 2)\nmodel.train(False)\n",
        "from jittor import nn\n\nmodel = nn.Linear(2, 2)\nmodel.eval()\n",
        (cst.Call,),
        _train,
    ),
    Rule(
        "JT054",
        _W,
        "weights that are not loaded",
        "`load_parameters` goes through the names of the file: what the file lacks is not mentioned.",
        "import jittor as jt\n\ndef restore(model, path):\n    model.load_parameters(jt.load(path))\n",
        "import jittor as jt\nfrom jtmigrate.load import load\n\ndef restore(model, path):\n    load(model, path)\n",
        (cst.Call,),
        _load_parameters,
    ),
    Rule(
        "JT055",
        _W,
        "a hook that replaces another",
        "Jittor keeps one forward hook a module; the second takes the place of the first.",
        f"{_WATCH}(a)\n    model.register_forward_hook(b)\n",
        f"{_WATCH}(lambda *given: (a(*given), b(*given))[-1])\n",
        (cst.Call,),
        _hooks,
    ),
    Rule(
        "JT056",
        _W,
        "values fetched in a hook",
        "They break fused kernels apart: outputs move in their last digits, gradients by a percent.",
        "import jittor as jt\n\nseen = []\n\ndef hook(module, given, output):\n    seen.append(output.numpy())\n\n"
        "def watch(model):\n    model.register_forward_hook(hook)\n",
        "import jittor as jt\n\nseen = []\n\ndef hook(module, given, output):\n    seen.append(output)\n\n"
        "def watch(model):\n    model.register_forward_hook(hook)\n",
        (cst.FunctionDef,),
        _numpy_in_hook,
    ),
    Rule(
        "JT057",
        _E,
        "log_silent",
        "It silences fatal errors too; what should have raised returns None.",
        "import jittor as jt\n\njt.flags.log_silent = 1\n",
        "import jittor as jt\n\njt.flags.log_v = 0\n",
        (cst.Assign, cst.Call),
        _silent,
    ),
)
