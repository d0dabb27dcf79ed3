"""TensorBoard's event files: those of `train`, of the original NanoDet and of Lightning."""

from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

from nanodet_common.event_file import Event, read_events
from nanodet_common.plot.run import Points, Run, with_sum
from nanodet_common.plot.tags import series_name

EPOCH_TAGS = {"train/epoch": 0, "epoch": 1}
"""Tags whose values are epochs -> what has to be added to count them from 1."""
PER_EPOCH = "Val_metrics/"
"""The original counts epochs instead of steps where a tag begins with this."""


def read_event_files(paths: Sequence[Path], source: Path, name: str) -> Run:
    """A run from its event files. Raises OSError if one cannot be read."""
    events, damaged = _events(paths)
    ours = any("train/epoch" in event.values for event in events)
    starts = _epochs(events)
    points = Points()
    for event in events:
        for tag, value in event.values.items():
            if tag in EPOCH_TAGS or tag == "validation/epoch":
                continue
            if tag.startswith(PER_EPOCH):
                points.add(series_name(tag), value, epoch=event.step)
            else:
                # All others count from 0.
                step = event.step if ours else event.step + 1
                points.add(series_name(tag), value, step=step, epoch=_epoch_at(event.step, starts))
    return Run(name, str(source), "TensorBoard's events", with_sum(points.series()), damaged)


def _events(paths: Sequence[Path]) -> tuple[list[Event], int]:
    """Of a folder's files, in the order of their names, without what a later one declares void; and the damaged."""
    kept: dict[Path, list[Event]] = {}
    damaged = 0
    for path in sorted(paths, key=lambda path: (path.parent, path.name)):
        found = read_events(path.read_bytes())
        damaged += found.damaged
        events = kept.setdefault(path.parent, [])
        for event in found.events:
            if event.restarts:
                events[:] = [one for one in events if one.step < event.step]
            elif event.values:
                events.append(event)
    return [event for events in kept.values() for event in events], damaged


def _epochs(events: Sequence[Event]) -> list[tuple[int, float]]:
    """Step and epoch wherever an event tells both, by step."""
    told = {
        event.step: event.values[tag] + added
        for event in events
        for tag, added in EPOCH_TAGS.items()
        if tag in event.values
    }
    return sorted(told.items())


def _epoch_at(step: int, told: Sequence[tuple[int, float]]) -> float | None:
    index = bisect_right(told, step, key=lambda one: one[0])
    return told[index - 1][1] if index else None
