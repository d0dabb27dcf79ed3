"""What looks like a trap and is none."""

import jittor as jt
import numpy as np

from jtmigrate.parity import functional as F
from jtmigrate.parity import nn, ops, optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bn = nn.BatchNorm2d(8)
        self.pool = nn.AvgPool2d(3, 2, 1, count_include_pad=False)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("project", jt.arange(8).float32())
        self.names = {"max": 1, "round": 2}

    def execute(self, x: jt.Var):
        peak = x.max(1)
        total = x.max()
        first = x.max(1, keepdims=True)[..., 0]
        index, value = x.argmax(1)
        place = x.argmax(1)[0]
        share = x.shape[0] // 2
        return F.softmax(x, dim=1), peak, total, first, index, value, place, share, ops.max(x, 1)[0]


def arrays(a: np.ndarray, n: int):
    return a.max(1)[0], a.argmax(1), a.round(), a.std(), n // 2, ~n, a != a


def train(model, loss):
    optimizer = optim.AdamW(model.parameters())
    optimizer.zero_grad()
    optimizer.backward(loss)
    norm = optim.clip_grad_norm(optimizer, 1.0)
    optimizer.step()
    return norm
