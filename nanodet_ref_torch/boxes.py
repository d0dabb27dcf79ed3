"""Box arithmetic on (..., 4) tensors of x1, y1, x2, y2 in pixels."""

import torch
from torch import Tensor

from jtmigrate.trace.stages import stage


@stage("boxes.distance_to_box")
def distance_to_box(points: Tensor, distance: Tensor) -> Tensor:
    """Points (..., 2) and their distances to left, top, right, bottom (..., 4) -> boxes (..., 4)."""
    return torch.cat([points - distance[..., :2], points + distance[..., 2:]], dim=-1)


@stage("boxes.box_to_distance")
def box_to_distance(points: Tensor, boxes: Tensor) -> Tensor:
    """Inverse of `distance_to_box`."""
    return torch.cat([points - boxes[..., :2], boxes[..., 2:] - points], dim=-1)


def area(boxes: Tensor) -> Tensor:
    """(..., 4) -> (...); negative where a corner pair is swapped, as in the original."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersection_and_union(a: Tensor, b: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Areas for boxes that broadcast against each other; the union is at least `eps`."""
    top_left = torch.maximum(a[..., :2], b[..., :2])
    bottom_right = torch.minimum(a[..., 2:], b[..., 2:])
    size = (bottom_right - top_left).clamp(min=0)
    intersection = size[..., 0] * size[..., 1]
    return intersection, (area(a) + area(b) - intersection).clamp(min=eps)


@stage("boxes.iou")
def iou(a: Tensor, b: Tensor, eps: float = 1e-6) -> Tensor:
    """Intersection over union of boxes that broadcast against each other."""
    intersection, union = intersection_and_union(a, b, eps)
    return intersection / union


@stage("boxes.giou")
def giou(a: Tensor, b: Tensor, eps: float = 1e-7) -> Tensor:
    """Generalised IoU (Rezatofighi et al., 2019, https://arxiv.org/abs/1902.09630)."""
    intersection, union = intersection_and_union(a, b, eps)
    hull_top_left = torch.minimum(a[..., :2], b[..., :2])
    hull_bottom_right = torch.maximum(a[..., 2:], b[..., 2:])
    size = (hull_bottom_right - hull_top_left).clamp(min=0)
    hull = (size[..., 0] * size[..., 1]).clamp(min=eps)
    return intersection / union - (hull - union) / hull
