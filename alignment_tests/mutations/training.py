"""Faults that show in training: losses, assignment, gradients that take another way, statistics."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import MethodType, ModuleType
from typing import Any

import jittor as jt
import numpy as np

import nanodet_jittor.assigner
import nanodet_jittor.detector
import nanodet_jittor.head
import nanodet_jittor.losses
from alignment_tests.mutations.detector import BOXES, LABELS
from alignment_tests.mutations.fault import Draw, Fault, Mutation, computing, in_port, module_at
from jtmigrate.diff import ModelPair
from jtmigrate.parity import functional as F
from jtmigrate.parity import nn, normalization
from jtmigrate.trace.stages import stage
from nanodet_jittor.backbone import ShuffleV2Block, channel_shuffle

assigner, detector = nanodet_jittor.assigner, nanodet_jittor.detector
head, losses = nanodet_jittor.head, nanodet_jittor.losses


def in_function(
    owner: ModuleType, name: str, what: str, mutant: Callable[[Callable], Callable], *within: Callable
) -> Fault:
    """`owner.name` replaced by `mutant(it)`, as the same stage.

    The stage at fault is that function, else the first of `within` that is one, else the whole model.
    """
    original = getattr(owner, name)
    at_fault = next((each.stage for each in (original, *within) if hasattr(each, "stage")), "")

    @contextmanager
    def replaced() -> Iterator[None]:
        faulty = mutant(getattr(original, "__wrapped__", original))
        setattr(owner, name, stage(original.stage)(faulty) if hasattr(original, "stage") else faulty)
        try:
            yield
        finally:
            setattr(owner, name, original)

    return Fault(at_fault, what, during=replaced)


def averaged(draw: Draw) -> Fault:
    def mutant(original: Callable) -> Callable:
        return lambda logits, quality, beta: original(logits, quality, beta) / logits.shape[-1]

    return in_function(head, "quality_focal_loss", "mean over classes instead of sum", mutant, detector.detection_loss)


def other_beta(draw: Draw) -> Fault:
    def mutant(original: Callable) -> Callable:
        return lambda logits, quality, beta: original(logits, quality, 1.0)

    return in_function(head, "quality_focal_loss", "beta 1 instead of 2", mutant, detector.detection_loss)


def neighbours_exchanged(draw: Draw) -> Fault:
    def mutant(original: Callable) -> Callable:
        def loss(logits: jt.Var, target: jt.Var) -> jt.Var:
            left = target.floor()
            log_probability = F.log_softmax(logits, dim=-1)
            index = left.int32().unsqueeze(-1)
            loss_left = -log_probability.gather(-1, index).squeeze(-1)
            loss_right = -log_probability.gather(-1, index + 1).squeeze(-1)
            return loss_left * (target - left) + loss_right * (left + 1 - target)

        return loss

    return in_function(
        head, "distribution_focal_loss", "weights of the two neighbours exchanged", mutant, detector.detection_loss
    )


def iou_for_giou(draw: Draw) -> Fault:
    return in_function(losses, "giou", "IoU instead of GIoU", lambda original: assigner.iou.__wrapped__, head.giou_loss)


def other_weight(draw: Draw) -> Fault:
    name = draw.one_of(["loss_qfl", "loss_bbox", "loss_dfl"])
    factor = draw.one_of([0.5, 2.0, 4.0])

    def mutant(original: Callable) -> Callable:
        def loss(*arguments: Any) -> dict[str, jt.Var]:
            parts = original(*arguments)
            return parts | {name: parts[name] * factor}

        return loss

    return in_function(detector, "detection_loss", f"{name} x {factor:g}", mutant)


def half_the_loss(draw: Draw) -> Fault:
    """The auxiliary losses are computed and not added."""

    def execute(original: Callable) -> Callable:
        def loss(self: Any, *arguments: Any) -> tuple:
            _, parts = original(*arguments)
            return sum(value for name, value in parts.items() if not name.startswith("aux_")), parts

        return loss

    return method("loss", "auxiliary losses not in the total", execute)


def method(name: str, what: str, mutant: Callable[[Callable], Callable]) -> Fault:
    """A method of the whole model that is not its `execute`."""

    def damage(model: jt.Module) -> None:
        setattr(model, name, MethodType(mutant(getattr(model, name)), model))

    return Fault("", what, in_port(damage))


def fewer_candidates(draw: Draw) -> Fault:
    topk = draw.one_of([1, 3, 5, 9])

    def mutant(original: Callable) -> Callable:
        return lambda cost, ious, usable, _: original(cost, ious, usable, topk)

    return in_function(assigner, "match", f"topk {topk} instead of 13", mutant, detector.assign)


def other_iou_factor(draw: Draw) -> Fault:
    factor = draw.one_of([0.5, 1.0, 6.0])

    def mutant(original: Callable) -> Callable:
        return lambda logits, labels, ious, _: original(logits, labels, ious, factor)

    return in_function(assigner, "matching_cost", f"iou_factor {factor} instead of 3", mutant, detector.assign)


def background_is_zero(draw: Draw) -> Fault:
    def mutant(original: Callable) -> Callable:
        def assign(logits, boxes, priors, gt_boxes, gt_labels, gt_mask):
            return original(logits, boxes, priors, gt_boxes, (gt_labels + 1) % logits.shape[2], gt_mask)

        return assign

    return in_function(detector, "assign", "classes counted from 1", mutant)


def cell_centres(draw: Draw) -> Fault:
    def mutant(original: Callable) -> Callable:
        def assign(logits, boxes, priors, *objects):
            centred = jt.concat([priors[:, :2] + priors[:, 2:] / 2, priors[:, 2:]], dim=1)
            return original(logits, boxes, centred, *objects)

        return assign

    return in_function(detector, "assign", "cells stand for their middle, not their corner", mutant)


def objects_mixed_up(draw: Draw) -> Fault:
    return given(BOXES[::-1], LABELS[::-1], "objects of the other image")


def labels_off_by_one(draw: Draw) -> Fault:
    return given(BOXES, [(labels + 1) % 5 for labels in LABELS], "labels counted from 1")


def corner_and_size(draw: Draw) -> Fault:
    boxes = [np.concatenate([b[:, :2], b[:, 2:] - b[:, :2]], axis=1) for b in BOXES]
    return given(boxes, LABELS, "boxes as corner and size")


def given(boxes: list, labels: list, what: str) -> Fault:
    """The port's run has other objects."""

    def inject(pair: ModelPair) -> ModelPair:
        return replace(pair, call_jittor=lambda model, pictures: model.loss(pictures, boxes, labels))

    return Fault("", what, inject)


