"""Remove the prefixes that training wrappers put before every name of a model.

`DistributedDataParallel` adds "module."; a Lightning task that holds its model as `self.model` adds "model.", and may
hold an averaged copy (exponential moving average, EMA) as "avg_model." beside it.
"""

from collections.abc import Collection, Iterable

from jtmigrate.errors import UserError
from jtmigrate.naming.name_map import NameMap, Source

_PARALLEL = "module."
_LIGHTNING = "model."
_AVERAGED = "avg_model."


def unwrap(names: Iterable[str], *, ema: bool = False, target: Collection[str] = ()) -> NameMap:
    """Pair every name of a file with the same name without its wrappers.

    A prefix counts as a wrapper's if all names of the file carry it and no name of `target`, the model, does. Of a
    Lightning file the trained weights are taken; with `ema`, or where there are no others, the averaged ones.
    Raises UserError if `ema` asks for averaged weights that the file does not hold.
    """
    names = list(names)
    outer = _common(names, (_PARALLEL,), target)
    branch = _branch(_without(outer, names), ema, target)
    taken = [name for name in names if name.startswith(outer + branch)]
    inner = _common(_without(outer + branch, taken), (_PARALLEL,), target) if branch else ""
    prefix = outer + branch + inner
    reason = f"prefix {prefix} removed" if prefix else "same name"
    if branch == _AVERAGED:
        reason = f"averaged (EMA) weights, {reason}"
    return NameMap(
        {name.removeprefix(prefix): Source(name, reason) for name in taken},
        {name: f"the {branch} copy is taken" for name in names if not name.startswith(outer + branch)},
    )


def _common(names: list[str], prefixes: tuple[str, ...], target: Collection[str]) -> str:
    """The first of `prefixes` that occurs, if every name carries one of them and the target none; else ""."""
    if not all(name.startswith(prefixes) for name in names) or any(name.startswith(prefixes) for name in target):
        return ""
    return next((prefix for prefix in prefixes if any(name.startswith(prefix) for name in names)), "")


def _branch(names: list[str], ema: bool, target: Collection[str]) -> str:
    """Prefix of the copy of the model that is taken; "" if the file does not come from Lightning."""
    branch = _common(names, (_AVERAGED, _LIGHTNING) if ema else (_LIGHTNING, _AVERAGED), target)
    if ema and branch != _AVERAGED:
        raise UserError(f"the file holds no averaged weights ({_AVERAGED}*): leave the request for EMA weights out")
    return branch


def _without(prefix: str, names: list[str]) -> list[str]:
    return [name.removeprefix(prefix) for name in names]
