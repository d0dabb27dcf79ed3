"""Training steps: gradients agree, and what the step makes of them does not.

Each hypothesis computes the step again, from the candidate's own state and gradients with the reference's options, and
changes one thing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jtmigrate.compare.causes.words import instead, ratio, shown
from jtmigrate.compare.emulation.optimizers import emulate_step
from jtmigrate.compare.fit import explains, fitted, plain
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect
from jtmigrate.trace.optimizer import OptimizerState, Option
from jtmigrate.trace.steps import StepRecord

STEPS = (
    Quantity.UPDATE,
    Quantity.MOMENT,
    Quantity.OPTION,
    Quantity.LEARNING_RATE,
    Quantity.CLIP_NORM,
    Quantity.PARAMETER_GRADIENT,
    Quantity.LOSS,
    Quantity.BUFFER,
)
CLOSE = 1e-5


@dataclass(frozen=True)
class Step:
    """One parameter in one step of the candidate, beside what the reference's optimizer would make of it.

    kind, options      the reference's
    parameter, slots   before the step
    gradient           as the optimizer found it
    answer             the parameter after the step
    expected           the same by the reference's optimizer
    noise              max|emulated - recorded| of the reference's own step
    """

    name: str
    kind: str
    options: Mapping[str, Option]
    parameter: np.ndarray
    slots: Mapping[str, np.ndarray]
    gradient: np.ndarray
    answer: np.ndarray
    expected: np.ndarray
    noise: float

    def compute(
        self,
        *,
        kind: str | None = None,
        options: Mapping[str, Any] | None = None,
        gradient: np.ndarray | None = None,
        quirks: Mapping[str, Any] | None = None,
    ) -> np.ndarray | None:
        """The parameter after the step with something changed."""
        changed = {**self.options, **(options or {})}
        try:
            taken = emulate_step(
                kind or self.kind,
                changed,
                self.parameter,
                self.gradient if gradient is None else gradient,
                self.slots,
                quirks,
            )
        except KeyError:
            return None  # an option that this kind of optimizer does not have
        return taken[0] if taken else None

    def explained_by(self, array: np.ndarray | None) -> bool:
        """Whether the candidate's step arrives there, and the reference's would not."""
        return array is not None and explains(array, self.answer, self.expected, noise=self.noise)


def other_optimizer(suspect: Suspect) -> str:
    """Another kind of optimizer."""
    for reference, candidate in _records(suspect):
        a, b = reference.before.optimizer.kind, candidate.before.optimizer.kind
        if a != b:
            return f"its optimizer is {b} instead of {a}"
    return ""


def not_in_the_optimizer(suspect: Suspect) -> str:
    """A parameter that the optimizer was not given, or a buffer that it was."""
    for reference, candidate in _records(suspect):
        known = [
            {name for group in one.before.optimizer.groups for name in group.names} for one in (reference, candidate)
        ]
        for name in sorted(known[0] - known[1]):
            return f"{name} is not given to the optimizer: it is not trained"
        for name in sorted(known[1] - known[0]):
            what = "a trained buffer" if name in suspect.model_state else "a parameter too many"
            return f"{name} is given to the optimizer, and the reference's is not: {what}"
    return ""


def off_by_one_schedule(suspect: Suspect) -> str:
    """A learning rate that the reference has one step earlier or later."""
    for reference, candidate in _records(suspect):
        for name, a, b in _option_pairs(reference, candidate, "lr"):
            for other in suspect.reference_steps:
                value = _options(other.before.optimizer, name).get("lr")
                if _near(a, b) or other.step == candidate.step or value is None or not _near(value, b):
                    continue
                words = "one step late" if other.step < candidate.step else "one step early"
                return f"its learning rate is {shown(b)} instead of {shown(a)}: the schedule is off by one, {words}"
    return ""


def constant_schedule(suspect: Suspect) -> str:
    """A learning rate that stays where the reference's changes: the schedule is not stepped, or once an epoch."""
    rates = [
        (_first(reference, "lr"), _first(candidate, "lr"))
        for reference in suspect.reference_steps
        for candidate in suspect.candidate_steps
        if reference.step == candidate.step
    ]
    values = [pair for pair in rates if None not in pair]
    stays = len(values) > 1 and len({candidate for _, candidate in values}) == 1
    if suspect.quantity in STEPS and stays and len({reference for reference, _ in values}) > 1:
        return f"its learning rate stays {shown(values[0][1])}: the schedule is not stepped, or once an epoch"
    return ""