def detached_too_early(draw: Draw) -> Fault:
    def damage(model: jt.Module) -> None:
        model.epoch = model.config.detach_epoch

    return Fault("", "auxiliary branch detached from the start", in_port(damage))


def branch_detached(draw: Draw) -> Fault:
    def execute(self: jt.Module, x: jt.Var) -> jt.Var:
        untouched, x = x.chunk(2, dim=1)
        return channel_shuffle(jt.concat([untouched, self.branch2(x.detach())], dim=1), 2)

    path = draw.module(ShuffleV2Block, where=lambda module: module.stride == 1)

    def damage(model: jt.Module) -> None:
        module = module_at(model, path)
        module.execute = MethodType(execute, module)

    return Fault(path, "the branch's input is detached", in_port(damage))


def output_detached(draw: Draw) -> Fault:
    path = draw.module(nn.LeakyReLU)
    return computing(path, "output detached", lambda module, execute: lambda x: execute(x).detach())


def frozen(draw: Draw) -> Fault:
    path = draw.module(nn.Conv2d)
    return computing(path, "weight is frozen", lambda module, execute: (module.weight.stop_grad(), execute)[1])


class _OtherSlopeBack(jt.Function):
    """LeakyReLU whose backward pass has the default slope."""

    def execute(self, x: jt.Var) -> jt.Var:
        self.positive = x > 0
        return F.leaky_relu(x, 0.1)

    def grad(self, gradient: jt.Var) -> jt.Var:
        return jt.ternary(self.positive, gradient, gradient * F.scalar(0.01, gradient))


def other_slope_back(draw: Draw) -> Fault:
    path = draw.module(nn.LeakyReLU)
    return computing(
        path, "backward pass of slope 0.01, forward of 0.1", lambda module, execute: lambda x: _OtherSlopeBack()(x)
    )


def weight_not_detached(draw: Draw) -> Fault:
    """The scores that weigh the box losses are trained through the weight."""

    def mutant(original: Callable) -> Callable:
        def loss(logits: jt.Var, *others: Any) -> dict[str, jt.Var]:
            parts = original(logits, *others)
            share = F.sigmoid(logits).mean()
            return parts | {"loss_bbox": parts["loss_bbox"] * (share / share.detach())}

        return loss

    return in_function(detector, "detection_loss", "box loss not detached from the scores that weigh it", mutant)


