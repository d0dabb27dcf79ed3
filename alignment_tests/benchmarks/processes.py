"""Two processes against one on the small detector of the tests: how far apart, and what it costs.

    python -m alignment_tests.benchmarks.processes [--steps 20] [--framework torch]

Teacher-forced, every step begins with the state that one process had there; free-running, both begin alike and go on by
themselves. A floor is the distance of one process's float32 gradients from those of PyTorch in float64.
"""

import argparse
import pickle
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from alignment_tests.nanodet_common.training.test_processes import PACKAGES, distances, finished, two

ALONE = (sys.executable, "-m")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--framework", choices=PACKAGES)
    options = parser.parse_args()
    for framework in [options.framework] if options.framework else PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            measure(framework, options.steps, Path(folder))


def measure(framework: str, steps: int, folder: Path) -> None:
    """Print what holds for a framework."""
    runs = {
        "one": (ALONE,),
        "two": (two(framework), "--teacher", folder / "one"),
        "exact": (ALONE, "--teacher", folder / "one", "--dtype", "float64"),
        "free": (two(framework),),
    }
    found: dict[str, list[dict[str, Any]]] = {}
    for name, (launcher, *more) in runs.items():
        by = "torch" if name == "exact" else framework
        finished(launcher, "alignment_tests.processes", by, folder / name, "--steps", steps, *more)
        found[name] = pickle.loads((folder / name).read_bytes())["steps"]
    print(f"{framework}: {steps} steps of 4 images")
    compared = [compare(*steps) for steps in zip(found["one"], found["two"], found["exact"], strict=True)]
    losses, parts, ratios, worst = (np.array(column) for column in zip(*compared, strict=True))
    print(f"  teacher-forced: loss within {losses.max():.1e} relative, each part within {parts.max():.1e}")
    print(f"  gradients: {np.median(ratios):.2f} floors apart (median step), {ratios.max():.2f} at most;", end=" ")
    print(f"any one tensor {worst.max():.2f} at most")
    print(f"  the same weights in both processes: {all(step['same everywhere'] for step in found['two'])}")
    drift = [loss_distance(one, free, "loss") for one, free in zip(found["one"], found["free"], strict=True)]
    shown = sorted({0, 1, 4, 9, steps // 2, steps - 1} & set(range(steps)))
    print("  free-running, losses apart:", ", ".join(f"step {step + 1}: {drift[step]:.1e}" for step in shown))
    for name in ("one", "two"):
        seconds = [step["seconds"] for step in found[name]]
        print(f"  {name}: {1000 * median(seconds):.0f} ms a step (median; the first, {seconds[0]:.1f} s, compiles)")


def compare(one: dict[str, Any], other: dict[str, Any], exact: dict[str, Any]) -> tuple[float, float, float, float]:
    """Loss, and its parts, relative; gradients in floors, all together and the worst tensor."""
    own, floor = distances(other["gradients"], one["gradients"]), distances(one["gradients"], exact["gradients"])
    measured = floor > 0
    return (
        loss_distance(one, other, "loss"),
        loss_distance(one, other, *one["losses"]),
        float(np.linalg.norm(own) / np.linalg.norm(floor)),
        float((own[measured] / floor[measured]).max()),
    )


def loss_distance(one: dict[str, Any], other: dict[str, Any], *parts: str) -> float:
    """The largest relative distance of these parts of the loss."""
    return max(abs(other["losses"][part] / one["losses"][part] - 1) for part in parts)


if __name__ == "__main__":
    main()
