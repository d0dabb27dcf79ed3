"""A feature pyramid with anchor heads, in the manner of RetinaNet."""

import math
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn


class BackboneOutput(NamedTuple):
    c2: torch.Tensor
    c3: torch.Tensor
    c4: torch.Tensor


class Backbone(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        layers = OrderedDict()
        channels = 3
        for index in range(4):
            layers[f"conv{index}"] = nn.Conv2d(channels, width, 3, 2, 1)
            layers[f"norm{index}"] = nn.GroupNorm(2, width)
            layers[f"relu{index}"] = nn.ReLU()
            channels = width
        self.body = nn.Sequential(layers)

    def forward(self, x) -> BackboneOutput:
        found = []
        for name, layer in self.body.named_children():
            x = layer(x)
            if name.startswith("relu") and name != "relu0":
                found.append(x)
        return BackboneOutput(*found)


class FPN(nn.Module):
    def __init__(self, in_channels_list, out_channels, extra_levels=1):
        super().__init__()
        self.inner_blocks = nn.ModuleList()
        self.layer_blocks = nn.ModuleList()
        for in_channels in in_channels_list:
            if in_channels == 0:
                raise ValueError("in_channels=0 is currently not supported")
            self.inner_blocks.append(nn.Conv2d(in_channels, out_channels, 1))
            self.layer_blocks.append(nn.Conv2d(out_channels, out_channels, 3, padding=1))
        self.extra = nn.ModuleDict(
            {f"p{i}": nn.Conv2d(out_channels, out_channels, 3, 2, 1) for i in range(extra_levels)}
        )

        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_uniform_(m.weight, a=1)
                nn.init.constant_(m.bias, 0)

    def forward(self, x):
        last_inner = self.inner_blocks[-1](x[-1])
        results = [self.layer_blocks[-1](last_inner)]

        for idx in range(len(x) - 2, -1, -1):
            inner_lateral = self.inner_blocks[idx](x[idx])
            feat_shape = inner_lateral.shape[-2:]
            inner_top_down = F.interpolate(last_inner, size=feat_shape, mode="nearest")
            last_inner = inner_lateral + inner_top_down
            results.insert(0, self.layer_blocks[idx](last_inner))

        for name in self.extra:
            results.append(self.extra[name](F.relu(results[-1])))
        return results


class AnchorGenerator(nn.Module):
    def __init__(self, sizes=(8, 16, 32, 64), aspect_ratios=(0.5, 1.0, 2.0)):
        super().__init__()
        self.cell_anchors = [self.generate_anchors((size,), aspect_ratios) for size in sizes]

    @staticmethod
    def generate_anchors(scales, aspect_ratios, dtype=torch.float32, device="cpu"):
        scales = torch.as_tensor(scales, dtype=dtype, device=device)
        aspect_ratios = torch.as_tensor(aspect_ratios, dtype=dtype, device=device)
        h_ratios = torch.sqrt(aspect_ratios)
        w_ratios = 1 / h_ratios

        ws = (w_ratios[:, None] * scales[None, :]).view(-1)
        hs = (h_ratios[:, None] * scales[None, :]).view(-1)

        base_anchors = torch.stack([-ws, -hs, ws, hs], dim=1) / 2
        return base_anchors.round()

    def num_anchors_per_location(self):
        return [len(a) for a in self.cell_anchors]

    def forward(self, image, feature_maps):
        image_height, image_width = image.shape[-2:]
        anchors = []
        for feature, base in zip(feature_maps, self.cell_anchors):
            grid_height, grid_width = feature.shape[-2:]
            stride_height, stride_width = image_height // grid_height, image_width // grid_width
            shifts_x = torch.arange(0, grid_width, dtype=torch.int32, device=feature.device) * stride_width
            shifts_y = torch.arange(0, grid_height, dtype=torch.int32, device=feature.device) * stride_height
            shift_y, shift_x = torch.meshgrid(shifts_y, shifts_x, indexing="ij")
            shift_x = shift_x.reshape(-1)
            shift_y = shift_y.reshape(-1)
            shifts = torch.stack((shift_x, shift_y, shift_x, shift_y), dim=1)
            anchors.append((shifts.view(-1, 1, 4) + base.view(1, -1, 4)).reshape(-1, 4))
        return torch.cat(anchors)


class Head(nn.Module):
    def __init__(self, in_channels, num_anchors, num_outputs, prior_probability=None):
        super().__init__()
        self.num_outputs = num_outputs
        conv = []
        for _ in range(2):
            conv.append(nn.Conv2d(in_channels, in_channels, kernel_size=3, stride=1, padding=1))
            conv.append(nn.ReLU())
        self.conv = nn.Sequential(*conv)
        self.out = nn.Conv2d(in_channels, num_anchors * num_outputs, kernel_size=3, stride=1, padding=1)

        for layer in self.children():
            if isinstance(layer, nn.Conv2d):
                torch.nn.init.normal_(layer.weight, std=0.01)
                if prior_probability is not None:
                    torch.nn.init.constant_(layer.bias, -math.log((1 - prior_probability) / prior_probability))

    def forward(self, x):
        all_outputs = []
        for features in x:
            out = self.out(self.conv(features))
            # Permute from (N, A * K, H, W) to (N, HWA, K).
            N, _, H, W = out.shape
            out = out.view(N, -1, self.num_outputs, H, W)
            out = out.permute(0, 3, 4, 1, 2)
            out = out.reshape(N, -1, self.num_outputs)
            all_outputs.append(out)
        return torch.cat(all_outputs, dim=1)


class BoxCoder:
    def __init__(self, weights=(1.0, 1.0, 1.0, 1.0), bbox_xform_clip=math.log(1000.0 / 16)):
        self.weights = weights
        self.bbox_xform_clip = bbox_xform_clip

    def decode(self, rel_codes: torch.Tensor, boxes: torch.Tensor) -> torch.Tensor:
        boxes = boxes.to(rel_codes.dtype)
        widths = boxes[:, 2] - boxes[:, 0]
        heights = boxes[:, 3] - boxes[:, 1]
        ctr_x = boxes[:, 0] + 0.5 * widths
        ctr_y = boxes[:, 1] + 0.5 * heights

        wx, wy, ww, wh = self.weights
        dx = rel_codes[..., 0] / wx
        dy = rel_codes[..., 1] / wy
        dw = rel_codes[..., 2] / ww
        dh = rel_codes[..., 3] / wh

        # Prevent sending too large values into torch.exp()
        dw = torch.clamp(dw, max=self.bbox_xform_clip)
        dh = torch.clamp(dh, max=self.bbox_xform_clip)

        pred_ctr_x = dx * widths + ctr_x
        pred_ctr_y = dy * heights + ctr_y
        pred_w = torch.exp(dw) * widths
        pred_h = torch.exp(dh) * heights

        half = 0.5
        return torch.stack(
            (
                pred_ctr_x - half * pred_w,
                pred_ctr_y - half * pred_h,
                pred_ctr_x + half * pred_w,
                pred_ctr_y + half * pred_h,
            ),
            dim=-1,
        )


def clip_boxes_to_image(boxes, size):
    height, width = size
    boxes_x = boxes[..., 0::2].clamp(min=0, max=width)
    boxes_y = boxes[..., 1::2].clamp(min=0, max=height)
    return torch.stack((boxes_x, boxes_y), dim=boxes.dim()).reshape(boxes.shape)


class RetinaNet(nn.Module):
    def __init__(self, num_classes=3, channels=8):
        super().__init__()
        self.backbone = Backbone(channels)
        self.fpn = FPN([channels] * 3, channels)
        self.anchor_generator = AnchorGenerator()
        num_anchors = self.anchor_generator.num_anchors_per_location()[0]
        self.head = nn.ModuleDict(
            {
                "classification": Head(channels, num_anchors, num_classes, prior_probability=0.01),
                "regression": Head(channels, num_anchors, 4),
            }
        )
        self.box_coder = BoxCoder()

    def forward(self, images):
        features = self.fpn(list(self.backbone(images)))
        outputs = {name: head(features) for name, head in self.head.items()}
        anchors = self.anchor_generator(images, features)
        boxes = self.box_coder.decode(outputs["regression"], anchors)
        boxes = clip_boxes_to_image(boxes, images.shape[-2:])
        return torch.sigmoid(outputs["classification"]), boxes

    @staticmethod
    def top(scores, boxes, k=5):
        scores, indices = scores.flatten().topk(min(k, scores.numel()))
        return scores, boxes[indices // 3], indices % 3


def sigmoid_focal_loss(inputs, targets, alpha: float = 0.25, gamma: float = 2, reduction: str = "none"):
    p = torch.sigmoid(inputs)
    ce_loss = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    p_t = p * targets + (1 - p) * (1 - targets)
    loss = ce_loss * ((1 - p_t) ** gamma)
    if alpha >= 0:
        alpha_t = alpha * targets + (1 - alpha) * (1 - targets)
        loss = alpha_t * loss
    return loss.sum() if reduction == "sum" else loss


def build():
    torch.manual_seed(10)
    return RetinaNet()


def inputs():
    # 60 is not divisible by 16: the pyramid's levels do not fit by a factor of two
    return {"images": np.random.RandomState(10).randn(1, 3, 60, 64).astype(np.float32)}


if __name__ == "__main__":
    net = build()
    net.eval()
    with torch.inference_mode():
        scores, boxes = net(torch.from_numpy(inputs()["images"]))
    for s, b, label in zip(*RetinaNet.top(scores[0], boxes[0])):
        print(f"{int(label)}: {s:.3f} {b.tolist()}")
    print(sigmoid_focal_loss(scores, torch.zeros_like(scores), reduction="sum").item())