def statistics(what: str, update: Callable[[nn.BatchNorm2d, jt.Var, jt.Var, int], None]) -> Callable[[Draw], Fault]:
    """A BatchNorm that leaves other running statistics; `update(module, mean, biased variance, count)`."""

    def draw_fault(draw: Draw) -> Fault:
        def compute(module: nn.BatchNorm2d, execute: Callable) -> Callable:
            def run(x: jt.Var) -> jt.Var:
                norm = normalization.BatchNorm(module.eps)
                result = norm(x, module.weight, module.bias)
                update(module, norm.mean, norm.var, x.numel() // module.num_features)
                return result

            return run

        return computing(draw.module(nn.BatchNorm2d), what, compute)

    return draw_fault


def averaged_in(module: nn.BatchNorm2d, mean: jt.Var, var: jt.Var, momentum: float) -> None:
    """Running statistics moved by `momentum` towards a batch's."""
    keep, take = F.scalar(1 - momentum, mean), F.scalar(momentum, mean)
    for running, batch in ((module.running_mean, mean), (module.running_var, var)):
        running.update(running * keep + batch * take)


def biased(module: nn.BatchNorm2d, mean: jt.Var, var: jt.Var, count: int) -> None:
    averaged_in(module, mean, var, module.momentum)


def other_convention(module: nn.BatchNorm2d, mean: jt.Var, var: jt.Var, count: int) -> None:
    averaged_in(module, mean, var * F.scalar(count / (count - 1), var), 1 - module.momentum)


def never(module: nn.BatchNorm2d, mean: jt.Var, var: jt.Var, count: int) -> None:
    """The statistics stay as they were."""


def deviation(module: nn.BatchNorm2d, mean: jt.Var, var: jt.Var, count: int) -> None:
    averaged_in(module, mean, jt.sqrt(var * F.scalar(count / (count - 1), var)), module.momentum)


def averages_in_evaluation(draw: Draw) -> Fault:
    path = draw.module(nn.BatchNorm2d)
    return computing(
        path, "in evaluation mode while the rest trains", lambda module, execute: (module.eval(), execute)[1]
    )


MUTATIONS = (
    Mutation("mean instead of sum", "loss", "training", averaged, "mean|sum|average", rehearsed=True),
    Mutation("beta of the focal loss", "loss", "training", other_beta, "beta|exponent|power"),
    Mutation("neighbours of the target exchanged", "loss", "training", neighbours_exchanged, "exchang|swap|order"),
    Mutation("IoU for GIoU", "loss", "training", iou_for_giou, "IoU|hull"),
    Mutation("weight of a loss", "loss", "training", other_weight, "factor|times|weight"),
    Mutation("auxiliary loss left out", "loss", "training", half_the_loss, "aux|left out|sum of|without|term"),
    Mutation("fewer candidates", "assigner", "training", fewer_candidates, "topk|fewer|candidates"),
    Mutation("weight of the IoU", "assigner", "training", other_iou_factor, "factor|cost"),
    Mutation("classes counted from one", "assigner", "training", background_is_zero, "off by one|shift|label|class"),
    Mutation("middle of a cell", "assigner", "training", cell_centres, "offset|shift|half|centre|middle"),
    Mutation("objects of another image", "data", "training", objects_mixed_up, "order|permut|batch|other image"),
    Mutation("labels counted from one", "data", "training", labels_off_by_one, "off by one|shift|label"),
    Mutation("boxes as corner and size", "data", "training", corner_and_size, "size|width|xywh|format"),
    Mutation("detached too early", "in-place and detach", "training", detached_too_early, "detach"),
    Mutation("branch detached", "in-place and detach", "training", branch_detached, "detach"),
    Mutation("activation detached", "in-place and detach", "training", output_detached, "detach"),
    Mutation("frozen weight", "in-place and detach", "training", frozen, "frozen|detach|stop_grad|no gradient"),
    Mutation("weight not detached", "in-place and detach", "training", weight_not_detached, "detach"),
    Mutation("wrong backward pass", "hyper-parameters", "training", other_slope_back, "slope|backward"),
    Mutation(
        "biased running variance",
        "buffers",
        "training",
        statistics("biased variance", biased),
        "biased",
        rehearsed=True,
    ),
    Mutation(
        "momentum the other way", "buffers", "training", statistics("0.9 of the batch", other_convention), "momentum"
    ),
    Mutation(
        "statistics not kept",
        "buffers",
        "training",
        statistics("no update", never),
        "never|not updated|unchanged|momentum",
    ),
    Mutation(
        "deviation kept",
        "buffers",
        "training",
        statistics("deviation instead of variance", deviation),
        "root|deviation",
    ),
    Mutation("frozen BatchNorm", "buffers", "training", averages_in_evaluation, "evaluation|running|training"),
)
