"""Activations. All but softplus keep nothing but their output for the way back."""

import jittor as jt

from jtmigrate.parity.kernels.call import call

EACH, ROWS = "in0->num", 'in0->num / std::max(long(data["width"]), 1l), long(data["width"])'


def leaky_relu(x: jt.Var, slope: float) -> jt.Var:
    """x where positive, else slope * x; Jittor does not know its gradient."""
    return _call("leaky_relu", f'{EACH}, data["slope"]', x, slope=slope)


def leaky_relu_backward(dy: jt.Var, y: jt.Var, slope: float) -> jt.Var:
    """dy where the output y is positive, else slope * dy; Jittor does not know its gradient."""
    return _call("leaky_relu_backward", f'{EACH}, data["slope"]', dy, y, slope=slope)


class LeakyReLU(jt.Function):
    """x where positive, else slope * x. The slope is positive: the output then has the sign of the input."""

    def __init__(self, slope: float):
        super().__init__()
        self.slope = slope

    def execute(self, x: jt.Var) -> jt.Var:
        self.y = leaky_relu(x, self.slope)
        return self.y

    def grad(self, dy: jt.Var) -> jt.Var:
        return _LeakyReLUGradient(self.y, self.slope)(dy)


class _LeakyReLUGradient(jt.Function):
    """dy where y is positive, else slope * dy; linear, so that it is its own gradient."""

    def __init__(self, y: jt.Var, slope: float):
        super().__init__()
        self.y, self.slope = y, slope

    def execute(self, dy: jt.Var) -> jt.Var:
        return leaky_relu_backward(dy, self.y, self.slope)

    def grad(self, ddx: jt.Var) -> jt.Var:
        return _LeakyReLUGradient(self.y, self.slope)(ddx)


class Sigmoid(jt.Function):
    """1 / (1 + exp(-x))."""

    def execute(self, x: jt.Var) -> jt.Var:
        self.y = _call("sigmoid", EACH, x)
        return self.y

    def grad(self, dy: jt.Var) -> jt.Var:
        return _call("sigmoid_backward", EACH, dy, self.y)


class Softplus(jt.Function):
    """log(1 + exp(x))."""

    def execute(self, x: jt.Var) -> jt.Var:
        self.x = x
        return _call("softplus", EACH, x)

    def grad(self, dy: jt.Var) -> jt.Var:
        return _call("softplus_backward", EACH, dy, self.x)


class Softmax(jt.Function):
    """exp(x) normalised to sum 1 along the last dimension."""

    def execute(self, x: jt.Var) -> jt.Var:
        self.y = _call("softmax", ROWS, x, width=x.shape[-1])
        return self.y

    def grad(self, dy: jt.Var) -> jt.Var:
        return _call("softmax_backward", ROWS, dy, self.y, width=dy.shape[-1])


class LogSoftmax(jt.Function):
    """log(softmax(x)) along the last dimension."""

    def execute(self, x: jt.Var) -> jt.Var:
        self.y = _call("log_softmax", ROWS, x, width=x.shape[-1])
        return self.y

    def grad(self, dy: jt.Var) -> jt.Var:
        return _call("log_softmax_backward", ROWS, dy, self.y, width=dy.shape[-1])


def _call(name: str, sizes: str, *inputs: jt.Var, **numbers: float) -> jt.Var:
    """The function of this name in activation.h, which gives an output of the inputs' shape."""
    pointers = "".join(f"in{index}_p, " for index in range(len(inputs)))
    source = f"kernels::{name}({pointers}out0_p, {sizes});"
    return call([inputs[0].shape], inputs, "activation", source, **numbers)[0]
