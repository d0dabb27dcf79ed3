"""Resizing, recomputed with something else: what reproduces the answer is what the port does."""

from jtmigrate.compare.causes.settings import experiments_of, with_setting
from jtmigrate.compare.causes.words import shown
from jtmigrate.compare.suspect import Suspect

RESIZING = ("Upsample", "UpsamplingBilinear", "UpsamplingNearest")


def align_corners(suspect: Suspect) -> str:
    """Whether the corners of an enlarged image lie on those of the original."""
    return with_setting(suspect, RESIZING, "align_corners", (True, False))


def resize_mode(suspect: Suspect) -> str:
    """Nearest instead of linear interpolation, or the other way round, with or without aligned corners."""
    if told := with_setting(suspect, RESIZING, "mode", ("nearest", "bilinear")):
        return told
    for experiment in experiments_of(suspect, RESIZING):
        if experiment.explained_by(experiment.compute(settings={"mode": "bilinear", "align_corners": True})):
            return "it interpolates bilinear with align_corners=True, not as the reference"
    return ""


def scale_factor(suspect: Suspect) -> str:
    """Another factor, or the ratio of the sizes instead of the factor that was given."""
    for experiment in experiments_of(suspect, RESIZING):
        if experiment.explained_by(experiment.compute(settings={"size_ratio": True})):
            return "it scales by the ratio of the sizes instead of the scale_factor that was given"
        sizes = [b / a for a, b in zip(experiment.inputs[0].shape[2:], experiment.answer.shape[2:], strict=False)]
        if experiment.explained_by(experiment.compute(settings={"size": None, "scale_factor": tuple(sizes)})):
            return f"its scale_factor is {shown(tuple(sizes))}, not the reference's"
    return ""


HYPOTHESES = (
    align_corners,
    resize_mode,
    scale_factor,
)
