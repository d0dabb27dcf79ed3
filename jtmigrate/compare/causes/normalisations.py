"""Normalisations, recomputed with something else: what reproduces the answer is what the port does."""

from jtmigrate.compare.causes.settings import experiments_of, with_fitted_setting, with_setting
from jtmigrate.compare.suspect import Suspect

NORMS = ("BatchNorm", "SyncBatchNorm", "InstanceNorm", "GroupNorm", "LayerNorm")
EPS_STARTS = (1e-5, 1e-3, 1e-1, 1e-8)


def scale_left_out(suspect: Suspect) -> str:
    """A normalisation leaves out its weight, or weight and bias: affine=False."""
    for experiment in experiments_of(suspect, NORMS):
        if "weight" in experiment.state and experiment.explained_by(experiment.compute_without("weight")):
            return "it does not multiply by its weight"
        if "weight" in experiment.state and experiment.explained_by(experiment.compute_without("weight", "bias")):
            return "it applies neither its weight nor its bias, as with affine=False"
    return ""


def batch_statistics(suspect: Suspect) -> str:
    """Batch normalisation by the statistics of the batch instead of the running ones, or the other way round."""
    for experiment in experiments_of(suspect, ("BatchNorm", "SyncBatchNorm")):
        if experiment.explained_by(experiment.compute(settings={"training": True})):
            return "it normalises by the batch's statistics (training mode) instead of the running ones"
        if experiment.explained_by(experiment.compute(settings={"training": False})):
            return "it normalises by the running statistics (evaluation mode) instead of the batch's"
    return ""


def sample_variance(suspect: Suspect) -> str:
    """A normalisation by the unbiased variance (divided by n - 1) instead of the biased one."""
    for experiment in experiments_of(suspect, NORMS):
        if experiment.explained_by(experiment.compute(settings={"sample_variance": True})):
            return "it normalises by the unbiased variance instead of the biased one"
    return ""


def num_groups(suspect: Suspect) -> str:
    """Another number of groups in a group normalisation."""
    for experiment in experiments_of(suspect, ("GroupNorm",)):
        channels = experiment.inputs[0].shape[1]
        divisors = [count for count in range(1, channels + 1) if channels % count == 0]
        return with_setting(suspect, ("GroupNorm",), "num_groups", divisors)
    return ""


def other_normalisation(suspect: Suspect) -> str:
    """Batch, instance, group and layer normalisation exchanged: the statistics run over other axes."""
    for experiment in experiments_of(suspect, NORMS):
        shape = experiment.inputs[0].shape
        training = {"training": True, "num_groups": 1, "normalized_shape": shape[1:]}
        for kind in ("BatchNorm", "InstanceNorm", "GroupNorm"):
            if kind != suspect.kind and experiment.explained_by(experiment.compute(kind=kind, settings=training)):
                return f"it normalises over the axes of {kind} instead of {suspect.kind}"
    return ""


def eps(suspect: Suspect) -> str:
    """Another eps in a normalisation."""
    return with_fitted_setting(suspect, NORMS, "eps", EPS_STARTS)


HYPOTHESES = (
    scale_left_out,
    batch_statistics,
    sample_variance,
    num_groups,
    other_normalisation,
    eps,
)
