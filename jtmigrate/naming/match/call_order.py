"""The same place in the order in which modules are called."""

from collections.abc import Iterator

from jtmigrate.naming.match.normalised import last_word
from jtmigrate.naming.match.side import Proposal, Side, members, proposals, within_modules

REASON, CONFIDENCE = "called at the same place", 0.8


def propose(source: Side, target: Side) -> Iterator[Proposal]:
    """If both models call equally many modules with tensors left to match, of the same shapes one by one: those."""
    olds, news = _called(source), _called(target)
    if len(olds) != len(news):
        return
    if any(_shapes(source, old) != _shapes(target, new) for old, new in zip(olds, news, strict=True)):
        return
    words = {name: last_word(name) for side in (source, target) for name in side.schema}
    yield from proposals(source, target, within_modules(source, target, zip(olds, news, strict=True), words))


def _called(side: Side) -> list[str]:
    """Modules with tensors of their own, in the order of their first call."""
    own = members(side.schema)
    layers = side.trace.layers if side.trace else ()
    return list(dict.fromkeys(layer.path for layer in layers if layer.path in own))


def _shapes(side: Side, module: str) -> list[tuple[int, ...]]:
    """Whatever the order of axes."""
    return sorted(tuple(sorted(side.schema[name].shape)) for name in members(side.schema)[module])
