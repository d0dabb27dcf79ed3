"""Small models that are no detector, each once in PyTorch and once in Jittor, with the same names."""

import jittor as jt
import numpy as np
import torch
from torch import nn as tnn

from jtmigrate.parity import nn as pnn

SLOPE = 0.1


class TorchMLP(tnn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = tnn.Linear(6, 16)
        self.act = tnn.LeakyReLU(SLOPE, inplace=True)
        self.out = tnn.Linear(16, 3)

    def forward(self, x):
        return self.out(self.act(self.hidden(x)))


class JittorMLP(jt.Module):
    def __init__(self, slope=SLOPE):
        self.hidden = jt.nn.Linear(6, 16)
        self.act = pnn.LeakyReLU(slope)
        self.out = jt.nn.Linear(16, 3)

    def execute(self, x):
        return self.out(self.act(self.hidden(x)))


class TorchBlock(tnn.Module):
    """Half of the channels through a convolution, joined with the other half, added to the input."""

    def __init__(self):
        super().__init__()
        self.conv = tnn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn = tnn.BatchNorm2d(4)
        self.act = tnn.LeakyReLU(SLOPE, inplace=True)

    def forward(self, x):
        left, right = x.chunk(2, dim=1)
        return x + torch.cat([left, self.act(self.bn(self.conv(right)))], dim=1)


class JittorBlock(jt.Module):
    """The same, with three ways to get its own code wrong."""

    def __init__(self, batch_norm=jt.nn.BatchNorm, *, swapped=False, residual=True, calls_norm=True):
        self.conv = jt.nn.Conv2d(4, 4, 3, padding=1, bias=False)
        self.bn = batch_norm(4)
        self.act = pnn.LeakyReLU(SLOPE)
        self._swapped, self._residual, self._calls_norm = swapped, residual, calls_norm

    def execute(self, x):
        left, right = x.chunk(2, dim=1)
        y = self.conv(right)
        y = self.act(self.bn(y) if self._calls_norm else y)
        y = jt.concat([y, left] if self._swapped else [left, y], dim=1)
        if self._residual:
            y += x
        return y


class TorchCNN(tnn.Module):
    def __init__(self):
        super().__init__()
        self.stem = tnn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = tnn.Sequential(TorchBlock(), TorchBlock())
        self.heads = tnn.ModuleList([tnn.Conv2d(8, 2, 1), tnn.Conv2d(8, 3, 1)])

    def forward(self, x):
        x = self.blocks(self.stem(x))
        return [head(x) for head in self.heads]


class JittorCNN(jt.Module):
    def __init__(self, batch_norm=jt.nn.BatchNorm, **faults):
        self.stem = jt.nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.blocks = jt.nn.Sequential(JittorBlock(batch_norm), JittorBlock(batch_norm, **faults))
        self.heads = jt.nn.ModuleList([jt.nn.Conv2d(8, 2, 1), jt.nn.Conv2d(8, 3, 1)])

    def execute(self, x):
        x = self.blocks(self.stem(x))
        return [head(x) for head in self.heads]


class TorchTwice(tnn.Module):
    """One module called twice, the second time by keyword, and one under two names."""

    def __init__(self):
        super().__init__()
        self.layer = tnn.Linear(5, 5)
        self.act = tnn.Tanh()
        self.alias = self.layer

    def forward(self, x):
        return self.alias(input=self.act(self.layer(x)))


class JittorTwice(jt.Module):
    def __init__(self, times=2):
        self.layer = jt.nn.Linear(5, 5)
        self.act = jt.nn.Tanh()
        self.alias = self.layer
        self._times = times

    def execute(self, x):
        for time in range(self._times):
            x = self.layer(x) if time == 0 else self.alias(self.act(x))
        return x


class TorchNested(tnn.Module):
    """Nested dicts, lists and a None; a child that is given a dict; an integer result."""

    def __init__(self):
        super().__init__()
        self.encode = TorchEncode()
        self.join = TorchJoin()

    def forward(self, image, mask):
        features = self.encode(image)
        joined = self.join(features, mask)
        return {"features": features, "result": [joined, None], "best": joined.argmax(dim=1)}


class TorchEncode(tnn.Module):
    def __init__(self):
        super().__init__()
        self.linear = tnn.Linear(4, 4)

    def forward(self, x):
        return {"low": self.linear(x), "high": (x * 2, x - 1)}


class TorchJoin(tnn.Module):
    def forward(self, features, mask):
        return features["low"] + features["high"][0] * mask


class JittorNested(jt.Module):
    def __init__(self):
        self.encode = JittorEncode()
        self.join = JittorJoin()

    def execute(self, image, mask):
        features = self.encode(image)
        joined = self.join(features, mask)
        return {"features": features, "result": [joined, None], "best": joined.argmax(dim=1)[0]}


class JittorEncode(jt.Module):
    def __init__(self):
        self.linear = jt.nn.Linear(4, 4)

    def execute(self, x):
        return {"low": self.linear(x), "high": (x * 2, x - 1)}


class JittorJoin(jt.Module):
    def execute(self, features, mask):
        return features["low"] + features["high"][0] * mask


class TorchNorm(tnn.Module):
    def __init__(self):
        super().__init__()
        self.bn = tnn.BatchNorm2d(4)
        self.conv = tnn.Conv2d(4, 2, 1)

    def forward(self, x):
        return self.conv(self.bn(x))


class JittorNorm(jt.Module):
    def __init__(self, batch_norm):
        self.bn = batch_norm(4)
        self.conv = jt.nn.Conv2d(4, 2, 1)

    def execute(self, x):
        return self.conv(self.bn(x))


def seeded(model: tnn.Module, seed: int = 0) -> tnn.Module:
    """A torch model in evaluation mode with seeded parameters and plausible statistics."""
    generator = np.random.default_rng(seed)
    for name, tensor in model.state_dict().items():
        values = generator.normal(scale=0.5, size=tuple(tensor.shape))
        tensor.copy_(torch.tensor(np.abs(values) + 0.5 if name.endswith("running_var") else values))
    return model.eval()


def evaluating(model: jt.Module) -> jt.Module:
    """A Jittor model in evaluation mode."""
    model.eval()
    return model


def noise(*shape: int, mean: float = 0.0, seed: int = 1) -> np.ndarray:
    """Normally distributed float32 numbers."""
    return np.random.default_rng(seed).normal(mean, 1.0, shape).astype(np.float32)


IMAGE = noise(2, 3, 16, 16)
VECTORS = noise(3, 6)
