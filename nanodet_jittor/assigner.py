"""Dynamic soft label assignment: which prior learns which object, decided by the current predictions.

The simplified OTA of YOLOX (Ge et al., 2021, https://arxiv.org/abs/2107.08430) with NanoDet-Plus's soft labels. The
original loops over images; here the whole batch is assigned at once, objects padded to the same number an image.
"""

from typing import NamedTuple

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.trace.stages import stage
from nanodet_jittor.boxes import iou

UNUSABLE = 1e8
"""Cost of a pair that must never be matched."""


class Assignment(NamedTuple):
    """positive (N, P): has an object; object_index (N, P): which one; iou (N, P): with it, 0 for background."""

    positive: jt.Var
    object_index: jt.Var
    iou: jt.Var


@stage("assigner.classification_cost")
def classification_cost(logits: jt.Var, labels: jt.Var, ious: jt.Var) -> jt.Var:
    """Quality focal loss of every prior if it were given every object. (N, P, C), (N, G), (N, P, G) -> (N, P, G).

    Only the object's own class differs from background, so the sum over classes is that of background with one term
    exchanged; nothing of size P x G x C is built.
    """
    score = F.sigmoid(logits)
    background = F.softplus(logits) * F.pow(score, 2)
    own = labels.unsqueeze(1).expand(ious.shape)
    own_logits = logits.gather(2, own)
    own_cost = F.binary_cross_entropy_with_logits(own_logits, ious, reduction="none")
    own_cost = own_cost * F.pow(ious - F.sigmoid(own_logits), 2)
    return background.sum(2, keepdims=True) - background.gather(2, own) + own_cost


@stage("assigner.matching_cost")
def matching_cost(logits: jt.Var, labels: jt.Var, ious: jt.Var, iou_factor: float) -> jt.Var:
    """What it costs to give a prior an object. (N, P, C), (N, G), (N, P, G) -> (N, P, G)."""
    return classification_cost(logits, labels, ious) - iou_factor * jt.log(ious + F.scalar(1e-7, ious))


@stage("assigner.usable_pairs")
def usable_pairs(priors: jt.Var, gt_boxes: jt.Var, gt_mask: jt.Var) -> jt.Var:
    """Priors inside any object, with every object. (P, 4), (N, G, 4), (N, G) -> (N, P, G)."""
    points, gt = priors[:, None, :2], gt_boxes.unsqueeze(1)
    margins = jt.concat([points - gt[..., :2], gt[..., 2:] - points], dim=-1)
    inside = (margins.min(-1) > 0) & gt_mask.unsqueeze(1)
    return F.any(inside, dim=2, keepdim=True) & gt_mask.unsqueeze(1)


@stage("assigner.match")
def match(cost: jt.Var, ious: jt.Var, usable: jt.Var, topk: int) -> Assignment:
    """The cheapest priors of every object, about as many as its `topk` best IoUs add up to. All (N, P, G).

    Priors of exactly equal cost at the edge of the selection are all taken; one that several objects want goes to the
    cheapest.
    """
    # Jittor's topk does not survive NaN; of numbers that are none, the loss tells.
    ious, cost = F.where(jt.isnan(ious).logical_not(), ious, 0), F.where(jt.isnan(cost).logical_not(), cost, UNUSABLE)
    candidates = min(topk, ious.shape[1])
    # The IoU of boxes that are turned inside out, as in a run that diverges, can be any number.
    dynamic_k = jt.topk(ious, candidates, dim=1)[0].sum(1).int32().clamp(1, candidates)
    cheapest = jt.topk(cost, candidates, dim=1, largest=False)[0]
    dearest_taken = cheapest.gather(1, dynamic_k.unsqueeze(1) - 1)
    matched = (cost <= dearest_taken) & usable

    contested = matched.int32().sum(2, keepdims=True) > 1
    cheapest_object = F.is_label(cost.argmin(2)[0], cost.shape[2])
    matched = jt.ternary(contested, cheapest_object, matched)
    return Assignment(
        positive=F.any(matched, dim=2),
        object_index=matched.int32().argmax(2)[0],
        iou=F.where(matched, ious, 0).sum(2),
    )


@stage("assigner")
@jt.no_grad()
def assign(
    logits: jt.Var,
    boxes: jt.Var,
    priors: jt.Var,
    gt_boxes: jt.Var,
    gt_labels: jt.Var,
    gt_mask: jt.Var,
    topk: int = 13,
    iou_factor: float = 3.0,
) -> Assignment:
    """Match priors to objects.

    logits (N, P, C) and boxes (N, P, 4): predictions; priors (P, 4): x, y, stride, stride; gt_boxes (N, G, 4),
    gt_labels (N, G), gt_mask (N, G): objects, mask False for padding.
    """
    usable = usable_pairs(priors, gt_boxes, gt_mask)
    ious = iou(boxes.unsqueeze(2), gt_boxes.unsqueeze(1))
    cost = matching_cost(logits, gt_labels, ious, iou_factor)
    cost = F.where(usable, cost, UNUSABLE)
    ious = F.where(usable, ious, 0)
    return match(cost, ious, usable, topk)
