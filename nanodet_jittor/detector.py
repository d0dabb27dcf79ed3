"""NanoDet-Plus: backbone, neck, head and, for training, the auxiliary branch that guides the assignment.

The method and the original code: RangiLyu, https://github.com/RangiLyu/nanodet (Apache-2.0).
"""

import jittor as jt
import numpy as np

from jtmigrate.parity import functional as F
from jtmigrate.parity import nn, ops
from nanodet_common.config import ArchConfig
from nanodet_common.priors import center_priors
from nanodet_common.targets import pad_targets
from nanodet_common.training.processes import ALONE, Processes
from nanodet_jittor.assigner import assign
from nanodet_jittor.backbone import ShuffleNetV2
from nanodet_jittor.head import NanoDetPlusHead, SimpleConvHead, detection_loss
from nanodet_jittor.neck import GhostPAN


class NanoDetPlus(nn.Module):
    """The whole detector. `aux_fpn` and `aux_head` exist only in a model built for training."""

    def __init__(self, config: ArchConfig, *, auxiliary: bool):
        super().__init__()
        self.config = config
        self.epoch = 0
        self.processes: Processes = ALONE
        self.backbone = ShuffleNetV2(config.backbone)
        self.fpn = GhostPAN(config.fpn)
        self.head = NanoDetPlusHead(config.head)
        if auxiliary:
            self.aux_fpn = GhostPAN(config.fpn)
            self.aux_head = SimpleConvHead(config.aux_head)

    def execute(self, images: jt.Var) -> jt.Var:
        """Normalised images (N, 3, H, W) -> raw head output (N, points, num_classes + 4 * (reg_max + 1))."""
        return self.head(self.fpn(self.backbone(images)))

    def detect(self, images: jt.Var) -> tuple[jt.Var, jt.Var]:
        """Normalised images (N, 3, H, W) -> scores (N, points, num_classes), boxes (N, points, 4) before NMS."""
        logits, _, boxes = self.head.decode(self(images), self.priors(images))
        return F.sigmoid(logits), boxes

    def priors(self, images: jt.Var) -> jt.Var:
        """Centre points and strides (points, 4) that belong to the head's output for these images."""
        priors = center_priors(tuple(images.shape[2:]), self.config.head.strides)
        return F.array(priors, like=images)

    def forward_train(self, images: jt.Var) -> tuple[jt.Var, jt.Var]:
        """Raw output of head and auxiliary head. From `detach_epoch` on, the branch no longer trains the detector."""
        features = self.backbone(images)
        fpn_features = self.fpn(features)
        guide = fpn_features
        if self.epoch >= self.config.detach_epoch:
            features = [x.detach() for x in features]
            guide = [x.detach() for x in fpn_features]
        aux_features = self.aux_fpn(features)
        dual = [ops.cat([x, aux], dim=1) for x, aux in zip(guide, aux_features, strict=True)]
        return self.head(fpn_features), self.aux_head(dual)

    def loss(
        self, images: jt.Var, gt_boxes: list[np.ndarray], gt_labels: list[np.ndarray]
    ) -> tuple[jt.Var, dict[str, jt.Var]]:
        """Total loss and its six weighted parts.

        images: (N, 3, H, W) normalised; gt_boxes: one (n, 4) x1, y1, x2, y2 pixel array an image; gt_labels: one (n,)
        integer array an image. The auxiliary head's predictions decide the assignment of both heads.
        """
        priors = self.priors(images)
        boxes, labels, mask = pad_targets(gt_boxes, gt_labels)
        boxes = F.array(boxes, like=images)
        labels = jt.array(labels.astype(np.int32))
        mask = jt.array(mask)

        output, aux_output = self.forward_train(images)
        decoded = self.head.decode(output, priors)
        aux_decoded = self.head.decode(aux_output, priors)
        assignment = assign(aux_decoded[0], aux_decoded[2], priors, boxes, labels, mask)

        shared = (priors, boxes, labels, assignment, self.config.head.loss, self.processes)
        parts = detection_loss(*decoded, *shared)
        aux_parts = detection_loss(*aux_decoded, *shared)
        parts |= {f"aux_{name}": value for name, value in aux_parts.items()}
        return sum(parts.values()), parts
