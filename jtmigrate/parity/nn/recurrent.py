"""Recurrent networks, step by step. Gates lie one after the other in the rows of the weights, in PyTorch's order."""

import math
from collections.abc import Callable, Sequence
from typing import ClassVar

import jittor as jt

from jtmigrate.parity import functional as F
from jtmigrate.parity.nn.convolution import uniform
from jtmigrate.parity.nn.module import Module

State = tuple[jt.Var, ...]


def _lstm(gates: jt.Var, hidden_gates: jt.Var, state: State) -> State:
    i, f, g, o = (gates + hidden_gates).chunk(4, -1)
    cell = F.sigmoid(f) * state[1] + F.sigmoid(i) * g.tanh()
    return F.sigmoid(o) * cell.tanh(), cell


def _gru(gates: jt.Var, hidden_gates: jt.Var, state: State) -> State:
    (reset, update, new), (hidden_reset, hidden_update, hidden_new) = gates.chunk(3, -1), hidden_gates.chunk(3, -1)
    update = F.sigmoid(update + hidden_update)
    new = (new + F.sigmoid(reset + hidden_reset) * hidden_new).tanh()
    return (new + update * (state[0] - new),)


def _tanh(gates: jt.Var, hidden_gates: jt.Var, state: State) -> State:
    return ((gates + hidden_gates).tanh(),)


def _relu(gates: jt.Var, hidden_gates: jt.Var, state: State) -> State:
    return (F.relu(gates + hidden_gates),)


PLAIN = {"tanh": _tanh, "relu": _relu}
Step = Callable[[jt.Var, jt.Var, State], State]


class _RNNBase(Module):
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = dropout
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        bound, rows = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        output = proj_size or hidden_size
        for layer, suffix in self._runs():
            width = input_size if layer == 0 else output * (1 + bidirectional)
            setattr(self, f"weight_ih{suffix}", uniform((rows, width), bound))
            setattr(self, f"weight_hh{suffix}", uniform((rows, output), bound))
            if bias:
                setattr(self, f"bias_ih{suffix}", uniform((rows,), bound))
                setattr(self, f"bias_hh{suffix}", uniform((rows,), bound))
            if proj_size:
                setattr(self, f"weight_hr{suffix}", uniform((proj_size, hidden_size), bound))

    def step(self) -> Step:
        """What one step computes from the gates of the input, those of the hidden state, and the state."""
        raise NotImplementedError

    def flatten_parameters(self) -> None:
        """Nothing: PyTorch arranges memory for cuDNN here."""

    def execute(self, input: jt.Var, hx: jt.Var | State | None = None) -> tuple[jt.Var, jt.Var | State]:
        batched = input.ndim == 3
        x = input if batched else input.unsqueeze(1)
        if batched and self.batch_first:
            x = x.transpose(1, 0, 2)
        given = self._given(x, hx, batched)
        last: list[State] = []
        for layer in range(self.num_layers):
            runs = [suffix for of, suffix in self._runs() if of == layer]
            outputs = []
            for backwards, suffix in enumerate(runs):
                output, state = self._run(x, tuple(part[len(last)] for part in given), suffix, bool(backwards))
                outputs.append(output)
                last.append(state)
            x = outputs[0] if len(outputs) == 1 else jt.concat(outputs, -1)
            if self.dropout and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.is_training())
        final = tuple(jt.stack(list(parts), 0) for parts in zip(*last, strict=True))
        if not batched:
            x, final = x.squeeze(1), tuple(part.squeeze(1) for part in final)
        elif self.batch_first:
            x = x.transpose(1, 0, 2)
        return x, final if self.states > 1 else final[0]

    def _runs(self) -> list[tuple[int, str]]:
        """Layer and suffix of its parameters' names, for each run over the sequence."""
        directions = ("", "_reverse") if self.bidirectional else ("",)
        return [(layer, f"_l{layer}{direction}") for layer in range(self.num_layers) for direction in directions]

    def _given(self, x: jt.Var, hx: jt.Var | State | None, batched: bool) -> State:
        """The first state of every run, each part (runs, N, ...)."""
        if hx is None:
            widths = [self.proj_size or self.hidden_size, self.hidden_size][: self.states]
            return tuple(jt.zeros((len(self._runs()), x.shape[1], width)).cast(x.dtype) for width in widths)
        parts = (hx,) if isinstance(hx, jt.Var) else tuple(hx)
        return parts if batched else tuple(part.unsqueeze(1) for part in parts)

    def _run(self, x: jt.Var, state: State, suffix: str, backwards: bool) -> tuple[jt.Var, State]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        weight_ih, weight_hh, bias_ih, bias_hh, projection = (self.__dict__.get(f"{name}{suffix}") for name in names)
        gates = F.linear(x, weight_ih, bias_ih)
        step, outputs = self.step(), []
        order = range(x.shape[0])
        for at in reversed(order) if backwards else order:
            state = step(gates[at], F.linear(state[0], weight_hh, bias_hh), state)
            if projection is not None:
                state = (F.linear(state[0], projection), *state[1:])
            outputs.append(state[0])
        return jt.stack(outputs[::-1] if backwards else outputs, 0), state