def learning_rate(suspect: Suspect) -> str:
    """Another learning rate."""
    for reference, candidate in _records(suspect):
        for name, a, b in _option_pairs(reference, candidate, "lr"):
            if not _near(a, b) and a:
                return f"the learning rate of {name} is {shown(b)} instead of {shown(a)}, {ratio(b / a)} it"
    for step in _steps(suspect):
        value = _fitted(step, "lr")
        if value is not None and step.options["lr"]:
            return f"the learning rate acts as {shown(value)} instead of {shown(step.options['lr'])}"
    return ""


def decay_on_the_wrong_parameters(suspect: Suspect) -> str:
    """Weight decay on a parameter that the reference excludes, a bias or a norm, or none where it decays."""
    for reference, candidate in _records(suspect):
        for name, a, b in _option_pairs(reference, candidate, "weight_decay"):
            if bool(a) != bool(b):
                return _decay(name, a, b)
    for step in _steps(suspect):
        value = _fitted(step, "weight_decay")
        if value is not None:
            return _decay(step.name, step.options["weight_decay"], value)
    return ""


def coupled_decay(suspect: Suspect) -> str:
    """Weight decay in the gradient (Adam) instead of beside it (AdamW), or the other way round."""
    for step in _steps(suspect):
        for decoupled in (True, False):
            if step.kind in ("Adam", "AdamW") and step.explained_by(step.compute(quirks={"decoupled": decoupled})):
                words = ("decoupled", "coupled") if decoupled else ("coupled", "decoupled")
                return f"its weight decay is {words[0]} instead of {words[1]} (AdamW and Adam)"
    return ""


def other_option(suspect: Suspect) -> str:
    """Another beta, eps, momentum, dampening or weight decay of the optimizer."""
    for reference, candidate in _records(suspect):
        for group in reference.before.optimizer.groups:
            for name in group.names[:1]:
                theirs = _options(candidate.before.optimizer, name)
                for option, value in group.options.items():
                    if option in ("lr", "initial_lr") or option not in theirs or _near(value, theirs[option]):
                        continue
                    return f"{instead(option, theirs[option], value)} in the optimizer (for {name})"
    for step in _steps(suspect):
        for option in ("eps", "momentum", "dampening", "alpha"):
            value = _fitted(step, option) if option in step.options else None
            if value is not None:
                return f"the optimizer's {option} acts as {shown(value)} instead of {shown(step.options[option])}"
        if "betas" in step.options:
            for index in (0, 1):
                if (value := _fitted_beta(step, index)) is not None:
                    known = step.options["betas"][index]
                    return f"the optimizer's beta{index + 1} acts as {shown(value)} instead of {shown(known)}"
    return ""


def bias_correction(suspect: Suspect) -> str:
    """Adam without bias correction, or with a wrong number of steps."""
    for step in _steps(suspect):
        if step.explained_by(step.compute(quirks={"bias_correction": False})):
            return "its moments are not bias corrected"
        for steps in (1, -1):
            if step.explained_by(step.compute(quirks={"steps": steps})):
                return f"its bias correction counts {steps:+d} step: the number of steps is off by one"
    return ""


def place_of_eps(suspect: Suspect) -> str:
    """eps inside the root, or added before the bias correction."""
    for step in _steps(suspect):
        for place, words in (("root", "inside the root"), ("early", "before the bias correction of the root")):
            if step.explained_by(step.compute(quirks={"eps_inside": place})):
                return f"it adds eps {words}"
    return ""


def dampened_first_step(suspect: Suspect) -> str:
    """Dampening that applies to the first gradient too, as stock Jittor's."""
    for step in _steps(suspect):
        if step.explained_by(step.compute(quirks={"dampens_first": True})):
            return "its dampening applies to the first gradient too"
    return ""


def nesterov(suspect: Suspect) -> str:
    """Nesterov's momentum where the reference has the plain one, or the other way round."""
    for step in _steps(suspect):
        if "nesterov" in step.options:
            value = not step.options["nesterov"]
            if step.explained_by(step.compute(options={"nesterov": value})):
                return instead("nesterov", value, not value)
    return ""


def not_stepped(suspect: Suspect) -> str:
    """A parameter that a step leaves as it is: frozen, or in evaluation mode."""
    for step in _steps(suspect):
        if np.array_equal(step.parameter, step.answer):
            return f"{step.name} is not stepped at all: a frozen parameter (stop_grad, evaluation mode)"
    return ""


