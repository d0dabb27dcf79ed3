"""What all optimizers of this package share: how they step."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import jittor as jt


class Update(NamedTuple):
    """A parameter, its gradient, and what the optimizer keeps for it."""

    param: jt.Var
    gradient: jt.Var
    state: dict[str, Any]


class Steps:
    """How all of them step.

    State stays where stock Jittor has it: `group["values"][i]`, and `group["m"][i]` for Adam. Beside it stands
    `group["steps"][i]`, the number of steps that parameter i has been through: PyTorch counts them for each.
    """

    _options: tuple[str, ...]
    _state: tuple[tuple[str, str], ...]
    """Key of a list in a group, and the option without which it is not needed, "" if it always is."""

    def _prepare(self, options: Mapping[str, Any]) -> None:
        for name, value in options.items():
            setattr(self, name, value)
        for group in self.param_groups:
            self._allocate(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Step these parameters too; options that `group` does not hold are the optimizer's."""
        self._allocate(group)
        self.param_groups.append(group)

    def backward(self, loss: jt.Var, retain_graph: bool = False) -> None:
        """Add the gradients of `loss` to those of the calls since the last step."""
        steps = self.n_step
        super().backward(loss, retain_graph)
        self.n_step = steps

    def step(self, loss: jt.Var | None = None, retain_graph: bool = False) -> None:
        """Update every parameter from the gradients of the last `backward`, or of `loss` if it is given."""
        self.pre_step(loss, retain_graph)
        self.n_step += 1
        for group in self.param_groups:
            self._allocate(group)
            options = self.options(group)
            updates = []
            for index, (param, gradient) in enumerate(zip(group["params"], group["grads"], strict=True)):
                if not param.is_stop_grad():
                    group["steps"][index] += 1
                    state = {key: group[key][index] for key in ("steps", *dict(self._state)) if key in group}
                    updates.append(Update(param, -gradient if options["maximize"] else gradient, state))
            self._update_all(updates, options)
        self.post_step()

    def _update_all(self, updates: Sequence["Update"], options: Mapping[str, Any]) -> None:
        for update in updates:
            self._update(*update, options)

    def options(self, group: Mapping[str, Any]) -> dict[str, Any]:
        """What holds for the parameters of a group: its own options, else the optimizer's."""
        return {name: group.get(name, getattr(self, name)) for name in self._options}

    def _allocate(self, group: dict[str, Any]) -> None:
        group["params"] = list(group["params"])
        group.setdefault("steps", [0] * len(group["params"]))
        options = self.options(group)
        for key, option in self._state:
            if key not in group and (not option or options[option]):
                group[key] = [jt.zeros(param.shape, param.dtype).stop_grad() for param in group["params"]]


def as_groups(params: Iterable[Any]) -> list[Any]:
    """A list of parameters, or of groups that hold lists: Jittor takes no iterators."""
    return [{**group, "params": list(group["params"])} if isinstance(group, dict) else group for group in params]
