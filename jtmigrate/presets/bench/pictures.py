"""A benchmark as pictures: PNG file contents."""

from matplotlib.figure import Figure

from jtmigrate.bench.result import BenchResult, CaseResult
from nanodet_common.figures import COLORS, INK, SOFT, WIDE, dress, plain, png

BAR, TITLE = 0.26, 0.75
"""Heights in inches: of a bar, of what stands around those of a case."""
FAMILY_COLORS = {"torch": COLORS[1], "jittor": COLORS[0]}
OTHER = COLORS[2]


def bars(result: BenchResult, what: str) -> bytes:
    """Milliseconds of every variant in all cases of a kind; the line is where the middle half of the rounds lies."""
    found = [one for one in result.cases if one.case.what == what and one.measured]
    heights = [TITLE + BAR * len(one.measured) for one in found] or [TITLE]
    figure = Figure((WIDE, sum(heights)), layout="constrained")
    axes = figure.subplots(max(1, len(found)), 1, squeeze=False, height_ratios=heights)[:, 0]
    for axis, one in zip(axes, found, strict=False):
        _bars(axis, one)
    return png(figure)


def speeds(result: BenchResult) -> bytes:
    """Every comparison of the two families: the median of the ratios, and the interval that holds it."""
    compared = [(one.case.title, found) for one in result.cases for found in one.comparisons(*result.families)]
    figure = Figure((WIDE, TITLE + BAR * 1.3 * len(compared)), layout="constrained")
    axis = figure.subplots()
    for place, (_, found) in enumerate(compared):
        color = COLORS[0] if found.title.startswith("best") else COLORS[1]
        axis.plot((found.speed.low, found.speed.high), (place, place), color=color, linewidth=3, alpha=0.4)
        axis.plot(found.speed.median, place, "o", color=color)
    axis.axvline(1, color=INK, linewidth=1)
    axis.set_yticks(range(len(compared)), [plain(f"{title}: {found.title}") for title, found in compared])
    axis.invert_yaxis()
    dress(axis, f"speed of {result.families[1]}: above 1 it takes less time than {result.families[0]}")
    return png(figure)


def _bars(axis: object, result: CaseResult) -> None:
    for place, (_, one) in enumerate(result.measured.items()):
        spread = one.spread
        median, low, high = (1e3 * value for value in spread)
        axis.barh(place, median, color=FAMILY_COLORS.get(one.variant.family, OTHER), height=0.7)
        axis.plot((low, high), (place, place), color=INK, linewidth=2)
        axis.annotate(f" {median:.3g}", (max(median, high), place), va="center", fontsize=8, color=SOFT)
    axis.set_yticks(range(len(result.measured)), [plain(name) for name in result.measured])
    axis.invert_yaxis()
    axis.margins(x=0.12)
    dress(axis, f"{plain(result.case.title)}: ms")