def gradient_of_other_steps(suspect: Suspect) -> str:
    """Gradients that are not cleared between steps, or are those of the step before."""
    for reference, candidate in _records(suspect):
        before = next((one for one in suspect.reference_steps if one.step == reference.step - 1), None)
        for name, gradient in reference.gradients.items() if before else ():
            if name not in candidate.gradients or name not in before.gradients:
                continue
            own, old = candidate.gradients[name], before.gradients[name]
            if explains(gradient + old, own, gradient):
                return "its gradients are added to those of the step before: they are not cleared"
            if explains(old, own, gradient):
                return "its gradients are those of the step before: stale gradients, or a stale batch"
    return ""


def clipping(suspect: Suspect) -> str:
    """Gradients clipped to another norm, by value, or not at all."""
    for reference, candidate in _records(suspect):
        sizes = [_norm(one.gradients) for one in (reference, candidate)]
        clipped = reference.clip_norm is not None and sizes[0] < reference.clip_norm * (1 - CLOSE)
        if clipped and reference.clip_norm and _near(sizes[1], reference.clip_norm):
            return f"its gradients are not clipped: their norm stays {sizes[1]:.4g}, the reference's is {sizes[0]:.4g}"
        limit = max((float(np.abs(array).max(initial=0)) for array in candidate.gradients.values()), default=0.0)
        scale = reference.clip_norm / sizes[0] if clipped and sizes[0] else 1.0
        full = {name: array * scale for name, array in reference.gradients.items()}
        if limit and _all_explained(
            {name: np.clip(array, -limit, limit) for name, array in full.items()}, reference, candidate
        ):
            return f"its gradients are clipped by value, to {limit:.4g}" + (" instead of by norm" if clipped else "")
        factor = sizes[1] / sizes[0] if sizes[0] else 0.0
        scaled = {name: array * factor for name, array in reference.gradients.items()}
        if factor and (clipped or candidate.clip_norm is not None) and _all_explained(scaled, reference, candidate):
            return f"its gradients are clipped to a norm of {sizes[1]:.4g} instead of {sizes[0]:.4g}"
    return ""


def scaled_gradients(suspect: Suspect) -> str:
    """All gradients times one factor: accumulation, a mean over batches, a loss scale."""
    for reference, candidate in _records(suspect):
        total = _norm(reference.gradients)
        factor = _norm(candidate.gradients) / total if total else 0.0
        scaled = {name: array * factor for name, array in reference.gradients.items()}
        if factor and not _near(factor, 1.0) and _all_explained(scaled, reference, candidate):
            return (
                f"all its gradients are {ratio(factor)} the reference's: gradient accumulation, or another loss scale"
            )
    for step in _steps(suspect):
        for factor in (0.5, 2.0, 0.25, 4.0, 0.125, 8.0, -1.0):
            if step.explained_by(step.compute(gradient=step.gradient * factor)):
                return f"it steps by {ratio(factor)} the gradients"
    return ""


def stepped_twice(suspect: Suspect) -> str:
    """Two steps where the reference takes one."""
    for step in _steps(suspect):
        once = emulate_step(step.kind, step.options, step.parameter, step.gradient, step.slots)
        twice = emulate_step(step.kind, step.options, once[0], step.gradient, once[1])
        if step.explained_by(twice[0]):
            return "its optimizer is stepped twice"
    return ""


def other_step(suspect: Suspect) -> str:
    """Another kind of optimizer acts than the one that is named."""
    for step in _steps(suspect):
        for kind in ("SGD", "Adam", "AdamW", "RMSprop"):
            if kind != step.kind and step.explained_by(step.compute(kind=kind)):
                return f"it steps like {kind} instead of {step.kind}"
    return ""


HYPOTHESES = (
    other_optimizer,
    not_in_the_optimizer,
    off_by_one_schedule,
    constant_schedule,
    clipping,
    gradient_of_other_steps,
    scaled_gradients,
    not_stepped,
    coupled_decay,
    decay_on_the_wrong_parameters,
    learning_rate,
    nesterov,
    bias_correction,
    place_of_eps,
    dampened_first_step,
    stepped_twice,
    other_option,
    other_step,
)


def _records(suspect: Suspect) -> Iterator[tuple[StepRecord, StepRecord]]:
    """The faulty step on both sides."""
    if suspect.quantity not in STEPS:
        return
    for reference in suspect.reference_steps:
        for candidate in suspect.candidate_steps:
            if reference.step == candidate.step == suspect.fault.step:
                yield reference, candidate


