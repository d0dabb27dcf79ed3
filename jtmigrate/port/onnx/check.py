"""Runs an ONNX file with onnxruntime and the code made of it with Jittor, on the same input."""

import importlib.util
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.port.onnx.graph import Graph

TOLERANCE = 1e-5
"""Largest difference, as a share of an output's largest value."""

_BATCH = 2
"""The size of a batch that may have any: 1 would hide what broadcasting hides."""


@dataclass(frozen=True)
class Compared:
    """One output: its largest difference and its largest value."""

    name: str
    error: float
    largest: float

    def __bool__(self) -> bool:
        return self.error <= TOLERANCE * self.largest


def made_inputs(graph: Graph, seed: int = 0) -> dict[str, np.ndarray] | None:
    """Noise for every input, whole numbers being 0 or 1; None if a shape is open in more than the batch."""
    random = np.random.default_rng(seed)
    found = {}
    for name in graph.inputs:
        shape = graph.shapes.get(name)
        if shape is None or not all(isinstance(size, int) for size in shape[1:]):
            return None
        sizes = tuple(size if isinstance(size, int) else _BATCH for size in shape)
        dtype = np.dtype(graph.dtypes.get(name, "float32"))
        is_float = np.issubdtype(dtype, np.floating)
        found[name] = (random.standard_normal(sizes) if is_float else random.integers(0, 2, sizes)).astype(dtype)
    return found


def given_inputs(graph: Graph, arrays: Sequence[np.ndarray] | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays by the names of the graph's inputs. Raises UserError if they are not the graph's."""
    named = dict(arrays) if isinstance(arrays, Mapping) else dict(zip(graph.inputs, arrays, strict=False))
    if sorted(named) != sorted(graph.inputs) or (not isinstance(arrays, Mapping) and len(arrays) != len(graph.inputs)):
        raise UserError(f"the graph's inputs are {', '.join(graph.inputs)}: give an array for each")
    return named


def compare_with_runtime(path: Path, graph: Graph, folder: Path, inputs: Mapping[str, np.ndarray]) -> list[Compared]:
    """Compare every output of the ONNX file with that of the code in a folder.

    Raises UserError if either does not run, ModuleNotFoundError without onnxruntime.
    """
    # First: loading Jittor's kernels changes how the whole process rounds the smallest numbers.
    expected = _reference(path, inputs)
    found = _ported(folder, [inputs[name] for name in graph.inputs])
    compared = []
    for name, theirs, ours in zip(graph.outputs, expected, found, strict=True):
        wanted = np.asarray(theirs, np.float64)
        # Jittor has nothing without dimensions.
        if ours.shape != (wanted.shape or (1,)):
            raise UserError(f"{folder}: output {name} is of shape {ours.shape}, not {wanted.shape}: please report this")
        difference = np.abs(ours.astype(np.float64) - wanted)
        compared.append(Compared(name, float(difference.max(initial=0)), float(np.abs(wanted).max(initial=0))))
    return compared


def _reference(path: Path, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    from jtmigrate.onnx_session import ERRORS, open_session

    session = open_session(path)
    try:
        return session.run(None, dict(inputs))
    except ERRORS as error:
        raise UserError(f"{path}: onnxruntime cannot run it on these inputs: {error}") from error


def _ported(folder: Path, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    from jtmigrate import runtime

    with runtime.import_of_jittor():
        import jittor as jt

    model = _imported(folder / "model.py").build()
    with jt.no_grad():
        result = model(*map(jt.array, inputs))
    return [output.numpy() for output in (result if isinstance(result, list | tuple) else [result])]


def _imported(path: Path) -> ModuleType:
    name = f"ported_{path.parent.name}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    written = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module
