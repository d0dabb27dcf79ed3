"""How small a fault may be and still be found: faults of every size, in units of the noise floor."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from alignment_tests.mutations.data import noisy
from alignment_tests.mutations.fault import Draw, Fault, changed, computing
from alignment_tests.mutations.matrix import is_where
from alignment_tests.mutations.scenes import Scene, scene
from jtmigrate.parity import functional as F
from jtmigrate.parity import nn

SIZES = tuple(10.0**power for power in range(-6, 4))
SORTS = ("parameter", "activation", "activation in float32 only")
SCENE = "detector"


class Share(NamedTuple):
    """Of `tried` faults of a sort and a size (in noise floors), `found` were found in the very layer."""

    sort: str
    size: float
    found: int
    tried: int


def parameter(draw: Draw, size: float) -> Fault:
    path = draw.module(nn.Conv2d)
    factor = np.float32(1) + np.float32(size * draw.floors[path])
    return changed(path, f"weight x {factor}", size, weight=lambda array: array * factor)


def activation(draw: Draw, size: float) -> Fault:
    path = draw.module(nn.Conv2d, nn.BatchNorm2d)
    factor = 1 + size * draw.floors[path]
    return computing(path, f"output x {factor}", lambda module, execute: lambda x: execute(x) * F.scalar(factor, x))


def float32_activation(draw: Draw, size: float) -> Fault:
    path = draw.module(nn.Conv2d, nn.BatchNorm2d)
    return computing(path, f"float32 off by {size:g} floors", noisy(size * draw.floors[path]))


DRAW: dict[str, Callable[[Draw, float], Fault]] = dict(
    zip(SORTS, (parameter, activation, float32_activation), strict=True)
)


def shares(seed: int, tries: int) -> Iterator[Share]:
    """Faults of every sort and size, `tries` each in layers that are drawn."""
    where = scene(SCENE)
    found: dict[tuple[str, float], int] = defaultdict(int)
    for number, sort in enumerate(SORTS):
        for power, size in enumerate(SIZES):
            for again in range(tries):
                draw = where.draw(np.random.default_rng([seed, number, power, again]))
                found[sort, size] += is_found(DRAW[sort](draw, size), where)
            yield Share(sort, size, found[sort, size], tries)


def is_found(fault: Fault, where: Scene) -> bool:
    """Whether the layer that a fault is in is the one that is named."""
    first = where.compare(fault.inject(where.pair)).first_fault
    return first is not None and is_where(first, fault)


def draw_picture(measured: Sequence[Share], path: Path) -> None:
    """Share found against size, one line a sort (SVG)."""
    import matplotlib

    matplotlib.use("svg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 3.6))
    for sort, marker in zip(SORTS, "os^", strict=True):
        points = [share for share in measured if share.sort == sort]
        sizes, found = [p.size for p in points], [100 * p.found / p.tried for p in points]
        axes.semilogx(sizes, found, marker=marker, label=sort)
    axes.axvline(4, color="0.6", linestyle=":")
    axes.set(
        xlabel="size of the fault in noise floors of its layer", ylabel="found in the very layer, %", ylim=(-5, 105)
    )
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
