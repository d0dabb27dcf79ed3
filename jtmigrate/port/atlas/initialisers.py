"""`torch.nn.init`. The old names without the underscore are aliases."""

from jtmigrate.port.atlas.entry import PARITY, Entry, Kind

_TESTS = "alignment_tests/jtmigrate/parity/test_init.py::"
_SEED = {"only": {"generator": (None,)}, "advice": "Jittor has one generator: call jt.set_global_seed"}


def _exact(name: str, signature: str, *aliases: str, **facts: str) -> Entry:
    return _initialiser(name, signature, aliases, proof=f"{_TESTS}test_fixed_values", **facts)


def _random(name: str, signature: str, *aliases: str, **facts: str) -> Entry:
    return _initialiser(
        name, f"{signature}, generator=None", aliases, proof=f"{_TESTS}test_distribution", **_SEED, **facts
    )


def _initialiser(name: str, signature: str, aliases: tuple[str, ...], **facts: object) -> Entry:
    full = tuple(f"torch.nn.init.{alias}" for alias in aliases)
    return Entry(f"torch.nn.init.{name}", Kind.INITIALISER, signature, f"{PARITY}init.{name}", full, **facts)


ENTRIES: tuple[Entry, ...] = (
    _exact("constant_", "tensor, val", "constant", rename={"val": "value"}),
    _exact("ones_", "tensor"),
    _exact("zeros_", "tensor"),
    _exact("eye_", "tensor", "eye"),
    _exact("dirac_", "tensor, groups=1", "dirac"),
    _exact("calculate_gain", "nonlinearity, param=None"),
    _random("uniform_", "tensor, a=0.0, b=1.0", "uniform"),
    _random("normal_", "tensor, mean=0.0, std=1.0", "normal", differs="Jittor's name is jt.init.gauss_"),
    _random("trunc_normal_", "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0"),
    _random("xavier_uniform_", "tensor, gain=1.0", "xavier_uniform"),
    _random("xavier_normal_", "tensor, gain=1.0", "xavier_normal", differs="Jittor's name is jt.init.xavier_gauss_"),
    _random("kaiming_uniform_", "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu'", "kaiming_uniform"),
    _random("kaiming_normal_", "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu'", "kaiming_normal"),
    _random("orthogonal_", "tensor, gain=1", "orthogonal"),
    _random("sparse_", "tensor, sparsity, std=0.01", "sparse"),
)  # fmt: skip
