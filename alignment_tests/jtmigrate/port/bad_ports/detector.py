"""A detector, ported by hand with the traps that people fall into."""

import jittor as jt
import numpy as np
from jittor import Module, nn


class Stem(Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(3, channels, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(channels)  # expect: JT034
        self.act = nn.LeakyReLU(0.1)
        self.pool = nn.Pool(3, 2, 1, op="max")  # expect: JT030

    def execute(self, x):
        return self.pool(self.act(self.bn(self.conv(x))))


class Neck(Module):
    def __init__(self, channels):
        super().__init__()
        self.reduce = nn.Conv2d(channels, channels, 1)
        self.context = nn.AdaptiveAvgPool2d((6, 6))  # expect: JT031
        self.fine = nn.AdaptiveAvgPool2d(1)
        self.smooth = nn.AvgPool2d(3, 1, 1, count_include_pad=False)  # expect: JT032
        self.shrink = nn.MaxPool2d(3, 2, ceil_mode=True)  # expect: JT033

    def execute(self, x):
        y = nn.interpolate(self.reduce(x), scale_factor=2)  # expect: JT037
        z = nn.interpolate(y, scale_factor=1.5, mode="bilinear")  # expect: JT038
        return self.smooth(z) + self.context(x).max()


class Head(Module):
    def __init__(self, reg_max=7):
        super().__init__()
        self.reg_max = reg_max
        self.strides = jt.array(np.array([8.0, 16.0, 32.0]))  # expect: JT051
        self.weight = jt.ones((3,))
        self.register_buffer("project", jt.linspace(0, reg_max, reg_max + 1))  # expect: JT050
        self.register_buffer("frozen", jt.arange(3).stop_grad())

    def execute(self, logits):
        scores = nn.softmax(logits)  # expect: JT036
        best = scores.max(2)[0]  # expect: JT001
        labels = scores.argmax(2)  # expect: JT002
        first, _ = scores.argmax(2)
        return (scores * self.project).sum(2), best, labels, first


def decode(distances: jt.Var, points: jt.Var):
    values, order = distances.max(dim=1)  # expect: JT001
    cells = points // 8  # expect: JT004
    rounded = jt.round(points)  # expect: JT005
    keep = ~(values > 0.5)  # expect: JT012
    clipped = distances.clamp(min=0)  # expect: JT011
    boxes = jt.concat([points, clipped], dim=1)
    return boxes[jt.nms(boxes, 0.6)], cells, rounded, keep, order  # expect: JT020


def clean(x: jt.Var):
    mask = x != x  # expect: JT003
    if x == None:  # expect: JT019  # noqa: E711
        return None
    x.view(-1)[0] = 0  # expect: JT015
    return jt.where(mask, jt.zeros_like(x), x)
