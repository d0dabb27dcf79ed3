"""Equal values: of the tensors themselves, or of what modules returned for the same input."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from jtmigrate.naming.match.normalised import last_word
from jtmigrate.naming.match.side import TRANSPOSES, Proposal, Side, proposals, within_modules

REASON, CONFIDENCE = "equal values", 1.0
OUTPUT_REASON, OUTPUT_CONFIDENCE = "its module returns the same for the same input", 0.95

TOLERANCE = 1e-4
"""Largest difference of two outputs in terms of their maximum: roundings of all layers before add up."""


def propose(source: Side, target: Side) -> Iterator[Proposal]:
    """Every pair of equal arrays, as they are or in another order of axes. Constants tell nothing and are left out."""
    targets: dict[str, list[str]] = defaultdict(list)
    for name, array in target.arrays.items():
        if name in target.schema and tells(array):
            targets[_digest(array)].append(name)
    for name, array in source.arrays.items():
        if name in source.schema and tells(array):
            for axes in ((), *TRANSPOSES.get(array.ndim, ())):
                for other in targets.get(_digest(array.transpose(axes) if axes else array), ()):
                    yield Proposal(name, other, axes)


def propose_by_output(source: Side, target: Side) -> Iterator[Proposal]:
    """Tensors of modules whose first calls returned equal arrays. Weights held transposed are found so too."""
    if source.trace is None or target.trace is None:
        return
    olds, news = _outputs(source), _outputs(target)
    equal = [(old, new) for old, a in olds.items() for new, b in news.items() if _close(a, b)]
    words = {name: last_word(name) for side in (source, target) for name in side.schema}
    yield from proposals(source, target, within_modules(source, target, equal, words))


def tells(array: np.ndarray) -> bool:
    """Whether an array is unlike others: initial zeros and ones are not."""
    return array.size > 1 and bool((array != array.flat[0]).any())


def _digest(array: np.ndarray) -> str:
    """Equal for equal values, in whatever floating dtype: what a float32 holds, a float64 holds too."""
    kind = np.float64 if array.dtype.kind == "f" else array.dtype
    content = np.ascontiguousarray(array, kind)
    return f"{content.shape} {content.dtype} {hashlib.sha256(content.tobytes()).hexdigest()}"


def _outputs(side: Side) -> dict[str, np.ndarray]:
    """Module path -> the first array that its first call returned."""
    own = {name.rpartition(".")[0] for name in side.schema}
    outputs = {}
    for layer in side.trace.layers:
        if layer.path in own and layer.call == 0 and layer.outputs:
            outputs[layer.path] = next(iter(layer.outputs.values()))
    return outputs


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    if a.shape != b.shape or not a.size or not tells(a):
        return False
    return bool(np.abs(a - b).max() <= TOLERANCE * np.abs(a).max())
