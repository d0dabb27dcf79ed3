"""Which Vars a gradient comes past: those that require one in torch."""

import jittor as jt

from jtmigrate.frameworks.jittor_variables import number, trained_by


class Double(jt.Function):
    """A gradient of its own, in one operator over several."""

    def execute(self, x):
        return x + x

    def grad(self, gradient):
        return gradient + gradient


def test_trained_by():
    weight, target = jt.randn(3), jt.randn(3)
    hidden = Double()(weight * 2)
    largest, _ = hidden.argmax(0)
    passed = {"hidden": hidden, "loss": (hidden * hidden.detach() - target).sqr().sum()}
    not_passed = {
        "target": target,
        "of the target": target * 2,
        "detached": hidden.detach() * 2,
        "chosen by an index": target[largest] * 2,
        "chosen by a comparison": (hidden > 0).float32() * 2,
    }
    reached = trained_by([weight])
    assert number(weight) in reached
    assert [name for name, var in passed.items() if number(var) not in reached] == []
    assert [name for name, var in not_passed.items() if number(var) in reached] == []
