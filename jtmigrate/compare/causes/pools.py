"""Pools, recomputed with something else: what reproduces the answer is what the port does."""

from jtmigrate.compare.causes.settings import experiments_of, with_setting
from jtmigrate.compare.suspect import Suspect

POOLS = ("MaxPool", "AvgPool", "AdaptiveMaxPool", "AdaptiveAvgPool")


def padded_with_zeros(suspect: Suspect) -> str:
    """A max pool that pads with zeros instead of -inf: wrong at the border where everything is negative."""
    for experiment in experiments_of(suspect, ("MaxPool",)):
        if experiment.explained_by(experiment.compute(settings={"pads_with": "zeros"})):
            return "it pads with zeros instead of -inf (in Jittor: Pool(op='max') instead of op='maximum')"
    return ""


def ceil_mode(suspect: Suspect) -> str:
    """A pool that rounds the number of windows up or down."""
    return with_setting(suspect, POOLS, "ceil_mode", (True, False))


def overhanging_window(suspect: Suspect) -> str:
    """With ceil_mode, windows that begin beyond the image are kept; PyTorch drops them."""
    for experiment in experiments_of(suspect, ("MaxPool", "AvgPool")):
        if experiment.explained_by(experiment.compute(settings={"ceil_mode": True, "keeps_overhang": True})):
            return "with ceil_mode it keeps a window that begins beyond the image, which the reference drops"
    return ""


def count_include_pad(suspect: Suspect) -> str:
    """Whether an average pool divides by the padding too."""
    return with_setting(suspect, ("AvgPool",), "count_include_pad", (True, False))


def even_windows(suspect: Suspect) -> str:
    """An adaptive pool with windows of one size, where the output does not divide the input."""
    for experiment in experiments_of(suspect, ("AdaptiveMaxPool", "AdaptiveAvgPool")):
        if experiment.explained_by(experiment.compute(settings={"even_windows": True})):
            return "its adaptive windows are all of one size: the output does not divide the input"
    return ""


def other_pool(suspect: Suspect) -> str:
    """Maximum instead of average, or the other way round."""
    for experiment in experiments_of(suspect, POOLS):
        other = suspect.kind.replace("Max", "Avg") if "Max" in suspect.kind else suspect.kind.replace("Avg", "Max")
        if experiment.explained_by(experiment.compute(kind=other)):
            return f"it computes {other} instead of {suspect.kind}"
    return ""


HYPOTHESES = (
    padded_with_zeros,
    ceil_mode,
    overhanging_window,
    count_include_pad,
    even_windows,
    other_pool,
)
