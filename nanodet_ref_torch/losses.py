"""The three losses of NanoDet-Plus, element by element; `head.detection_loss` weighs and sums them.

Quality and distribution focal loss: Li et al., 2020, https://arxiv.org/abs/2006.04388.
"""

import torch.nn.functional as F
from torch import Tensor

from jtmigrate.trace.stages import stage
from nanodet_ref_torch.boxes import giou


@stage("losses.quality_focal_loss")
def quality_focal_loss(logits: Tensor, quality: Tensor, beta: float) -> Tensor:
    """Cross entropy towards the IoU instead of towards 1, damped where the score is already right.

    logits, quality: (N, P, C), quality = IoU at the assigned class and 0 elsewhere. Returns (N, P).
    """
    modulation = (quality - logits.sigmoid()).abs().pow(beta)
    loss = F.binary_cross_entropy_with_logits(logits, quality, reduction="none") * modulation
    return loss.sum(dim=-1)


@stage("losses.distribution_focal_loss")
def distribution_focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Cross entropy of a distance's distribution with the two integers next to the target.

    logits (..., reg_max + 1), target (...) in [0, reg_max). Returns (...).
    """
    left = target.floor()
    log_probability = logits.log_softmax(dim=-1)
    index = left.long().unsqueeze(-1)
    loss_left = -log_probability.gather(-1, index).squeeze(-1)
    loss_right = -log_probability.gather(-1, index + 1).squeeze(-1)
    return loss_left * (left + 1 - target) + loss_right * (target - left)


@stage("losses.giou_loss")
def giou_loss(predicted: Tensor, target: Tensor) -> Tensor:
    """1 - GIoU of boxes (..., 4). Returns (...)."""
    return 1 - giou(predicted, target)
