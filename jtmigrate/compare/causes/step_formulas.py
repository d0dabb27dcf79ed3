"""The same gradients and options, and another step: it is computed again with one thing changed."""

import numpy as np

from jtmigrate.compare.causes.steps import options_of, parameter_at_fault, records, steps
from jtmigrate.compare.causes.words import instead, shown
from jtmigrate.compare.emulation.optimizers import emulate_step
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect


def stepped_without_gradient(suspect: Suspect) -> str:
    """A parameter without a gradient, which the reference's optimizer leaves as it is, is decayed or moved on."""
    for reference, candidate in records(suspect) if suspect.quantity in (Quantity.UPDATE, Quantity.MOMENT) else ():
        name = parameter_at_fault(suspect)
        moved = [
            name in one.after.model and not np.array_equal(one.before.model[name], one.after.model[name])
            for one in (reference, candidate)
        ]
        if name in reference.gradients or moved != [False, True]:
            continue
        decays = options_of(candidate.before.optimizer, name).get("weight_decay")
        what = "decayed" if decays else "stepped all the same"
        left = "has no gradient in the reference, which leaves it as it is"
        return f"{name} {left}; here it is {what}: stop_grad() it"
    return ""


def not_stepped(suspect: Suspect) -> str:
    """A parameter that a step leaves as it is: frozen, or in evaluation mode."""
    for step in steps(suspect):
        if step.name == parameter_at_fault(suspect) and np.array_equal(step.parameter, step.answer):
            return f"{step.name} is not stepped at all: a frozen parameter (stop_grad, evaluation mode)"
    return ""


def coupled_decay(suspect: Suspect) -> str:
    """Weight decay in the gradient (Adam) instead of beside it (AdamW), or the other way round."""
    for step in steps(suspect):
        for decoupled in (True, False) if step.kind in ("Adam", "AdamW") else ():
            if step.explained_by(step.compute(quirks={"decoupled": decoupled})):
                words = ("decoupled", "coupled") if decoupled else ("coupled", "decoupled")
                return f"its weight decay is {words[0]} instead of {words[1]} (AdamW and Adam)"
    return ""


def nesterov(suspect: Suspect) -> str:
    """Nesterov's momentum where the reference has the plain one, or the other way round."""
    for step in steps(suspect):
        if "nesterov" in step.options:
            value = not step.options["nesterov"]
            if step.explained_by(step.compute(options={"nesterov": value})):
                return instead("nesterov", value, not value)
    return ""


def bias_correction(suspect: Suspect) -> str:
    """Adam without bias correction, or with a wrong number of steps."""
    for step in steps(suspect):
        if step.explained_by(step.compute(quirks={"bias_correction": False})):
            return "its moments are not bias corrected"
        for count in (1, -1):
            if step.explained_by(step.compute(quirks={"steps": count})):
                return f"its bias correction counts {count:+d} step: the number of steps is off by one"
    return ""


def place_of_eps(suspect: Suspect) -> str:
    """eps inside the root, or added before the bias correction."""
    for step in steps(suspect):
        for place, words in (("root", "inside the root"), ("early", "before the bias correction of the root")):
            if step.explained_by(step.compute(quirks={"eps_inside": place})):
                return f"it adds eps {words}"
    return ""


def dampened_first_step(suspect: Suspect) -> str:
    """Dampening that applies to the first gradient too, as stock Jittor's."""
    for step in steps(suspect):
        if step.explained_by(step.compute(quirks={"dampens_first": True})):
            return "its dampening applies to the first gradient too"
    return ""


def stepped_twice(suspect: Suspect) -> str:
    """Two steps where the reference takes one."""
    for step in steps(suspect):
        gradient = step.gradient * step.factor
        once = emulate_step(step.kind, step.options, step.parameter, gradient, step.slots)
        if step.explained_by(emulate_step(step.kind, step.options, once[0], gradient, once[1])[0]):
            return "its optimizer is stepped twice"
    return ""


def other_step(suspect: Suspect) -> str:
    """Another kind of optimizer acts than the one that is named."""
    for step in steps(suspect):
        for kind in ("SGD", "Adam", "AdamW", "RMSprop"):
            if kind != step.kind and step.explained_by(step.compute(kind=kind)):
                return f"it steps like {kind} instead of {step.kind}"
    return ""


def fitted_option(suspect: Suspect) -> str:
    """The step is that of another learning rate, eps, momentum or beta than the optimizer tells."""
    for step in steps(suspect):
        for option in ("lr", "eps", "momentum", "dampening", "alpha"):
            value = step.fit(option) if option in step.options else None
            if value is not None:
                what = "learning rate" if option == "lr" else option
                return f"the optimizer's {what} acts as {shown(value)} instead of {shown(step.options[option])}"
        for index in (0, 1) if "betas" in step.options else ():
            if (value := step.fit("betas", index)) is not None:
                known = step.options["betas"][index]
                return f"the optimizer's beta{index + 1} acts as {shown(value)} instead of {shown(known)}"
    return ""


HYPOTHESES = (
    not_stepped,
    coupled_decay,
    nesterov,
    bias_correction,
    place_of_eps,
    dampened_first_step,
    stepped_twice,
    other_step,
    fitted_option,
)
