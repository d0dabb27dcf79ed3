"""`torch.optim.lr_scheduler`."""

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import PARITY, Entry, Kind

_MODULE = "torch.optim.lr_scheduler."
_NONE = "Jittor has none"
_LAGS = "the rate of each epoch comes one epoch later"


def _scheduler(name: str, signature: str, differs: str, **facts: tuple[str, ...]) -> Entry:
    return Entry(
        _MODULE + name, Kind.SCHEDULER, signature, f"{PARITY}optim.lr_scheduler.{name}", differs=differs,
        proof="alignment_tests/jtmigrate/parity/test_lr_scheduler.py::test_rates_are_those_of_pytorch", **facts,
    )  # fmt: skip


ENTRIES: tuple[Entry, ...] = (
    _scheduler("LambdaLR", "optimizer, lr_lambda, last_epoch=-1", ""),
    _scheduler("MultiplicativeLR", "optimizer, lr_lambda, last_epoch=-1", _NONE),
    _scheduler("StepLR", "optimizer, step_size, gamma=0.1, last_epoch=-1", "step_size=1 drops one epoch late"),
    _scheduler("MultiStepLR", "optimizer, milestones, gamma=0.1, last_epoch=-1", "milestones 2 and 4 act at 3 and 5"),
    _scheduler("ConstantLR", "optimizer, factor=0.3333333333333333, total_iters=5, last_epoch=-1", _NONE),
    _scheduler("LinearLR",
               "optimizer, start_factor=0.3333333333333333, end_factor=1.0, total_iters=5, last_epoch=-1", _NONE),
    _scheduler("ExponentialLR", "optimizer, gamma, last_epoch=-1", _LAGS),
    _scheduler("PolynomialLR", "optimizer, total_iters=5, power=1.0, last_epoch=-1", _NONE),
    _scheduler("CosineAnnealingLR", "optimizer, T_max, eta_min=0.0, last_epoch=-1", _LAGS),
    _scheduler("CosineAnnealingWarmRestarts", "optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1", _NONE),
    _scheduler("OneCycleLR",
               "optimizer, max_lr, total_steps=None, epochs=None, steps_per_epoch=None, pct_start=0.3, "
               "anneal_strategy='cos', cycle_momentum=True, base_momentum=0.85, max_momentum=0.95, div_factor=25.0, "
               "final_div_factor=10000.0, three_phase=False, last_epoch=-1", _NONE),
    _scheduler("SequentialLR", "optimizer, schedulers, milestones, last_epoch=-1", _NONE),
    _scheduler("ChainedScheduler", "schedulers, optimizer=None", _NONE),
    _scheduler("ReduceLROnPlateau",
               "optimizer, mode='min', factor=0.1, patience=10, threshold=0.0001, threshold_mode='rel', cooldown=0, "
               "min_lr=0, eps=1e-08", "the fifth argument is verbose"),
    Entry(f"{_MODULE}LRScheduler", Kind.SCHEDULER, "optimizer, last_epoch=-1",
          f"{PARITY}optim.lr_scheduler.LRScheduler", (f"{_MODULE}_LRScheduler",),
          proof="alignment_tests/jtmigrate/parity/test_lr_scheduler.py::test_own_scheduler"),
    absent(f"{_MODULE}CyclicLR", Kind.SCHEDULER, "LambdaLR with the triangle written out"),
    absent("torch.optim.swa_utils.SWALR", Kind.SCHEDULER, "LinearLR, then a constant rate"),
)  # fmt: skip
