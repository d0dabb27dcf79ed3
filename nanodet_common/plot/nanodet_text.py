"""The logs.txt of the original NanoDet.

    [NanoDet][06-12 10:00:00]INFO: Train|Epoch1/300|Iter50(51/1470)| mem:1.2G| lr:1.00e-03| loss_qfl:0.5123| ...
    [NanoDet][06-12 11:00:00]INFO: Val_metrics: {'mAP': 0.12, 'AP_50': 0.25, ...}

It counts steps from 0, and tells those of a metric only by what stands before it. Losses of single validation batches
(`Val|...`) are passed over: they are of a few images each. Older versions write `train|...` without `mem`, and some
`Iter50(51)`, without the number of batches.
"""

import re
from pathlib import Path

from nanodet_common.plot.run import Points, Run, with_sum

# Colours of a terminal, in logs that were copied from one.
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
STEP = re.compile(r"[Tt]rain\|Epoch(\d+)/\d+\|Iter(\d+)\(\d+(?:/(\d+))?\)\|(.*)")
VALUE = re.compile(r" ?(\w+):([^|\s]+)\|")
METRICS = re.compile(r"Val_metrics: ?\{(.*)\}")
METRIC = re.compile(r"'(\w+)': (?:np\.float\d+\()?([^,()]+)\)?(?:, |$)")
OURS = ("Train|", "train|Epoch", "Val_metrics")


def read_nanodet_text(path: Path, name: str) -> Run:
    """A run from the original's text. Raises OSError if it cannot be read."""
    points, damaged, place = Points(), 0, (0, 0)
    for line in COLOURS.sub("", path.read_text(errors="replace")).splitlines():
        if not any(mark in line for mark in OURS):
            continue
        try:
            place = _add(points, line, place)
        except (ValueError, OverflowError):
            damaged += 1
    return Run(name, str(path), "NanoDet's text", with_sum(points.series()), damaged)


def _add(points: Points, line: str, place: tuple[int, int]) -> tuple[int, int]:
    """Epoch, and steps at its end, as known after this line. Raises ValueError or OverflowError for a damaged line."""
    if found := METRICS.search(line):
        epoch, step = place
        if METRIC.sub("", found[1]):
            raise ValueError(line)
        for name, value in [(name, float(value)) for name, value in METRIC.findall(found[1])]:
            points.add(name, value, step=step or None, epoch=epoch or None)
        return place
    found = STEP.search(line)
    if not found:
        raise ValueError(line)
    epoch, step, batches = int(found[1]), int(found[2]) + 1, int(found[3] or 0)
    values = {name: float(value.removesuffix("G")) for name, value in VALUE.findall(found[4])}
    if not values or VALUE.sub("", found[4]).strip():
        raise ValueError(line)
    if memory := values.pop("mem", 0.0):  # The original says 0 on a CPU.
        values["memory_mb"] = 1e3 * memory
    for name, value in values.items():
        points.add(name, value, step=step, epoch=epoch)
    return epoch, epoch * batches
