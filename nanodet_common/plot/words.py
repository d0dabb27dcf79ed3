"""How the numbers of a run are written."""

from datetime import timedelta

import numpy as np

from nanodet_common.plot.run import Run
from nanodet_common.plot.statistics import Place, duration, statistics

ABSENT = "-"


def value_words(value: float | None) -> str:
    """Four significant digits: `0.3476`, `1.234e-05`, `1,024`; `-` for None."""
    if value is None:
        return ABSENT
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def place_words(place: Place | None) -> str:
    """`0.3476 @ 4,500`: a value and its step; `0.3476 @ epoch 10` where the log tells no more."""
    if place is None:
        return ABSENT
    if place.step is not None:
        return f"{value_words(place.value)} @ {place.step:,}"
    return value_words(place.value) + ("" if place.epoch is None else f" @ epoch {place.epoch}")


def run_words(run: Run) -> dict[str, str]:
    """What there is to say of a run as a whole, by label; nothing that the log does not tell."""
    words = {"log": f"{run.source} ({run.kind})"}
    steps = [series.steps[np.isfinite(series.steps)] for series in run.series.values()]
    epochs = [series.epochs[np.isfinite(series.epochs)] for series in run.series.values()]
    for name, places in (("steps", np.concatenate(steps)), ("epochs", np.concatenate(epochs))):
        if places.size:
            words[name] = f"{int(places.max()):,}"
    seconds = duration(run)
    if seconds is not None:
        words["time in steps and validations"] = str(timedelta(seconds=round(seconds)))
    if run.values("mAP").size:
        words["best mAP @ step"] = place_words(statistics(run.series["mAP"]).highest)
    if (speed := run.values("images_per_s")).size:
        words["images/s, median"] = value_words(float(np.median(speed)))
    if (memory := run.values("memory_mb")).size:
        words["memory at the peak"] = f"{value_words(float(memory.max()))} MB"
    words["damaged lines or records"] = f"{run.damaged:,}"
    return words
