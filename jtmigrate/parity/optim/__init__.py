"""`torch.optim` in Jittor: the same steps from the same gradients, in float32 and float64.

They differ from stock Jittor in what differs from PyTorch: order and defaults of arguments, options that stock Jittor
lacks, constants that keep their precision in float64, and one step counted a step, however many calls of `backward` it
accumulates. One difference cannot be mended here: to a parameter that the loss does not depend on, Jittor gives a
gradient of 0 where PyTorch gives none, so that it is still decayed and its moments still fade. Freeze such a parameter
(`parameter.stop_grad()`): it is skipped then.
"""

from jittor.optim import Optimizer

from jtmigrate.parity.optim import lr_scheduler
from jtmigrate.parity.optim.adam import Adam, Adamax, AdamW, NAdam, RAdam
from jtmigrate.parity.optim.clipping import clip_grad_norm
from jtmigrate.parity.optim.descent import SGD, Adadelta, Adagrad, RMSprop

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "clip_grad_norm",
    "lr_scheduler",
]
