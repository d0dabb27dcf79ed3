"""Recurrent networks."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.RNN",
        Kind.MODULE,
        (
            'input_size, hidden_size, num_layers=1, nonlinearity="tanh", bias=True, batch_first=False, '
            "dropout=0.0, bidirectional=False, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.RNN",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LSTM",
        Kind.MODULE,
        (
            "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
            "bidirectional=False, proj_size=0, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.LSTM",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.GRU",
        Kind.MODULE,
        (
            "input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, "
            "bidirectional=False, device=None, dtype=None"
        ),
        "jtmigrate.parity.nn.GRU",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.RNNCell",
        Kind.MODULE,
        'input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None',
        "jtmigrate.parity.nn.RNNCell",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.LSTMCell",
        Kind.MODULE,
        "input_size, hidden_size, bias=True, device=None, dtype=None",
        "jtmigrate.parity.nn.LSTMCell",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
    Entry(
        "torch.nn.GRUCell",
        Kind.MODULE,
        "input_size, hidden_size, bias=True, device=None, dtype=None",
        "jtmigrate.parity.nn.GRUCell",
        ignored=("device",),
        only={"dtype": (None,)},
        advice="make it without dtype and call .to(dtype)",
    ),
)