def _steps(suspect: Suspect) -> Iterator[Step]:
    """The parameters of the faulty step that its optimizer moved elsewhere, the faulty one first."""
    if suspect.quantity not in (Quantity.UPDATE, Quantity.MOMENT):
        return
    for reference, candidate in _records(suspect):
        names = sorted(reference.after.model, key=lambda name: not suspect.fault.name.endswith(name))
        for name in names:
            step = _step(name, reference, candidate)
            if step is not None and not explains(step.expected, step.answer, noise=step.noise):
                yield step


def _step(name: str, reference: StepRecord, candidate: StepRecord) -> Step | None:
    """None for a parameter that is not trained on both sides, or a step that cannot be emulated."""
    options, kind = _options(reference.before.optimizer, name), reference.before.optimizer.kind
    sides = (reference, candidate)
    if not options or any(name not in one.gradients or name not in one.after.model for one in sides):
        return None
    taken = [
        emulate_step(
            kind, options, one.before.model[name], one.gradients[name], one.before.optimizer.slots.get(name, {})
        )
        for one in sides
    ]
    if None in taken:
        return None
    right, answer = reference.after.model[name], candidate.after.model[name]
    if right.shape != answer.shape or not explains(taken[0][0], right):
        return None
    before = candidate.before
    return Step(
        name=name,
        kind=kind,
        options=options,
        parameter=before.model[name],
        slots=before.optimizer.slots.get(name, {}),
        gradient=candidate.gradients[name],
        answer=answer,
        expected=taken[1][0],
        noise=float(np.abs(taken[0][0] - right).max(initial=0)),
    )


def _options(state: OptimizerState, name: str) -> Mapping[str, Option]:
    return next((group.options for group in state.groups if name in group.names), {})


def _option_pairs(reference: StepRecord, candidate: StepRecord, option: str) -> Iterator[tuple[str, float, float]]:
    """(parameter, reference's, candidate's) value of an option, for the first parameter of each of their groups."""
    seen = set()
    for group in reference.before.optimizer.groups:
        for name in group.names:
            theirs = _options(candidate.before.optimizer, name)
            pair = (group.options.get(option), theirs.get(option))
            if None not in pair and pair not in seen:
                seen.add(pair)
                yield name, *pair


def _first(record: StepRecord, option: str) -> float | None:
    return next((group.options.get(option) for group in record.before.optimizer.groups), None)


def _near(a: Option, b: Option) -> bool:
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(_near(one, other) for one, other in zip(a, b, strict=True))
    return a == b or bool(np.isclose(a, b, rtol=CLOSE, atol=0))


def _fitted(step: Step, option: str) -> float | None:
    """The value of an option that makes the step fit."""

    def result(value: float) -> np.ndarray:
        array = step.compute(options={option: value})
        return np.array([np.nan]) if array is None else array

    return _fit(step, result, float(step.options[option]))


def _fitted_beta(step: Step, index: int) -> float | None:
    def result(value: float) -> np.ndarray:
        betas = tuple(value if place == index else beta for place, beta in enumerate(step.options["betas"]))
        return step.compute(options={"betas": betas})

    return _fit(step, result, float(step.options["betas"][index]))


def _fit(step: Step, result: Any, start: float) -> float | None:
    value = fitted(result, step.answer.astype(np.float64), start)
    if value is None or not step.explained_by(result(value)):
        return None
    return plain(value, lambda short: step.explained_by(result(short)))


def _decay(name: str, reference: float, candidate: float) -> str:
    if not reference:
        return f"it decays {name} (weight decay {shown(candidate)}), which the reference excludes from weight decay"
    if not candidate:
        return f"it does not decay {name}, which the reference does (weight decay {shown(reference)})"
    return f"its weight decay of {name} is {shown(candidate)} instead of {shown(reference)}"


def _norm(gradients: Mapping[str, np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.sum(array.astype(np.float64) ** 2)) for array in gradients.values())))


def _all_explained(gradients: Mapping[str, np.ndarray], reference: StepRecord, candidate: StepRecord) -> bool:
    """Whether these are the candidate's gradients, every one of them."""
    if gradients.keys() != candidate.gradients.keys():
        return False
    told = [(array, candidate.gradients[name], reference.gradients[name]) for name, array in gradients.items()]
    moved = any(explains(array, theirs, right) for array, theirs, right in told)
    return moved and all(explains(array, theirs) for array, theirs, _ in told)
