"""What is written into pictures of runs."""

import numpy as np
from matplotlib.axes import Axes

from nanodet_common.plot.curves import metrics
from nanodet_common.plot.run import Run, Series


def test_numbers_beside_close_stars_do_not_cover_each_other(monkeypatch):
    """The number of the lower of two close stars stood at the height of the other's."""
    heights = {}
    monkeypatch.setattr(Axes, "annotate", lambda _, text, place, offset, **__: heights.setdefault(text, offset[1]))
    places = np.array([1.0, 2.0])
    runs = [
        Run(name, name, "test", {"mAP": Series(places, places, np.array([0.1, best]))})
        for name, best in (("middle", 0.1367), ("best", 0.144), ("lowest", 0.136))
    ]
    metrics(runs)
    assert heights["0.1440"] > 0 > heights["0.1367"] > heights["0.1360"]