class RNN(_RNNBase):
    """(L, N, input_size) -> (L, N, hidden_size) and the last state (runs, N, hidden_size)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        self.nonlinearity = nonlinearity

    def step(self) -> Step:
        return PLAIN[self.nonlinearity]


class LSTM(_RNNBase):
    """(L, N, input_size) -> (L, N, hidden_size) and the last states, hidden and cell."""

    gates = 4
    states = 2

    def step(self) -> Step:
        return _lstm


class GRU(_RNNBase):
    """(L, N, input_size) -> (L, N, hidden_size) and the last state."""

    gates = 3

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ):
        super().__init__(input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)

    def step(self) -> Step:
        return _gru


class _RNNCellBase(Module):
    gates: ClassVar[int] = 1
    states: ClassVar[int] = 1

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        bound, rows = 1 / math.sqrt(hidden_size), self.gates * hidden_size
        self.weight_ih = uniform((rows, input_size), bound)
        self.weight_hh = uniform((rows, hidden_size), bound)
        self.bias_ih = uniform((rows,), bound) if bias else None
        self.bias_hh = uniform((rows,), bound) if bias else None

    def advance(self, step: Step, input: jt.Var, hx: Sequence[jt.Var] | None) -> State:
        """The state after one step; without one given it starts from zeros."""
        zeros = jt.zeros((*input.shape[:-1], self.hidden_size)).cast(input.dtype)
        state = (zeros,) * self.states if hx is None else tuple(hx)
        gates = F.linear(input, self.weight_ih, self.bias_ih)
        return step(gates, F.linear(state[0], self.weight_hh, self.bias_hh), state)


class RNNCell(_RNNCellBase):
    """(N, input_size), (N, hidden_size) -> (N, hidden_size)."""

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh"):
        super().__init__(input_size, hidden_size, bias)
        self.nonlinearity = nonlinearity

    def execute(self, input: jt.Var, hx: jt.Var | None = None) -> jt.Var:
        return self.advance(PLAIN[self.nonlinearity], input, None if hx is None else (hx,))[0]


class LSTMCell(_RNNCellBase):
    """(N, input_size), two states (N, hidden_size) -> two states."""

    gates = 4
    states = 2

    def execute(self, input: jt.Var, hx: State | None = None) -> State:
        return self.advance(_lstm, input, hx)


class GRUCell(_RNNCellBase):
    """(N, input_size), (N, hidden_size) -> (N, hidden_size)."""

    gates = 3

    def execute(self, input: jt.Var, hx: jt.Var | None = None) -> jt.Var:
        return self.advance(_gru, input, None if hx is None else (hx,))[0]
