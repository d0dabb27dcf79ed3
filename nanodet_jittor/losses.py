"""The three losses of NanoDet-Plus, element by element; `head.detection_loss` weighs and sums them.

Quality and distribution focal loss: Li et al., 2020, https://arxiv.org/abs/2006.04388.
"""

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.trace.stages import stage
from nanodet_jittor.boxes import giou


@stage("losses.quality_focal_loss")
def quality_focal_loss(logits: jt.Var, quality: jt.Var, beta: float) -> jt.Var:
    """Cross entropy towards the IoU instead of towards 1, damped where the score is already right.

    logits, quality: (N, P, C), quality = IoU at the assigned class and 0 elsewhere. Returns (N, P).
    """
    modulation = F.pow((quality - F.sigmoid(logits)).abs(), beta)
    loss = F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * modulation
    return loss.sum(dim=-1)


@stage("losses.distribution_focal_loss")
def distribution_focal_loss(logits: jt.Var, target: jt.Var) -> jt.Var:
    """Cross entropy of a distance's distribution with the two integers next to the target.

    logits (..., reg_max + 1), target (...) in [0, reg_max). Returns (...).
    """
    left = target.floor()
    log_probability = F.log_softmax(logits, dim=-1)
    index = left.int32().unsqueeze(-1)
    loss_left = -log_probability.gather(-1, index).squeeze(-1)
    loss_right = -log_probability.gather(-1, index + 1).squeeze(-1)
    return loss_left * (left + 1 - target) + loss_right * (target - left)


@stage("losses.giou_loss")
def giou_loss(predicted: jt.Var, target: jt.Var) -> jt.Var:
    """1 - GIoU of boxes (..., 4). Returns (...)."""
    return 1 - giou(predicted, target)
