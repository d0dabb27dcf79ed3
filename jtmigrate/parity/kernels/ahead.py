"""Compiles the operators of this package before anyone waits for them."""

import jittor as jt

from jtmigrate.parity import nn, ops, optim
from jtmigrate.parity.compiled import Compiled


class _Everything(nn.Module):
    """A network with a layer for every operator."""

    def __init__(self) -> None:
        super().__init__()
        kernels = ((3, 1), (3, 2), (5, 1), (5, 2))
        self.layers = nn.Sequential(
            nn.Conv2d(3, 32, 3, bias=False), nn.GroupNorm(8, 32), nn.LeakyReLU(0.1), nn.MaxPool2d(3, 2, 1),
            *(nn.Conv2d(32, 32, taps, stride, taps // 2, groups=32, bias=False) for taps, stride in kernels),
            nn.BatchNorm2d(32), nn.Conv2d(32, 8, 1), nn.LeakyReLU(0.1),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Sigmoid(), nn.Softplus(), nn.Softmax(-1), nn.LogSoftmax(-1),
        )  # fmt: skip

    def execute(self, x: jt.Var) -> jt.Var:
        one, other = ops.chunk(self.layers(x), 2, dim=1)
        return ops.cat([other, one], dim=1)


def compile_kernels() -> None:
    """Run each operator once, forward and backward, in a step of a small network; and a compiled one."""
    model, images = _Everything(), jt.ones((1, 3, 64, 64))
    optimizer = optim.AdamW(model.parameters())
    optimizer.backward(model(images).sum())
    optim.clip_grad_norm(optimizer, 1.0)
    optimizer.step()
    jt.sync_all(True)
    small = nn.Sequential(nn.Conv2d(3, 4, 3))
    small.eval()
    Compiled(small)(images).sync()
