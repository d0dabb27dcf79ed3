"""The only tensors of their shape in a module of that structure."""

from collections.abc import Iterator

from jtmigrate.naming.match.normalised import last_word
from jtmigrate.naming.match.side import Proposal, Side, by_key, members, module_of, proposals

REASON, CONFIDENCE = "the only one of its shape in a module of this structure", 0.6


def propose(source: Side, target: Side) -> Iterator[Proposal]:
    """Every pair of tensors of one shape and kind whose modules hold tensors of the same shapes and kinds."""
    return proposals(source, target, by_key(_signatures(source), _signatures(target)))


def _signatures(side: Side) -> dict[str, tuple]:
    kinds = {name: (last_word(name), tuple(sorted(spec.shape))) for name, spec in side.schema.items()}
    modules = {path: tuple(sorted(kinds[name] for name in names)) for path, names in members(side.schema).items()}
    return {name: (kinds[name], modules[module_of(name)]) for name in side.schema}
