"""Training steps computed again, for the hypotheses about optimizers."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from jtmigrate.compare.emulation.optimizers import emulate_step
from jtmigrate.compare.fit import explains, fitted, settled
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect
from jtmigrate.trace.optimizer import OptimizerState, Option
from jtmigrate.trace.steps import StepRecord

CLOSE = 1e-5
CLIP_EPS = 1e-6
"""What PyTorch adds to a norm before it divides by it."""
LINEAR_SLOTS = ("exp_avg", "momentum_buffer", "square_avg")
"""Slots that tell by which factor a gradient was scaled, where the parameter itself does not."""


@dataclass(frozen=True)
class Step:
    """One parameter in one step of the candidate, beside what the reference's optimizer would make of it.

    kind, options      the reference's
    parameter, slots   before the step
    gradient           before clipping
    factor             by which the reference's clipping would scale it
    answer             the parameter after the step
    expected           the parameter by the reference's optimizer
    noise              max|emulated - recorded| of the reference's own step
    """

    name: str
    kind: str
    options: Mapping[str, Option]
    parameter: np.ndarray
    slots: Mapping[str, np.ndarray]
    gradient: np.ndarray
    factor: float
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
        """The parameter after the step with something changed; `gradient` is taken as it is, clipped or not."""
        found = gradient if gradient is not None else self.gradient * self.factor
        try:
            taken = emulate_step(
                kind or self.kind, {**self.options, **(options or {})}, self.parameter, found, self.slots, quirks
            )
        except KeyError:
            return None  # an option that this kind of optimizer does not have
        return taken[0] if taken else None

    def explained_by(self, array: np.ndarray | None) -> bool:
        """Whether the candidate's step arrives there, and the reference's would not."""
        return array is not None and explains(array, self.answer, self.expected, noise=self.noise)

    def fit(self, option: str, index: int | None = None) -> float | None:
        """The value of an option, or of one of its members, that makes the step fit; None if there is none."""
        known = self.options[option]

        def result(value: float) -> np.ndarray:
            changed = value if index is None else tuple(value if at == index else one for at, one in enumerate(known))
            array = self.compute(options={option: changed})
            return np.array([np.nan]) if array is None else array

        start = float(known if index is None else known[index])
        value = fitted(result, self.answer.astype(np.float64), start)
        return settled(value, lambda short: self.explained_by(result(short)), self.answer.size)


def records(suspect: Suspect) -> Iterator[tuple[StepRecord, StepRecord]]:
    """The faulty step on both sides; nothing for a fault that is not of training."""
    step = getattr(suspect.fault, "step", None)
    for reference in suspect.reference_steps if step is not None else ():
        for candidate in suspect.candidate_steps:
            if reference.step == candidate.step == step:
                yield reference, candidate


def steps(suspect: Suspect) -> Iterator[Step]:
    """The parameters of the faulty step that the candidate's optimizer moved elsewhere, the faulty one first."""
    if suspect.quantity not in (Quantity.UPDATE, Quantity.MOMENT):
        return
    for reference, candidate in records(suspect):
        factor = clip_factor(reference, reference.before.optimizer)
        names = sorted(reference.after.model, key=lambda name: name != parameter_at_fault(suspect))
        for name in names:
            step = _step(name, reference, candidate, factor)
            if step is not None and not explains(step.expected, step.answer, noise=step.noise):
                yield step


def parameter_at_fault(suspect: Suspect) -> str:
    """Name of the parameter whose update or moment ("exp_avg of head.bias") is at fault."""
    return suspect.fault.name.rpartition(" of ")[2]


def clip_factor(record: StepRecord, optimizer: OptimizerState) -> float:
    """By which factor the gradients were scaled before a step of such an optimizer; 1 where that cannot be told."""
    sizes = {name: float(np.abs(array).max(initial=0)) for name, array in record.gradients.items()}
    name = max(sizes, key=sizes.__getitem__, default="")
    if not sizes or not sizes[name] or name not in record.after.model:
        return 1.0
    found = fitted(*_observation(record, optimizer, name), 1.0)
    return 1.0 if found is None or found <= 0 or near(found, 1.0) else found


