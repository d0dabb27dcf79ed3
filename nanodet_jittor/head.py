"""Heads of NanoDet-Plus: the detector's own, the auxiliary one, and the loss over their outputs.

Boxes are predicted as a discrete distribution over distances (Li et al., 2020, https://arxiv.org/abs/2006.04388).
"""

from functools import partial
from itertools import pairwise

import jittor as jt
import numpy as np

from jtmigrate.parity import functional as F
from jtmigrate.parity import nn, ops
from jtmigrate.trace.stages import stage
from nanodet_common.config import AuxHeadConfig, HeadConfig, LossConfig
from nanodet_common.training.processes import ALONE, Processes
from nanodet_jittor.assigner import Assignment
from nanodet_jittor.boxes import box_to_distance, distance_to_box
from nanodet_jittor.layers import DepthwiseConvBlock, GroupNormConvBlock, Scale, group_norm
from nanodet_jittor.losses import distribution_focal_loss, giou_loss, quality_focal_loss
from nanodet_jittor.processes import means


class Integral(nn.Module):
    """Expected distance of a distribution over 0 .. reg_max. (..., 4 * (reg_max + 1)) -> (..., 4)."""

    def __init__(self, reg_max: int):
        super().__init__()
        self.register_buffer("project", jt.array(np.arange(reg_max + 1, dtype=np.float32)))

    def execute(self, logits: jt.Var) -> jt.Var:
        logits = logits.reshape(*logits.shape[:-1], 4, -1)
        return (F.softmax(logits, dim=-1) * self.project).sum(-1)


class NanoDetPlusHead(nn.Module):
    """Features (N, C, H, W) of every level -> (N, points, num_classes + 4 * (reg_max + 1)), finest level first."""

    def __init__(self, config: HeadConfig):
        super().__init__()
        self.num_classes = config.num_classes
        channels = config.feat_channels
        outputs = config.num_classes + 4 * (config.reg_max + 1)
        self.distribution_project = Integral(config.reg_max)
        self.cls_convs = nn.ModuleList()
        for _ in config.strides:
            widths = [config.input_channel] + [channels] * config.stacked_convs
            blocks = [DepthwiseConvBlock(a, b, config.kernel_size) for a, b in pairwise(widths)]
            self.cls_convs.append(nn.ModuleList(blocks))
        self.gfl_cls = nn.ModuleList([nn.Conv2d(channels, outputs, 1) for _ in config.strides])

    def execute(self, features: tuple[jt.Var, ...]) -> jt.Var:
        outputs = []
        for x, blocks, predict in zip(features, self.cls_convs, self.gfl_cls, strict=True):
            for block in blocks:
                x = block(x)
            outputs.append(predict(x).flatten(start_dim=2))
        return ops.cat(outputs, dim=2).permute(0, 2, 1)

    def decode(self, output: jt.Var, priors: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        """Head output (N, P, .) and priors (P, 4) -> class logits, distance logits, boxes (N, P, 4) in pixels."""
        logits, distances = output[..., : self.num_classes], output[..., self.num_classes :]
        boxes = distance_to_box(priors[:, :2], self.distribution_project(distances) * priors[:, 2:3])
        return logits, distances, boxes


class SimpleConvHead(nn.Module):
    """The auxiliary head: one tower for classes, one for distances, shared by all levels. Output as above."""

    def __init__(self, config: AuxHeadConfig):
        super().__init__()
        channels = config.feat_channels
        widths = [config.input_channel] + [channels] * config.stacked_convs
        pairs = list(pairwise(widths))
        block = partial(DepthwiseConvBlock, norm=group_norm) if config.conv_type == "DWConv" else GroupNormConvBlock
        self.cls_convs = nn.ModuleList([block(a, b, 3) for a, b in pairs])
        self.reg_convs = nn.ModuleList([block(a, b, 3) for a, b in pairs])
        self.gfl_cls = nn.Conv2d(channels, config.num_classes, 3, padding=1)
        self.gfl_reg = nn.Conv2d(channels, 4 * (config.reg_max + 1), 3, padding=1)
        self.scales = nn.ModuleList([Scale() for _ in config.strides])

    def execute(self, features: list[jt.Var]) -> jt.Var:
        outputs = []
        for x, scale in zip(features, self.scales, strict=True):
            cls_feature = reg_feature = x
            for block in self.cls_convs:
                cls_feature = block(cls_feature)
            for block in self.reg_convs:
                reg_feature = block(reg_feature)
            # Float32 in every precision, as in the original: so that distances survive mixed precision.
            distances = scale(self.gfl_reg(reg_feature)).float32().cast(x.dtype)
            output = ops.cat([self.gfl_cls(cls_feature), distances], dim=1)
            outputs.append(output.flatten(start_dim=2))
        return ops.cat(outputs, dim=2).permute(0, 2, 1)


@stage("losses")
def detection_loss(
    logits: jt.Var,
    distances: jt.Var,
    boxes: jt.Var,
    priors: jt.Var,
    gt_boxes: jt.Var,
    gt_labels: jt.Var,
    assignment: Assignment,
    config: LossConfig,
    processes: Processes = ALONE,
) -> dict[str, jt.Var]:
    """The weighted losses `loss_qfl`, `loss_bbox`, `loss_dfl` of one head's decoded output.

    Background priors keep their place with weight 0, so that shapes do not depend on the number of positives. The mean
    of a loss over the processes is that of their images in one batch.
    """
    positive = assignment.positive.cast(logits.dtype)
    weight = F.sigmoid(logits.detach()).max(-1) * positive
    normalisers = means(processes, ops.sum(positive), ops.sum(weight))
    num_positive, total_weight = (F.clamp(mean, min=1 / processes.size) for mean in normalisers)
    target_boxes = gt_boxes.gather(1, assignment.object_index.unsqueeze(-1).expand(-1, -1, 4))
    target_labels = gt_labels.gather(1, assignment.object_index)

    quality = F.is_label(target_labels, logits.shape[-1]) * (positive * assignment.iou).unsqueeze(-1)
    loss_qfl = ops.sum(quality_focal_loss(logits, quality, config.loss_qfl.beta)) / num_positive
    loss_bbox = ops.sum(giou_loss(boxes, target_boxes) * weight) / total_weight

    distances = distances.reshape(*distances.shape[:-1], 4, -1)
    reg_max = distances.shape[-1] - 1
    target_distances = box_to_distance(priors[:, :2], target_boxes) / priors[:, 2:3]
    target_distances = F.clamp(target_distances, min=0, max=reg_max - 0.1)
    loss_dfl = distribution_focal_loss(distances, target_distances) * weight.unsqueeze(-1)
    loss_dfl = ops.sum(loss_dfl) / (4 * total_weight)
    return {
        "loss_qfl": config.loss_qfl.loss_weight * loss_qfl,
        "loss_bbox": config.loss_bbox.loss_weight * loss_bbox,
        "loss_dfl": config.loss_dfl.loss_weight * loss_dfl,
    }
