"""Where the time goes: every layer alone, on the input that it had in a run of PyTorch's, in both frameworks."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.bench.result import Table
from jtmigrate.presets.bench.material import Given, images, read

TIMES = 7
LONGEST = 40
"""Layers that the table shows, those that differ most."""
CALL, SLOT = "#", "|"


class Layer(NamedTuple):
    """One call of a leaf module: its class, and the median of its milliseconds."""

    kind: str
    ms: float


class Profile:
    """One variant's layers, as the detector has them before anything is folded or fused; a worker's subject."""

    def __init__(self, variant: str, given: list[str], size: int) -> None:
        self._is_torch = variant == "torch"
        self._images = images(1, size)
        config, state = read(Given(*given))
        if self._is_torch:
            from jtmigrate.frameworks.torch_adapter import TorchAdapter as Adapter
            from jtmigrate.presets.bench import torch_variants as variants
        else:
            from jtmigrate.presets.bench import jittor_variants as variants

            from jtmigrate.frameworks.jittor_adapter import JittorAdapter as Adapter  # isort: skip
        self._adapter = Adapter()
        self._variants, self._variant = variants, variant
        self._model = variants.engine(variant, config, state).model

    def record(self, path: str) -> None:
        """Leave in a file what every leaf module is given in a run on one image, under "path#call|slot"."""
        trace = self._adapter.record(self._model, self._images)
        np.savez(
            path,
            **{
                f"{layer.path}{CALL}{layer.call}{SLOT}{slot}": array
                for layer in trace.layers
                if layer.is_leaf and layer.path
                for slot, array in layer.inputs.items()
            },
        )

    def measure(self, path: str) -> Mapping[str, Layer]:
        """Every call of a leaf module, by "path#call"."""
        found = {}
        with self._variants.operators(self._variant), self._adapter.running(self._model, "float32") as live:
            modules = self._adapter.modules(live)
            for key, arrays in _inputs(path).items():
                module = modules.get(key.partition(CALL)[0])
                if module is not None and not self._adapter.has_children(module):
                    tensors = [self._adapter.tensor(array, "float32") for array in arrays]
                    found[key] = Layer(type(module).__name__, 1e3 * _median(self._run(module, tensors)))
        return found

    def _run(self, module: Any, tensors: list[Any]) -> Callable[[], None]:
        if self._is_torch:
            return lambda: module(*tensors)
        import jittor as jt

        def run() -> None:
            output = module(*tensors)
            output.sync()
            jt.sync_all(True)

        jt.sync(tensors)
        return run


def profile_tables(found: Mapping[str, Mapping[str, Any]], size: int, threads: int) -> Iterator[Table]:
    """Layers of all variants side by side: those in which the last and the first differ most, then all by kind."""
    first, *others = sides = [_layers(layers) for layers in found.values()]
    shared = [key for key in first if all(key in other for other in others)]
    note = f"One image of {size} x {size}, {threads} threads; each layer alone, median of {TIMES} runs."
    columns = (*(f"{name} ms" for name in found), "difference ms")

    rows = [(key, first[key].kind, *_cells([side[key].ms for side in sides])) for key in shared]
    rows.sort(key=lambda row: -abs(row[-1]))
    title = f"Layers that differ most, {min(LONGEST, len(rows))} of {len(rows)}"
    yield Table(title, note, ("layer", "kind", *columns), tuple(rows[:LONGEST]))

    by_kind: dict[str, list[str]] = defaultdict(list)
    for key in shared:
        by_kind[first[key].kind].append(key)
    sums = [
        (kind, len(keys), *_cells([sum(side[key].ms for key in keys) for side in sides]))
        for kind, keys in by_kind.items()
    ]
    sums.sort(key=lambda row: -abs(row[-1]))
    yield Table("Layers by kind", note, ("kind", "layers", *columns), tuple(sums))


def _layers(layers: Mapping[str, Any]) -> dict[str, Layer]:
    """What was sent as JSON."""
    return {key: Layer(*layer) for key, layer in layers.items()}


def _cells(milliseconds: Sequence[float]) -> tuple[float, ...]:
    """And how much longer the last takes than the first."""
    return (*milliseconds, milliseconds[-1] - milliseconds[0])


def _inputs(path: str) -> dict[str, list[np.ndarray]]:
    """By key, in the order of the slots."""
    found = defaultdict(list)
    with np.load(path) as arrays:
        for name in arrays:
            found[name.partition(SLOT)[0]].append(arrays[name])
    return found


def _median(run: Callable[[], None]) -> float:
    """Seconds; a first run, which may compile, is left out."""
    run()
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begin)
    return median(seconds)
