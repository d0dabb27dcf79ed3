"""What an optimizer was constructed with: kinds, groups and options are read, not guessed."""

from collections.abc import Sequence

from jtmigrate.compare.causes.steps import near, option_pairs, records, steps
from jtmigrate.compare.causes.words import instead, ratio, shown
from jtmigrate.compare.result import Quantity
from jtmigrate.compare.suspect import Suspect

STEPPED = (Quantity.UPDATE, Quantity.MOMENT)
RATES = (Quantity.LEARNING_RATE, *STEPPED)
OPTIONS = (Quantity.OPTION, *STEPPED)
GIVEN = (Quantity.CLIP_NORM, Quantity.BUFFER, *RATES, *OPTIONS)
"""The quantities that each sort of option acts on: an option that differs as well is not the cause of another one."""


def other_optimizer(suspect: Suspect) -> str:
    """Another kind of optimizer."""
    for reference, candidate in records(suspect) if suspect.quantity in OPTIONS else ():
        a, b = reference.before.optimizer.kind, candidate.before.optimizer.kind
        if a != b:
            return f"its optimizer is {b} instead of {a}"
    return ""


def not_in_the_optimizer(suspect: Suspect) -> str:
    """A parameter that the optimizer was not given, or a buffer that it was."""
    for reference, candidate in records(suspect) if suspect.quantity in GIVEN else ():
        ours, theirs = (
            {name for group in one.before.optimizer.groups for name in group.names} for one in (reference, candidate)
        )
        # A buffer is moved by the optimizer only if it is itself given to it.
        own = {suspect.fault.name} if suspect.quantity is Quantity.BUFFER else ours | theirs
        for name in sorted((ours - theirs) & own, key=lambda name: (name != suspect.fault.name, name)):
            return f"{name} is not given to the optimizer: it is not trained"
        for name in sorted((theirs - ours) & own, key=lambda name: (name != suspect.fault.name, name)):
            what = "a trained buffer" if name in reference.before.model else "a parameter too many"
            return f"{name} is given to the optimizer, and the reference's is not: {what}"
    return ""


def off_by_one_schedule(suspect: Suspect) -> str:
    """A learning rate that the reference has one step earlier or later."""
    ours, theirs = _rates(suspect)
    if _same(ours, theirs):
        return ""
    for words, early, late in (("late", ours, theirs), ("early", theirs, ours)):
        if len(early) > 1 and _same(early[:-1], late[1:]):
            at = next(step for step, pair in enumerate(zip(ours, theirs, strict=True)) if not near(*pair))
            rates = f"{shown(theirs[at])} instead of {shown(ours[at])} at step {at}"
            return f"its learning rate is {rates}: the schedule is off by one, one step {words}"
    return ""


def constant_schedule(suspect: Suspect) -> str:
    """A learning rate that stays where the reference's changes: the schedule is not stepped, or once an epoch."""
    ours, theirs = _rates(suspect)
    if len(set(ours)) > 1 and len(set(theirs)) == 1:
        return f"its learning rate stays {shown(theirs[0])}: the schedule is not stepped, or once an epoch"
    return ""


def decay_on_the_wrong_parameters(suspect: Suspect) -> str:
    """Weight decay on a parameter that the reference excludes, a bias or a norm, or none where it decays."""
    for name, a, b in option_pairs(suspect, "weight_decay") if _acts(suspect, "weight_decay") else ():
        if bool(a) != bool(b):
            return _decay(name, a, b)
    for step in steps(suspect):
        value = step.fit("weight_decay")
        if value is not None:
            return _decay(step.name, step.options["weight_decay"], value)
    return ""


def learning_rate(suspect: Suspect) -> str:
    """Another learning rate."""
    for name, a, b in option_pairs(suspect, "lr") if suspect.quantity in RATES else ():
        times = f", {ratio(b / a)} the reference's" if a else ""
        return f"the learning rate of {name} is {shown(b)} instead of {shown(a)}{times}"
    return ""


def other_option(suspect: Suspect) -> str:
    """Another beta, eps, momentum, dampening or weight decay of the optimizer."""
    for reference, _ in records(suspect):
        options = {option: None for group in reference.before.optimizer.groups for option in group.options}
        for option in (one for one in options if one not in ("lr", "initial_lr") and _acts(suspect, one)):
            for name, a, b in option_pairs(suspect, option):
                return f"{instead(option, b, a)} in the optimizer (for {name})"
    return ""


HYPOTHESES = (
    other_optimizer,
    not_in_the_optimizer,
    off_by_one_schedule,
    constant_schedule,
    decay_on_the_wrong_parameters,
    learning_rate,
    other_option,
)


def _acts(suspect: Suspect, option: str) -> bool:
    """Whether the fault may be what an option makes of a step, or that very option."""
    return suspect.quantity in STEPPED or (suspect.quantity is Quantity.OPTION and suspect.fault.name == option)


def _rates(suspect: Suspect) -> tuple[list[float], list[float]]:
    """Learning rates of the first group, step by step, on both sides; none unless they differ in the faulty step."""
    if suspect.quantity not in RATES:
        return [], []
    sides = (suspect.reference_steps, suspect.candidate_steps)
    found = [{one.step: one.before.optimizer.groups[0].options["lr"] for one in side} for side in sides]
    here = [rates.get(suspect.fault.step) for rates in found]
    if None in here or near(*here) or len(found[0]) != len(found[1]):
        return [], []
    return list(found[0].values()), list(found[1].values())


def _same(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    return all(map(near, ours, theirs))


def _decay(name: str, reference: float, candidate: float) -> str:
    if not reference:
        return f"it decays {name} (weight decay {shown(candidate)}), which the reference excludes from weight decay"
    if not candidate:
        return f"it does not decay {name}, which the reference does (weight decay {shown(reference)})"
    return f"its weight decay of {name} is {shown(candidate)} instead of {shown(reference)}"
