"""Activations: modules and functions."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.ReLU",
        Kind.MODULE,
        "inplace=False",
        "jittor.nn.ReLU",
        ignored=("inplace",),
        differs="ReLU(inplace=True) raises TypeError; NaN becomes 0",
    ),
)
