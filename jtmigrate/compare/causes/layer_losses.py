"""Losses that are modules, recomputed with something else: what reproduces the answer is what the port does."""

from jtmigrate.compare.causes.settings import experiments_of, with_fitted_setting, with_setting
from jtmigrate.compare.suspect import Suspect

LOSSES = ("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss", "CrossEntropyLoss")


def reduction(suspect: Suspect) -> str:
    """Mean instead of sum, or the other way round."""
    return with_setting(suspect, LOSSES, "reduction", ("mean", "sum", "none"))


def loss_setting(suspect: Suspect) -> str:
    """Another beta, delta or label smoothing of a loss."""
    return (
        with_fitted_setting(suspect, ("SmoothL1Loss",), "beta", (1.0,))
        or with_fitted_setting(suspect, ("HuberLoss",), "delta", (1.0,))
        or with_fitted_setting(suspect, ("CrossEntropyLoss",), "label_smoothing", (0.0,))
    )


def other_loss(suspect: Suspect) -> str:
    """Another loss of the same arguments: squared instead of absolute, of probabilities instead of logits."""
    for experiment in experiments_of(suspect, LOSSES):
        for kind in LOSSES:
            if kind != suspect.kind and experiment.explained_by(experiment.compute(kind=kind)):
                return f"it computes {kind} instead of {suspect.kind}"
    return ""


def shifted_labels(suspect: Suspect) -> str:
    """Class numbers or indices that are off by one."""
    for experiment in experiments_of(suspect, ("CrossEntropyLoss", "Embedding")):
        for shift in (1, -1):
            inputs = [array + shift if array.dtype.kind in "iu" else array for array in experiment.inputs]
            if experiment.explained_by(experiment.compute(inputs=inputs)):
                return f"its labels are shifted by {shift:+d}: one side counts from 0 and the other from 1"
    return ""


def class_weights_left_out(suspect: Suspect) -> str:
    """A loss that leaves out the weights of the classes."""
    for experiment in experiments_of(suspect, LOSSES):
        if "weight" in experiment.state and experiment.explained_by(experiment.compute_without("weight")):
            return "it does not weight the classes"
    return ""


HYPOTHESES = (
    reduction,
    loss_setting,
    other_loss,
    shifted_labels,
    class_weights_left_out,
)
