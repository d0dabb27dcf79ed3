"""Prints a digest of every output and gradient of every operator, and the number of threads that computed them.

`python -m alignment_tests.jtmigrate.parity.kernels.digests`
"""

import hashlib
import os

from alignment_tests.jtmigrate.parity.kernels.three_ways import in_jittor, normal
from jtmigrate.parity import functional as F
from jtmigrate.parity import ops, optim
from jtmigrate.parity.optim.averaging import move_averages

import jittor as jt  # isort: skip

# Odd numbers of everything, so that threads get unequal shares.
CASES = {
    "pointwise": (F.conv2d, normal(3, 13, 17, 19), normal(29, 13, 1, 1)),
    "pointwise, large": (F.conv2d, normal(2, 24, 61, 60), normal(11, 24, 1, 1)),
    "depthwise": (lambda x, w: F.conv2d(x, w, padding=1, groups=13), normal(3, 13, 17, 19), normal(13, 1, 3, 3)),
    "depthwise, stride 2": (
        lambda x, w: F.conv2d(x, w, stride=2, padding=2, groups=13),
        normal(3, 13, 17, 19),
        normal(13, 1, 5, 5),
    ),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), normal(3, 7, 33, 31), normal(7), normal(7)),
    "group_norm": (lambda x, w, b: F.group_norm(x, 3, w, b), normal(3, 9, 33, 31), normal(9), normal(9)),
    "group_norm, leaky": (
        lambda x, w, b: F.leaky_relu(F.group_norm(x, 3, w, b), 0.1),
        normal(3, 9, 33, 31),
        normal(9),
        normal(9),
    ),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.1), normal(1001)),
    "sigmoid": (F.sigmoid, normal(100_001, scale=5)),
    "softplus": (F.softplus, normal(100_001, scale=5)),
    "softmax": (lambda x: F.softmax(x, -1), normal(1001, 8)),
    "log_softmax": (lambda x: F.log_softmax(x, -1), normal(1001, 81)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 3, 2, 1), normal(3, 5, 33, 31)),
    "interpolate": (lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"), normal(3, 5, 13, 11)),
    "cat": (lambda *parts: ops.cat(parts, 1), normal(301, 5, 33), normal(301, 7, 33)),
    "chunk": (lambda x: ops.chunk(x, 2, 1), normal(301, 6, 33)),
}


def steps() -> list[jt.Var]:
    """Parameters after clipped steps of AdamW, their averages, and the last norm."""
    shapes = [(301, 211), (17,), (5, 3)]
    parameters = [jt.array(normal(*shape)) for shape in shapes]
    averages = [jt.array(normal(*shape, seed=1)) for shape in shapes]
    optimizer = optim.AdamW(parameters, lr=0.01)
    for _ in range(3):
        optimizer.backward(sum((parameter * parameter).sum() for parameter in parameters))
        norm = optim.clip_grad_norm(optimizer, 1.0)
        optimizer.step()
        move_averages(list(zip(averages, parameters, strict=True)), 0.1)
    return [*parameters, *averages, norm]


def main() -> None:
    print(f"threads = {os.environ['OMP_NUM_THREADS']}")
    results = {name: in_jittor(function, arrays) for name, (function, *arrays) in CASES.items()}
    results["steps"] = jt.fetch_sync(steps())
    for name, arrays in results.items():
        for place, array in enumerate(arrays):
            print(f"{name} {place} = {hashlib.sha256(array.tobytes()).hexdigest()}")


if __name__ == "__main__":
    main()
