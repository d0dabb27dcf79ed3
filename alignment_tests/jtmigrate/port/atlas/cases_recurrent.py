"""Recurrent networks: several layers, both directions, states given and not, sequences with the batch first.

A state passes through every step: some twenty roundings more.
"""

from typing import Any

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

LONG = {"float32": 5e-6, "float64": 5e-13}


def _plain(*args: Any, **kwargs: Any) -> Case:
    return Case(lambda random: call(*args, **kwargs, inputs=(random.standard_normal((3, 2, 4)),)), **LONG)


def _with_state(*args: Any, runs: int, states: int, **kwargs: Any) -> Case:
    def make(random: Random) -> Call:
        state = tuple(random.standard_normal((runs, 3, 5)) for _ in range(states))
        given = state if states > 1 else state[0]
        return call(*args, **kwargs, inputs=(random.standard_normal((3, 2, 4)), given))

    return Case(make, **LONG)


def _cell(*args: Any, states: int, **kwargs: Any) -> Case:
    def make(random: Random) -> Call:
        state = tuple(random.standard_normal((3, 5)) for _ in range(states))
        return call(*args, **kwargs, inputs=(random.standard_normal((3, 4)), state if states > 1 else state[0]))

    return Case(make, **LONG)


CASES = {
    "torch.nn.RNN": (
        _plain(4, 5, 2, "relu"),
        _with_state(4, 5, runs=1, states=1, batch_first=True),
    ),
    "torch.nn.LSTM": (
        _plain(4, 5, num_layers=2, bidirectional=True),
        _with_state(4, 5, runs=1, states=2, batch_first=True, bias=False),
        Case(lambda random: call(4, 5, proj_size=3, inputs=(random.standard_normal((3, 4)),)), **LONG),
    ),
    "torch.nn.GRU": (_plain(4, 5, bidirectional=True), _with_state(4, 5, 2, runs=2, states=1, batch_first=True)),
    "torch.nn.RNNCell": (
        _cell(4, 5, states=1),
        Case(lambda random: call(4, 5, nonlinearity="relu", inputs=(random.standard_normal((3, 4)),)), **LONG),
    ),
    "torch.nn.LSTMCell": (_cell(4, 5, states=2),),
    "torch.nn.GRUCell": (_cell(4, 5, states=1, bias=False),),
}
