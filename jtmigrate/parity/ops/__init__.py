"""`torch.*` functions and tensor methods that Jittor lacks or does differently, under PyTorch's names.

A method becomes a function that takes the tensor first: `x.argmax(1)` is `ops.argmax(x, 1)`, and `x.add_(y)`, which
assigns into x and returns it, is `ops.add_(x, y)`. What means nothing here (a device, a memory format) is accepted and
ignored. Two liberties hold everywhere: indices are int32, and what has no dimension in PyTorch has one of size 1.
"""

from jtmigrate.parity.ops.autograd import *  # noqa: F403
from jtmigrate.parity.ops.compare import *  # noqa: F403
from jtmigrate.parity.ops.creation import *  # noqa: F403
from jtmigrate.parity.ops.devices import *  # noqa: F403
from jtmigrate.parity.ops.dtype import *  # noqa: F403
from jtmigrate.parity.ops.index import *  # noqa: F403
from jtmigrate.parity.ops.inplace import *  # noqa: F403
from jtmigrate.parity.ops.linear_algebra import *  # noqa: F403
from jtmigrate.parity.ops.order import *  # noqa: F403
from jtmigrate.parity.ops.pointwise import *  # noqa: F403
from jtmigrate.parity.ops.reduce import *  # noqa: F403
from jtmigrate.parity.ops.shape import *  # noqa: F403
