"""Reads PyTorch code: what somebody who ports it by hand gets wrong without noticing. The knowledge is the atlas's."""

import libcst as cst

from jtmigrate.port.atlas.entry import Entry, Support
from jtmigrate.port.lint.rule import Context, Rule, Severity


def _entry(node: cst.CSTNode, context: Context) -> Entry | None:
    if not context.is_torch:
        return None
    name = context.name_of(node)
    if not name and isinstance(node, cst.Attribute) and context.is_tensor(node.value):
        name = f"torch.Tensor.{node.attr.value}"
    return context.atlas.get(name) if not isinstance(node, cst.Name) or name.rpartition(".")[2] == node.value else None


def _differs(node: cst.CSTNode, context: Context) -> str | None:
    entry = _entry(node, context)
    if entry is None or not entry.differs:
        return None
    return f"{entry.torch}: {entry.differs}" + (
        f"; {entry.jittor} does the same" if entry.support is Support.PARITY else ""
    )


def _missing(node: cst.CSTNode, context: Context) -> str | None:
    entry = _entry(node, context)
    if entry is None or entry.support is not Support.MISSING:
        return None
    return f"{entry.torch} has no counterpart" + (f": {entry.advice}" if entry.advice else "")


RULES: tuple[Rule, ...] = (
    Rule(
        "JT100",
        Severity.NOTE,
        "PyTorch code: a name that Jittor has with another meaning",
        "The atlas says what differs (`jtmigrate atlas NAME`); `jtmigrate port` writes what does the same.",
        "import torch\n\ndef f(x: torch.Tensor):\n    return x.argmax(1)\n",
        "import jittor as jt\nfrom jtmigrate.parity import ops\n\ndef f(x: jt.Var):\n    return ops.argmax(x, 1)\n",
        (cst.Attribute, cst.Name),
        _differs,
    ),
    Rule(
        "JT101",
        Severity.NOTE,
        "PyTorch code: a name without counterpart",
        "It has to be written anew.",
        "import torch\n\nmodel = torch.jit.script(model)\n",
        "import jittor as jt\n",
        (cst.Attribute, cst.Name),
        _missing,
    ),
)
