"""Puts the pieces together as a Python file."""

from collections.abc import Sequence

from jtmigrate.port.onnx.emitter import Emitter
from jtmigrate.port.onnx.graph import Shape

_BUFFER = "buffer "
_WIDTH = 120


def source_text(name: str, emitter: Emitter, results: Sequence[str]) -> str:
    """The file: imports, a class `Model`, a function `build`.

    name     of the ONNX file
    results  expressions of the outputs
    """
    body = [*_layers(emitter), "", *_execute(emitter, results)]
    code = "\n".join(body)
    weights = " The weights are in weights.npz beside this file." if emitter.state else ""
    build = [line for line in _BUILD if emitter.state or "load(" not in line]
    head = [
        f'"""The graph of {name}, line by line.{weights}"""',
        "",
        *(["from pathlib import Path", ""] if emitter.state else []),
        *(["import jittor as jt", ""] if "jt." in code else []),
        *(["from jtmigrate.load import load"] if emitter.state else []),
        *(["from jtmigrate.parity import functional as F"] if "F." in code else []),
        f"from jtmigrate.parity import nn{', ops' if 'ops.' in code else ''}",
        "",
        "",
        "class Model(nn.Module):",
    ]
    return "\n".join([*head, code, *build]) + "\n"


_BUILD = (
    "",
    "",
    "def build() -> Model:",
    '    """The model with its weights, in evaluation mode."""',
    "    model = Model()",
    '    load(model, Path(__file__).with_name("weights.npz"))',
    "    model.eval()",
    "    return model",
)


def _layers(emitter: Emitter) -> list[str]:
    lines = ["    def __init__(self):", "        super().__init__()"]
    for attribute, made in emitter.layers.items():
        if made.startswith(_BUFFER):
            lines.append(f'        self.register_buffer("{attribute}", {made.removeprefix(_BUFFER)})')
        else:
            lines.append(f"        self.{attribute} = {made}")
    return lines


def _execute(emitter: Emitter, results: Sequence[str]) -> list[str]:
    lines = [f"    def execute(self, {', '.join(emitter.inputs)}):"]
    for name, local in zip(emitter.graph.inputs, emitter.inputs, strict=True):
        shape = emitter.graph.shapes.get(name)
        if shape is not None:
            lines.append(f"        # {local}: {shown(shape)}")
    lines += [f"        {line}" for line in emitter.dimensions.values()]
    for code in emitter.lines:
        line = f"        {code.target} = {code.expression}"
        comment = f"  # {shown(code.shape)}" if code.shape is not None else ""
        lines.append(line + comment if len(line + comment) <= _WIDTH else line)
    lines.append(f"        return {', '.join(results)}")
    return lines


def shown(shape: Shape) -> str:
    """A shape as a comment: "(batch, 3, 320, 320)"."""
    sizes = ["?" if size is None else str(size) for size in shape]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
