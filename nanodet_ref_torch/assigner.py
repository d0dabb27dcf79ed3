"""Dynamic soft label assignment: which prior learns which object, decided by the current predictions.

The simplified OTA of YOLOX (Ge et al., 2021, https://arxiv.org/abs/2107.08430) with NanoDet-Plus's soft labels. The
original loops over images; here the whole batch is assigned at once, objects padded to the same number an image.
"""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from jtmigrate.trace.stages import stage
from nanodet_ref_torch.boxes import iou

UNUSABLE = 1e8
"""Cost of a pair that must never be matched."""


class Assignment(NamedTuple):
    """positive (N, P): has an object; object_index (N, P): which one; iou (N, P): with it, 0 for background."""

    positive: Tensor
    object_index: Tensor
    iou: Tensor


@stage("assigner.classification_cost")
def classification_cost(logits: Tensor, labels: Tensor, ious: Tensor) -> Tensor:
    """Quality focal loss of every prior if it were given every object. (N, P, C), (N, G), (N, P, G) -> (N, P, G).

    Only the object's own class differs from background, so the sum over classes is that of background with one term
    exchanged; nothing of size P x G x C is built.
    """
    score = logits.sigmoid()
    background = F.softplus(logits) * score.pow(2)
    own = labels.unsqueeze(1).expand_as(ious)
    own_logits = logits.gather(2, own)
    own_cost = F.binary_cross_entropy_with_logits(own_logits, ious, reduction="none")
    own_cost = own_cost * (ious - own_logits.sigmoid()).pow(2)
    return background.sum(dim=2, keepdim=True) - background.gather(2, own) + own_cost


@stage("assigner.matching_cost")
def matching_cost(logits: Tensor, labels: Tensor, ious: Tensor, iou_factor: float) -> Tensor:
    """What it costs to give a prior an object. (N, P, C), (N, G), (N, P, G) -> (N, P, G)."""
    return classification_cost(logits, labels, ious) - iou_factor * (ious + 1e-7).log()


@stage("assigner.usable_pairs")
def usable_pairs(priors: Tensor, gt_boxes: Tensor, gt_mask: Tensor) -> Tensor:
    """Priors inside any object, with every object. (P, 4), (N, G, 4), (N, G) -> (N, P, G)."""
    points, gt = priors[:, None, :2], gt_boxes.unsqueeze(1)
    margins = torch.cat([points - gt[..., :2], gt[..., 2:] - points], dim=-1)
    inside = (margins.amin(dim=-1) > 0) & gt_mask.unsqueeze(1)
    return inside.any(dim=2, keepdim=True) & gt_mask.unsqueeze(1)


@stage("assigner.match")
def match(cost: Tensor, ious: Tensor, usable: Tensor, topk: int) -> Assignment:
    """The cheapest priors of every object, about as many as its `topk` best IoUs add up to. All (N, P, G).

    Priors of exactly equal cost at the edge of the selection are all taken; one that several objects want goes to the
    cheapest.
    """
    candidates = min(topk, ious.shape[1])
    # The IoU of boxes that are turned inside out, as in a run that diverges, can be any number.
    dynamic_k = ious.topk(candidates, dim=1).values.sum(dim=1).int().clamp(1, candidates)
    cheapest = cost.topk(candidates, dim=1, largest=False).values
    dearest_taken = cheapest.gather(1, dynamic_k.unsqueeze(1).long() - 1)
    matched = (cost <= dearest_taken) & usable

    contested = matched.sum(dim=2, keepdim=True) > 1
    cheapest_object = F.one_hot(cost.argmin(dim=2), cost.shape[2]).bool()
    matched = torch.where(contested, cheapest_object, matched)
    return Assignment(
        positive=matched.any(dim=2),
        object_index=matched.int().argmax(dim=2),
        iou=(matched * ious).sum(dim=2),
    )


@stage("assigner")
@torch.no_grad()
def assign(
    logits: Tensor,
    boxes: Tensor,
    priors: Tensor,
    gt_boxes: Tensor,
    gt_labels: Tensor,
    gt_mask: Tensor,
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
    cost = torch.where(usable, cost, UNUSABLE)
    ious = torch.where(usable, ious, 0)
    return match(cost, ious, usable, topk)
