"""The likeliest cause of a fault in one sentence.

Each hypothesis is one small function of a `Suspect` that returns its sentence, or "" where it does not fit. It does not
guess: it recomputes the faulty array, or what it says is there to be read. They stand in groups by what they explain.
To add one, write it, put it in its place here and describe it in docs/causes.md.
"""

from collections.abc import Callable

from jtmigrate.compare.causes import (
    activations,
    buffers,
    convolutions,
    glue,
    gradients,
    layer_losses,
    losses,
    normalisations,
    options,
    order,
    parameters,
    pools,
    precision,
    resizing,
    settings,
    step_formulas,
    step_gradients,
    values,
)
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect
from jtmigrate.compare.verdict import different_in_kind

Hypothesis = Callable[[Suspect], str]


def likeliest_cause(suspect: Suspect) -> str:
    """The sentence of the first hypothesis that fits."""
    return next(filter(None, (hypothesis(suspect) for hypothesis in HYPOTHESES)), "")


def all_causes(suspect: Suspect) -> tuple[tuple[str, str], ...]:
    """(name, sentence) of every hypothesis that fits, the likeliest first; the last resorts come last."""
    told = ((hypothesis.__name__, hypothesis(suspect)) for hypothesis in HYPOTHESES)
    return tuple((name, sentence) for name, sentence in told if sentence)


def another_kind_of_array(suspect: Suspect) -> str:
    """Another shape or dtype, which no setting explains."""
    situations = suspect.situations
    if suspect.quantity is not None or situations.reference32 is None:
        return ""
    for record in (situations.isolated, situations.candidate32):
        for name, array in record.outputs.items() if record is not None else ():
            if reason := different_in_kind(situations.reference32.outputs.get(name), array):
                return f"from the same inputs it returns {reason}" if record is situations.isolated else reason
    return ""


def other_computation(suspect: Suspect) -> str:
    """What is left when nothing else fits."""
    if suspect.quantity is None:
        return "it computes something else from the same inputs: compare its definition and its settings"
    return LAST_RESORTS[suspect.quantity]


LAST_RESORTS = {
    Quantity.ACTIVATION_GRADIENT: "its gradient differs: compare the backward passes of the layers after it",
    Quantity.PARAMETER_GRADIENT: "its gradient differs although its outputs agree: compare the backward passes",
    Quantity.BUFFER: "its buffer is updated differently: compare momentum, and training or evaluation mode",
    Quantity.LOSS: "the loss differs although what it is made of agrees: compare terms, weights and reductions",
    Quantity.CLIP_NORM: "the norm of all gradients differs: compare which parameters are clipped",
    Quantity.LEARNING_RATE: "the learning rate differs: compare the schedules and when they are stepped",
    Quantity.OPTION: "the optimizers have other options: compare how they are constructed",
    Quantity.UPDATE: "the same gradients lead to another step: compare the optimizers",
    Quantity.MOMENT: "the optimizer keeps other moments: compare betas, and when gradients are cleared",
}

HYPOTHESES: tuple[Hypothesis, ...] = (
    # What is certain.
    parameters.missing_parameter,
    parameters.extra_parameter,
    *parameters.HYPOTHESES,
    glue.calls_other_children,
    glue.other_number_of_arrays,
    glue.differs_when_repeated,
    settings.dropout_on_both_sides,
    settings.other_setting,
    values.not_finite,
    values.finite,
    # What reproduces the very numbers.
    precision.rounded_answer,
    precision.rounded_operands,
    precision.numerically_poor,
    *convolutions.HYPOTHESES,
    *pools.HYPOTHESES,
    *normalisations.HYPOTHESES,
    *activations.HYPOTHESES,
    *resizing.HYPOTHESES,
    *layer_losses.HYPOTHESES,
    *gradients.HYPOTHESES,
    *buffers.HYPOTHESES,
    *losses.HYPOTHESES,
    step_formulas.stepped_without_gradient,
    *options.HYPOTHESES,
    *step_gradients.HYPOTHESES,
    *step_formulas.HYPOTHESES,
    *glue.HYPOTHESES,
    *order.HYPOTHESES,
    *values.HYPOTHESES,
    # What only describes.
    precision.lower_precision,
    settings.unproven_setting,
    another_kind_of_array,
    gradients.own_backward,
    values.only_at_some_places,
    glue.glue_code,
    other_computation,
)
