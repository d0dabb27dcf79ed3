"""`torch.optim`."""

from collections.abc import Mapping

from jtmigrate.port.atlas.both import absent
from jtmigrate.port.atlas.entry import PARITY, Entry, Kind

_FOR_SPEED = ("foreach", "capturable", "differentiable", "fused")
_ADAM = "params, lr=0.001, betas=(0.9, 0.999), eps=1e-08"
_DECAYED = "a parameter that the loss does not depend on is still decayed: stock AdamW took 1.0 to 0.995 in a step"
_LOOP = "; loss.backward() becomes optimizer.backward(loss)"


def _optimizer(name: str, signature: str, differs: str, only: Mapping[str, tuple[object, ...]] | None = None) -> Entry:
    named = signature.replace("*", "").replace(" ", "").split(",")
    ignored = tuple(option for option in _FOR_SPEED if any(one.startswith(f"{option}=") for one in named))
    return Entry(
        f"torch.optim.{name}", Kind.OPTIMIZER, signature, f"{PARITY}optim.{name}", ignored=ignored, only=only or {},
        advice="AdamW has the decoupled decay" if only else "", differs=differs + _LOOP,
        proof="alignment_tests/jtmigrate/parity/test_optim.py::test_steps",
    )  # fmt: skip


ENTRIES: tuple[Entry, ...] = (
    _optimizer("SGD", "params, lr=0.001, momentum=0, dampening=0, weight_decay=0, nesterov=False, *, maximize=False, "
               "foreach=None, differentiable=False, fused=None",
               "the fourth argument of jt.optim.SGD is the decay; dampening damps the first step too"),
    _optimizer("Adam", f"{_ADAM}, weight_decay=0, amsgrad=False, *, foreach=None, maximize=False, capturable=False, "
               "differentiable=False, fused=None, decoupled_weight_decay=False",
               "the third argument of jt.optim.Adam is eps; bias correction counts calls of backward, not steps",
               {"decoupled_weight_decay": (False,)}),
    _optimizer("AdamW", f"{_ADAM}, weight_decay=0.01, amsgrad=False, *, maximize=False, foreach=None, "
               "capturable=False, differentiable=False, fused=None",
               f"jt.optim.AdamW decays by 0 unless told otherwise, not by 0.01; {_DECAYED}"),
    _optimizer("RMSprop", "params, lr=0.01, alpha=0.99, eps=1e-08, weight_decay=0, momentum=0, centered=False, "
               "capturable=False, foreach=None, maximize=False, differentiable=False",
               "the third argument of jt.optim.RMSprop is eps; it has neither decay nor momentum"),
    _optimizer("Adagrad", "params, lr=0.01, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10, "
               "foreach=None, *, maximize=False, differentiable=False, fused=None", "Jittor has none"),
    _optimizer("Adadelta", "params, lr=1.0, rho=0.9, eps=1e-06, weight_decay=0, foreach=None, *, capturable=False, "
               "maximize=False, differentiable=False", "Jittor has none"),
    _optimizer("Adamax", "params, lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, foreach=None, *, "
               "maximize=False, differentiable=False, capturable=False", "Jittor has none"),
    _optimizer("NAdam", "params, lr=0.002, betas=(0.9, 0.999), eps=1e-08, weight_decay=0, momentum_decay=0.004, "
               "decoupled_weight_decay=False, *, foreach=None, maximize=False, capturable=False, differentiable=False",
               "Jittor has none"),
    _optimizer("RAdam", f"{_ADAM}, weight_decay=0, decoupled_weight_decay=False, *, foreach=None, maximize=False, "
               "capturable=False, differentiable=False", "Jittor has none"),
    Entry("torch.optim.Optimizer", Kind.OPTIMIZER, "params, defaults", "jittor.optim.Optimizer",
          only={"defaults": ({},)}, untested="a base class",
          advice="derive from jt.optim.Optimizer: step() goes over the groups' params and grads",
          differs="param_groups hold params, grads and state; a rate stands there only if the group has its own"),
    absent("torch.optim.LBFGS", Kind.OPTIMIZER, "scipy.optimize.minimize(method='L-BFGS-B') with jt.grad"),
    absent("torch.optim.ASGD", Kind.OPTIMIZER, "optim.SGD, and average the parameters yourself"),
    absent("torch.optim.Rprop", Kind.OPTIMIZER, "derive from jt.optim.Optimizer"),
    absent("torch.optim.SparseAdam", Kind.OPTIMIZER, "optim.Adam: Jittor's gradients are dense"),
    absent("torch.optim.swa_utils.AveragedModel", Kind.OPTIMIZER, "keep a copy of the state dict and average into it"),
)  # fmt: skip