def options_of(state: OptimizerState, name: str) -> Mapping[str, Option]:
    """The options of the group that a parameter is in; none if it is in no group."""
    return next((group.options for group in state.groups if name in group.names), {})


def option_pairs(suspect: Suspect, option: str) -> Iterator[tuple[str, Option, Option]]:
    """(parameter, reference's, candidate's) value of an option that differs, for the first parameter of each kind."""
    seen = set()
    for reference, candidate in records(suspect):
        for group in reference.before.optimizer.groups:
            for name in group.names:
                pair = (group.options.get(option), options_of(candidate.before.optimizer, name).get(option))
                if None not in pair and pair not in seen and not near(*pair):
                    seen.add(pair)
                    yield name, *pair


def near(a: Option, b: Option) -> bool:
    """Whether two options are the same number, a rounding apart at most."""
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(near(one, other) for one, other in zip(a, b, strict=True))
    return a == b or bool(np.isclose(a, b, rtol=CLOSE, atol=0))


def norm(gradients: Mapping[str, np.ndarray]) -> float:
    """The 2-norm of all gradients together."""
    return float(np.sqrt(sum(float(np.sum(array.astype(np.float64) ** 2)) for array in gradients.values())))


def arrives(record: StepRecord, optimizer: OptimizerState, change: Callable[[np.ndarray], np.ndarray]) -> bool:
    """Whether every parameter and slot ends where such an optimizer brings it with changed gradients."""
    for name, gradient in record.gradients.items():
        taken = _taken(record, optimizer, name, change(gradient.astype(np.float64)))
        if taken is None:
            continue
        after = {**record.after.optimizer.slots.get(name, {}), "": record.after.model[name]}
        if not all(
            slot not in after or explains(array, after[slot]) for slot, array in {**taken[1], "": taken[0]}.items()
        ):
            return False
    return True


def _step(name: str, reference: StepRecord, candidate: StepRecord, factor: float) -> Step | None:
    """None for a parameter that is not trained on both sides, or a step that cannot be emulated."""
    optimizer = reference.before.optimizer
    if any(name not in one.gradients or name not in one.after.model for one in (reference, candidate)):
        return None
    total = norm(candidate.gradients)
    limit = factor * norm(reference.gradients)
    theirs = min(1.0, limit / (total + CLIP_EPS)) if factor < 1 else factor
    right = _taken(reference, optimizer, name, reference.gradients[name] * factor)
    before = candidate.before
    slots = before.optimizer.slots.get(name, {})
    options, kind = options_of(optimizer, name), optimizer.kind
    if right is None or not explains(right[0], reference.after.model[name]):
        return None
    expected = emulate_step(kind, options, before.model[name], candidate.gradients[name] * theirs, slots)
    return Step(
        name=name,
        kind=kind,
        options=options,
        parameter=before.model[name],
        slots=slots,
        gradient=candidate.gradients[name],
        factor=theirs,
        answer=candidate.after.model[name],
        expected=expected[0],
        noise=float(np.abs(right[0] - reference.after.model[name]).max(initial=0)),
    )


def _taken(
    record: StepRecord, optimizer: OptimizerState, name: str, gradient: np.ndarray
) -> tuple[np.ndarray, dict[str, np.ndarray]] | None:
    options = options_of(optimizer, name)
    if not options or name not in record.before.model or name not in record.after.model:
        return None
    slots = record.before.optimizer.slots.get(name, {})
    return emulate_step(optimizer.kind, options, record.before.model[name], gradient, slots)


def _observation(
    record: StepRecord, optimizer: OptimizerState, name: str
) -> tuple[Callable[[float], np.ndarray], np.ndarray]:
    """What a factor on the gradient does to a slot of a parameter, or to the parameter itself, and what it became."""
    after = record.after.optimizer.slots.get(name, {})
    slot = next((slot for slot in LINEAR_SLOTS if slot in after), None)
    target = record.after.model[name] if slot is None else after[slot]

    def result(factor: float) -> np.ndarray:
        taken = _taken(record, optimizer, name, record.gradients[name].astype(np.float64) * factor)
        if taken is None:
            return np.array([np.nan])
        return taken[0] if slot is None else taken[1].get(slot, np.array([np.nan]))

    return result, target.astype(np.float64)
