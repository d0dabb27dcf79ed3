"""Faults in the step from gradients to parameters."""

from collections.abc import Callable
from dataclasses import replace

import jittor as jt

from alignment_tests.mutations.fault import Draw, Fault, Mutation
from alignment_tests.mutations.steps import BIAS_RATE, CLIP, DECAY, GAMMA, RATE, Decaying, clip, groups, optimizer
from jtmigrate.compare.result import Quantity
from jtmigrate.diff import ModelPair
from jtmigrate.frameworks.training import Training
from jtmigrate.parity import optim

STEP = frozenset({Quantity.OPTION, Quantity.LEARNING_RATE, Quantity.UPDATE, Quantity.MOMENT, Quantity.CLIP_NORM})
"""Where a fault of an optimizer may show: in what it was told, in what it remembers, or in what it does."""

FAITHFUL = Training(optimizer, clip, Decaying)


def training(what: str, **changes: Callable | None) -> Fault:
    """The port trains otherwise."""

    def inject(pair: ModelPair) -> ModelPair:
        return replace(pair, training_jittor=replace(FAITHFUL, **changes))

    return Fault("", what, inject, quantities=STEP)


def bias_decayed(draw: Draw) -> Fault:
    def build(model: jt.Module) -> optim.AdamW:
        weights, biases = groups(model)
        return optim.AdamW([weights, {**biases, "weight_decay": DECAY}], lr=RATE)

    return training("weight decay on the biases too", build_optimizer=build)


def one_step_late(draw: Draw) -> Fault:
    class Late(Decaying):
        """Stock Jittor's schedules: the first call of `step` does nothing."""

        def __init__(self, optimizer: optim.AdamW):
            super().__init__(optimizer)
            self.waiting = True

        def step(self) -> None:
            if not self.waiting:
                super().step()
            self.waiting = False

    return training("schedule one step late", schedule=Late)


def never_scheduled(draw: Draw) -> Fault:
    return training("no schedule", schedule=None)


def scheduled_half(draw: Draw) -> Fault:
    class FirstGroup(Decaying):
        """Sets the rate of the optimizer and of the first group, as if there were no other."""

        def step(self) -> None:
            self.optimizer.param_groups[0]["lr"] *= GAMMA

    return training("schedule of the first group only", schedule=FirstGroup)


def decay_in_the_gradient(draw: Draw) -> Fault:
    return training("Adam with L2 instead of AdamW", build_optimizer=lambda model: optim.Adam(groups(model), lr=RATE))


def option(draw: Draw) -> Fault:
    """One option that a port's author has to look up."""
    name, value = draw.one_of(
        [("betas", (0.9, 0.99)), ("eps", 1e-5), ("lr", RATE * draw.one_of([0.5, 2.0, 10.0])), ("amsgrad", True)]
    )
    options = {"lr": RATE, name: value}
    return training(f"{name} {value}", build_optimizer=lambda model: optim.AdamW(groups(model), **options))


def one_rate_for_all(draw: Draw) -> Fault:
    def build(model: jt.Module) -> optim.AdamW:
        weights, biases = groups(model)
        return optim.AdamW([weights, {**biases, "lr": RATE}], lr=RATE)

    return training(f"biases learn at {RATE} instead of {BIAS_RATE}", build_optimizer=build)


def left_out(draw: Draw) -> Fault:
    place = draw.index(2)

    def build(model: jt.Module) -> optim.AdamW:
        weights, biases = groups(model)
        kept = [parameter for index, parameter in enumerate(weights["params"]) if index != place]
        return optim.AdamW([{**weights, "params": kept}, biases], lr=RATE)

    return training(f"weight {place} is in no group", build_optimizer=build)


class Uncorrected(optim.AdamW):
    """Without bias correction: moments as after very many steps."""

    def _update(self, param, gradient, state, options):
        super()._update(param, gradient, {**state, "steps": 10**9}, options)


class CountedTwice(optim.AdamW):
    """Counts what stock Jittor counts: calls of `backward`, of which accumulation makes two a step."""

    def _update(self, param, gradient, state, options):
        super()._update(param, gradient, {**state, "steps": 2 * state["steps"]}, options)


class Forgetful(optim.AdamW):
    """Its first moment is the gradient."""

    def _update(self, param, gradient, state, options):
        state["m"].update(gradient)
        super()._update(param, gradient, state, options)


def stepping(kind: type[optim.AdamW], what: str) -> Callable[[Draw], Fault]:
    return lambda draw: training(what, build_optimizer=lambda model: kind(groups(model), lr=RATE))


def never_clipped(draw: Draw) -> Fault:
    def measure(optimizer: optim.AdamW) -> jt.Var:
        return optim.clip_grad_norm(optimizer, 1e30)

    return training("the norm is measured and nothing clipped", clip=measure)


def clipped_elsewhere(draw: Draw) -> Fault:
    limit = CLIP * draw.one_of([0.1, 0.5, 2.0])
    return training(f"clipped at {limit}", clip=lambda optimizer: optim.clip_grad_norm(optimizer, limit))


def clipped_one_by_one(draw: Draw) -> Fault:
    def each(optimizer: optim.AdamW) -> jt.Var:
        norm = optim.clip_grad_norm(optimizer, 1e30)
        for group in optimizer.param_groups:
            for gradient in group["grads"]:
                own = jt.sqrt(gradient.sqr().sum())
                gradient.update(gradient * jt.minimum(CLIP / (own + 1e-6), jt.ones_like(own)))
        return norm

    return training("every gradient clipped by its own norm", clip=each)


MUTATIONS = (
    Mutation("decay of an excluded bias", "optimizer", "steps", bias_decayed, "decay", rehearsed=True),
    Mutation(
        "schedule one step late", "optimizer", "steps", one_step_late, "schedule|step late|off by", rehearsed=True
    ),
    Mutation("no schedule", "optimizer", "steps", never_scheduled, "schedule|learning rate|constant"),
    Mutation("schedule of one group", "optimizer", "steps", scheduled_half, "schedule|learning rate|group"),
    Mutation("Adam for AdamW", "optimizer", "steps", decay_in_the_gradient, r"Adam\b|L2|coupled|decay"),
    Mutation("option of the optimizer", "optimizer", "steps", option, r"betas?|\beps|\blr\b|learning rate|amsgrad"),
    Mutation("one learning rate for all", "optimizer", "steps", one_rate_for_all, r"\blr\b|learning rate"),
    Mutation("parameter left out", "optimizer", "steps", left_out, "left out|not in|not given"),
    Mutation("no bias correction", "optimizer", "steps", stepping(Uncorrected, "no bias correction"), "bias.correct"),
    Mutation(
        "steps counted twice",
        "optimizer",
        "steps",
        stepping(CountedTwice, "bias correction counts twice"),
        "bias.correct|count",
    ),
    Mutation(
        "first moment forgotten", "optimizer", "steps", stepping(Forgetful, "first moment not kept"), "exp_avg|moment"
    ),
    Mutation("gradients not clipped", "optimizer", "steps", never_clipped, "clip"),
    Mutation("another limit of clipping", "optimizer", "steps", clipped_elsewhere, "clip"),
    Mutation("clipped one by one", "optimizer", "steps", clipped_one_by_one, "clip"),
)
