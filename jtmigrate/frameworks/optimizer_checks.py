"""Whether an `OptimizerState` fits an optimizer: the same checks for every framework."""

from collections.abc import Mapping, Sequence

import numpy as np

from jtmigrate.errors import UserError
from jtmigrate.naming.cast import lossless_cast
from jtmigrate.trace.optimizer import OptimizerState, slots_of

_NAMES_SHOWN = 3


def check_fits(
    state: OptimizerState, kind: str, groups: Sequence[Sequence[str]], shapes: Mapping[str, tuple[int, ...]]
) -> None:
    """Raise UserError unless `state` is of an optimizer of this kind with these parameters in these groups.

    groups  names of the optimizer's own parameters, group by group
    shapes  name -> shape of the parameter
    """
    if state.kind != kind:
        raise UserError(f"the state is of {state.kind}, the optimizer is {kind}: make an optimizer of the same kind")
    if len(groups) != len(state.groups):
        raise UserError(f"the state has {len(state.groups)} parameter groups, the optimizer {len(groups)}")
    for number, (own, source) in enumerate(zip(groups, state.groups, strict=True)):
        _check_names(f"parameter group {number}", source.names, own)
    strangers = [name for name in state.slots if name not in shapes]
    if strangers:
        raise UserError(f"the state holds slots of {strangers[0]}, which is in none of its parameter groups")
    for source in state.groups:
        for name in source.names:
            if name in state.slots:
                _check_slots(name, state.slots[name], slots_of(kind, source.options), shapes[name])


def fitted(name: str, arrays: Mapping[str, np.ndarray], dtype: str) -> dict[str, np.ndarray]:
    """The slots of one parameter with moments in its dtype. Raises UserError if that would change a value."""
    cast = {slot: array if slot == "step" else lossless_cast(array, dtype) for slot, array in arrays.items()}
    for slot, array in cast.items():
        if array is None:
            found = arrays[slot].dtype.name
            raise UserError(f"{slot} of {name} is {found} and loses digits in the parameter's {dtype}: cast it first")
    return cast


def _check_names(where: str, found: Sequence[str], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in set(found)]
    unexpected = [name for name in found if name not in set(expected)]
    complaints = [
        f"{len(names)} {what} ({', '.join(names[:_NAMES_SHOWN])}{', ...' if len(names) > _NAMES_SHOWN else ''})"
        for what, names in (("missing from the state", missing), ("not in the optimizer", unexpected))
        if names
    ]
    if complaints:
        raise UserError(f"{where} has other parameters: {'; '.join(complaints)}")


def _check_slots(name: str, arrays: Mapping[str, np.ndarray], expected: Sequence[str], shape: tuple[int, ...]) -> None:
    lacking = [slot for slot in expected if slot not in arrays]
    if lacking:
        raise UserError(f"the state of {name} lacks {', '.join(lacking)}; it has {', '.join(arrays)}")
    for slot, array in arrays.items():
        if slot != "step" and (array.shape or (1,)) != (shape or (1,)):
            raise UserError(f"{slot} of {name} has shape {array.shape}, the parameter {shape}")
