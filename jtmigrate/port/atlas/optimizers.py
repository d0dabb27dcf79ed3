"""`torch.optim`."""

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import PARITY, Entry, Kind

_PROOF = "alignment_tests/jtmigrate/parity/test_optim.py::"
_STEPS = f"{_PROOF}test_steps_equal_those_of_pytorch"
_IGNORED = ("foreach", "capturable", "differentiable", "fused")
_SWITCHES = "maximize=False, foreach=None, capturable=False, differentiable=False, fused=None"
_DECAYED = "a parameter that the loss does not depend on still decays: freeze it with stop_grad()"
_ADAM = f"params, lr=0.001, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, amsgrad=False, *, {_SWITCHES}"
_LIKE_ADAM = "ops in the update rule are few: derive from jtmigrate.parity.optim.Adam and change _update"


def _optimizer(name: str, signature: str, **facts: str) -> Entry:
    return Entry(
        f"torch.optim.{name}", Kind.OPTIMIZER, signature, f"{PARITY}optim.{name}", ignored=_IGNORED, proof=_STEPS, **facts
    )


ENTRIES: tuple[Entry, ...] = (
)
