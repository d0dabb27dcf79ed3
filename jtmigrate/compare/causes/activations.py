"""Activations and softmax, recomputed with something else: what reproduces the answer is what the port does."""

from collections.abc import Iterator

import numpy as np

from jtmigrate.compare.causes.settings import experiments_of, with_fitted_setting, with_setting
from jtmigrate.compare.emulation.pointwise import ACTIVATIONS
from jtmigrate.compare.experiment import Experiment
from jtmigrate.compare.suspect import Suspect


def missing_activation(suspect: Suspect) -> str:
    """An activation that returns its input."""
    for experiment in experiments_of(suspect, tuple(ACTIVATIONS)):
        if experiment.explained_by(np.asarray(experiment.inputs[0])):
            return f"its activation is missing: {suspect.kind} returns its input unchanged"
    return ""


def negative_slope(suspect: Suspect) -> str:
    """Another slope of a leaky ReLU."""
    return with_fitted_setting(suspect, ("LeakyReLU",), "negative_slope", (0.1,))


def activation_setting(suspect: Suspect) -> str:
    """Another alpha of an ELU, or beta of a softplus."""
    return with_fitted_setting(suspect, ("ELU",), "alpha", (1.0,)) or with_fitted_setting(
        suspect, ("Softplus",), "beta", (1.0,)
    )


def approximated_gelu(suspect: Suspect) -> str:
    """GELU by tanh instead of the error function, or the other way round."""
    return with_setting(suspect, ("GELU",), "approximate", ("tanh", "none"))


def other_activation(suspect: Suspect) -> str:
    """Another activation function."""
    for experiment in experiments_of(suspect, (*ACTIVATIONS, "PReLU")):
        for kind in ACTIVATIONS:
            if kind != suspect.kind and experiment.explained_by(experiment.compute(kind=kind)):
                return f"it computes {kind} instead of {suspect.kind}"
        for told in _leaky(experiment) if suspect.kind != "LeakyReLU" else ():
            return f"it computes LeakyReLU with a negative slope of {told} instead of {suspect.kind}"
    return ""


def softmax_dim(suspect: Suspect) -> str:
    """Softmax over another axis, or over everything at once."""
    for experiment in experiments_of(suspect, ("Softmax", "LogSoftmax")):
        for dim in (*range(experiment.inputs[0].ndim), None):
            if experiment.explained_by(experiment.compute(settings={"dim": dim})):
                where = "all axes at once" if dim is None else f"axis {dim}"
                return f"its softmax runs over {where} instead of dim {experiment.settings.get('dim')}"
    return ""


def logarithm(suspect: Suspect) -> str:
    """Softmax instead of its logarithm, or the other way round."""
    for experiment in experiments_of(suspect, ("Softmax", "LogSoftmax")):
        other = "Softmax" if suspect.kind == "LogSoftmax" else "LogSoftmax"
        if experiment.explained_by(experiment.compute(kind=other)):
            return f"it computes {other} instead of {suspect.kind}"
    return ""


HYPOTHESES = (
    missing_activation,
    negative_slope,
    activation_setting,
    approximated_gelu,
    other_activation,
    softmax_dim,
    logarithm,
)


def _leaky(experiment: Experiment) -> Iterator[str]:
    """The slope of the leaky ReLU that the answer is, if it is one."""
    x, y = experiment.inputs[0].astype(np.float64), experiment.answer.astype(np.float64)
    negative = x < 0
    if x.shape != y.shape or not negative.any():
        return
    slope = float(np.sum(x[negative] * y[negative]) / np.sum(x[negative] ** 2))
    if slope and experiment.explained_by(np.where(negative, slope * x, x)):
        yield f"{slope:.6g}"
