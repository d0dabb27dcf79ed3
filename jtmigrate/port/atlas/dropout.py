"""Dropout."""

from jtmigrate.port.atlas.entry import Entry, Kind

ENTRIES = (
    Entry(
        "torch.nn.Dropout",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.Dropout",
        differs="drops nothing until model.train() is called; no inplace",
    ),
    Entry(
        "torch.nn.Dropout1d",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.Dropout1d",
    ),
    Entry(
        "torch.nn.Dropout2d",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.Dropout2d",
    ),
    Entry(
        "torch.nn.Dropout3d",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.Dropout3d",
    ),
    Entry(
        "torch.nn.AlphaDropout",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.AlphaDropout",
    ),
    Entry(
        "torch.nn.FeatureAlphaDropout",
        Kind.MODULE,
        "p=0.5, inplace=False",
        "jtmigrate.parity.nn.FeatureAlphaDropout",
    ),
    Entry(
        "torch.nn.functional.dropout",
        Kind.FUNCTION,
        "input, p=0.5, training=True, inplace=False",
        "jtmigrate.parity.functional.dropout",
        differs="jittor.nn.dropout(x) drops nothing: is_train is False by default",
    ),
    Entry(
        "torch.nn.functional.dropout1d",
        Kind.FUNCTION,
        "input, p=0.5, training=True, inplace=False",
        "jtmigrate.parity.functional.dropout1d",
    ),
    Entry(
        "torch.nn.functional.dropout2d",
        Kind.FUNCTION,
        "input, p=0.5, training=True, inplace=False",
        "jtmigrate.parity.functional.dropout2d",
    ),
    Entry(
        "torch.nn.functional.dropout3d",
        Kind.FUNCTION,
        "input, p=0.5, training=True, inplace=False",
        "jtmigrate.parity.functional.dropout3d",
    ),
    Entry(
        "torch.nn.functional.alpha_dropout",
        Kind.FUNCTION,
        "input, p=0.5, training=False, inplace=False",
        "jtmigrate.parity.functional.alpha_dropout",
    ),
    Entry(
        "torch.nn.functional.feature_alpha_dropout",
        Kind.FUNCTION,
        "input, p=0.5, training=False, inplace=False",
        "jtmigrate.parity.functional.feature_alpha_dropout",
    ),
)
