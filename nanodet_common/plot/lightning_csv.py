"""The metrics.csv of PyTorch Lightning's CSVLogger. It counts epochs and steps from 0."""

import csv
import math
from pathlib import Path

from nanodet_common.errors import InputError
from nanodet_common.plot.run import Points, Run, with_sum
from nanodet_common.plot.tags import series_name


def read_lightning_csv(path: Path, name: str) -> Run:
    """A run from its metrics.csv. Raises OSError if it cannot be read, InputError without the columns of Lightning."""
    lines = path.read_text(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}").splitlines()
    rows = csv.reader(lines)
    header = next(rows, [])
    if "step" not in header:
        raise InputError(f"{path}: no metrics of Lightning: it has no column step")
    points, damaged = Points(), 0
    for cells in rows:
        try:
            if len(cells) != len(header):
                raise ValueError(f"{len(cells)} cells")
            row = {column: float(cell) for column, cell in zip(header, cells, strict=True) if cell}
            step = _whole(row.pop("step")) + 1
            epoch = _whole(row.pop("epoch")) + 1 if "epoch" in row else None
        except (ValueError, KeyError):
            damaged += 1
            continue
        for column, value in row.items():
            points.add(series_name(column), value, step=step, epoch=epoch)
    return Run(name, str(path), "Lightning's CSV", with_sum(points.series()), damaged)


def _whole(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number
