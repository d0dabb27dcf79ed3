"""Box arithmetic on (..., 4) tensors of x1, y1, x2, y2 in pixels."""

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.trace.stages import stage


@stage("boxes.distance_to_box")
def distance_to_box(points: jt.Var, distance: jt.Var) -> jt.Var:
    """Points (..., 2) and their distances to left, top, right, bottom (..., 4) -> boxes (..., 4)."""
    return jt.concat([points - distance[..., :2], points + distance[..., 2:]], dim=-1)


@stage("boxes.box_to_distance")
def box_to_distance(points: jt.Var, boxes: jt.Var) -> jt.Var:
    """Inverse of `distance_to_box`."""
    return jt.concat([points - boxes[..., :2], boxes[..., 2:] - points], dim=-1)


def area(boxes: jt.Var) -> jt.Var:
    """(..., 4) -> (...); negative where a corner pair is swapped, as in the original."""
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def intersection_and_union(a: jt.Var, b: jt.Var, eps: float) -> tuple[jt.Var, jt.Var]:
    """Areas for boxes that broadcast against each other; the union is at least `eps`."""
    top_left = jt.maximum(a[..., :2], b[..., :2])
    bottom_right = jt.minimum(a[..., 2:], b[..., 2:])
    size = F.clamp(bottom_right - top_left, min=0)
    intersection = size[..., 0] * size[..., 1]
    return intersection, F.clamp(area(a) + area(b) - intersection, min=eps)


@stage("boxes.iou")
def iou(a: jt.Var, b: jt.Var, eps: float = 1e-6) -> jt.Var:
    """Intersection over union of boxes that broadcast against each other."""
    intersection, union = intersection_and_union(a, b, eps)
    return intersection / union


@stage("boxes.giou")
def giou(a: jt.Var, b: jt.Var, eps: float = 1e-7) -> jt.Var:
    """Generalised IoU (Rezatofighi et al., 2019, https://arxiv.org/abs/1902.09630)."""
    intersection, union = intersection_and_union(a, b, eps)
    hull_top_left = jt.minimum(a[..., :2], b[..., :2])
    hull_bottom_right = jt.maximum(a[..., 2:], b[..., 2:])
    size = F.clamp(hull_bottom_right - hull_top_left, min=0)
    hull = F.clamp(size[..., 0] * size[..., 1], min=eps)
    return intersection / union - (hull - union) / hull
