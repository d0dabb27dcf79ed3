"""The same name."""

from collections.abc import Iterator

from jtmigrate.naming.match.side import Proposal, Side, proposals

REASON, CONFIDENCE = "same name", 1.0


def propose(source: Side, target: Side) -> Iterator[Proposal]:
    """Every target name that is a source name."""
    return proposals(source, target, ((name, name) for name in target.schema if name in source.schema))
