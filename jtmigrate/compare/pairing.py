"""Which call of the candidate answers to which call of the reference: the one with the same path and call number."""

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from jtmigrate.trace.record import LayerRecord, Trace
from jtmigrate.trace.structure import matching_slots

Exceptions = Iterable[tuple[str, str]]
"""(path, reason): what may stay uncompared. A path stands for everything below it too."""


class Situations(NamedTuple):
    """One call in every run that was made; None where it was not made, or has no such call."""

    reference32: LayerRecord | None
    reference64: LayerRecord | None
    candidate32: LayerRecord | None
    candidate64: LayerRecord | None
    isolated: LayerRecord | None

    @property
    def reference(self) -> LayerRecord:
        return self.reference32 or self.reference64


class Runs(NamedTuple):
    """The traces of a comparison; None for a run that was not made.

    At least one reference and one run of the candidate in the same precision are needed.

    isolated      the candidate's layers alone, on what the reference's were given
    alone         the reference's layers alone, on the same: only a backward pass needs it, because a gradient in the
                  whole run is the sum over everything that uses a value
    alone_floors  noise floors of the gradients in `alone`: call -> name -> floor
    """

    reference32: Trace | None = None
    reference64: Trace | None = None
    candidate32: Trace | None = None
    candidate64: Trace | None = None
    isolated: Trace | None = None
    alone: Trace | None = None
    alone_floors: Mapping[str, Mapping[str, float]] = MappingProxyType({})

    @property
    def reference(self) -> Trace:
        return self.reference32 or self.reference64

    @property
    def candidate(self) -> Trace | None:
        """A whole run of the candidate, in any precision; None if it was only run layer by layer."""
        return self.candidate32 or self.candidate64

    def check(self) -> None:
        """Raise ValueError unless there is something to compare."""
        pairs = (
            (self.reference32, self.candidate32),
            (self.reference64, self.candidate64),
            (self.reference32, self.isolated),
        )
        if not any(reference and candidate for reference, candidate in pairs):
            raise ValueError("compare needs a reference and a candidate that ran in the same precision")

    def situations(self, key: str) -> Situations:
        """One call in all runs."""
        runs = (self.reference32, self.reference64, self.candidate32, self.candidate64, self.isolated)
        return Situations(*(run.by_key.get(key) if run else None for run in runs))

    def pairs(self) -> Iterator[Situations]:
        """Every call of the reference, in the order in which it finished."""
        return map(self.situations, self.reference.by_key)

    def without_counterpart(self) -> Iterator[tuple[str, str]]:
        """Calls and modules that cannot be compared: (key, why), those of the reference first."""
        reference, candidate = self.reference, self.candidate or self.isolated
        for path in reference.uncalled:
            yield path, f"never called by {reference.framework}"
        known = {layer.path for layer in reference.layers} | set(reference.uncalled)
        for layer in candidate.layers:
            if layer.key not in reference.by_key:
                again = layer.path in known
                yield layer.key, f"called {'more often ' * again}by {candidate.framework} only"
        for path in candidate.uncalled:
            if path not in known:
                yield path, f"in {candidate.framework} only, and never called"


def outputs_by_name(reference: LayerRecord, record: LayerRecord | None) -> dict[str, np.ndarray | None]:
    """A record's outputs under the reference's names; empty for a run that was not made."""
    if record is None:
        return {}
    return {name: array for name, _, array in matching_slots(reference.outputs, record.outputs)}


def reason_for(path: str, exceptions: Exceptions) -> str | None:
    """The reason listed for a path or for a module that it lies in; None if there is none."""
    for listed, reason in exceptions:
        if path == listed or path.startswith(f"{listed}."):
            return reason
    return None
