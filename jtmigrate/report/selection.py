"""Which of thousands of rows are worth printing."""

from collections.abc import Iterable
from typing import NamedTuple

from jtmigrate.compare.result import DiffResult, DriftPoint, LayerResult, QuantityResult, Verdict
from jtmigrate.report.rows import in_order, inherits, is_good, worst_first

WORST_SHOWN = 5
OWN_SHOWN = 8
INHERITED_SHOWN = 2
GOOD_SHOWN = 3
POINTS_SHOWN = 12


class Selection(NamedTuple):
    """The layers worth printing, and how many were left out: only inheriting an error, and in good order."""

    shown: list[LayerResult]
    hidden_inherited: int
    hidden_good: int


class QuantityGroup(NamedTuple):
    """Quantities of one kind, outside of training steps or in them."""

    kind: str
    in_training: bool
    members: list[QuantityResult]

    @property
    def name(self) -> str:
        """`parameter gradient`, `parameter gradient in training`."""
        return f"{self.kind} in training" if self.in_training else self.kind


class QuantitySelection(NamedTuple):
    """The quantities worth printing, and how many were left out: to blame, inheriting, in good order."""

    shown: list[QuantityResult]
    hidden_faults: int
    hidden_inherited: int
    hidden_good: int


def select_notable(result: DiffResult) -> Selection:
    """Every layer that asks for attention, in order, and the worst few of the others.

    After one wrong layer, all that follow differ. Those that are in order by themselves are only counted:
    three hundred red lines would hide the one that matters.
    """
    inherited = [layer for layer in result.layers if inherits(layer, result)]
    good = [layer for layer in result.layers if is_good(layer)]
    shown_good = worst_first(good, result)[:WORST_SHOWN]
    left_out = {id(layer) for layer in inherited + good} - {id(layer) for layer in shown_good}
    shown = [layer for layer in result.layers if id(layer) not in left_out]
    return Selection(in_order(shown), len(inherited), len(good) - len(shown_good))


def group_quantities(quantities: Iterable[QuantityResult]) -> list[QuantityGroup]:
    """By kind, those outside of training first; in the order in which they were computed."""
    groups: dict[tuple[bool, str], list[QuantityResult]] = {}
    for quantity in quantities:
        groups.setdefault((quantity.step is not None, quantity.kind), []).append(quantity)
    ordered = sorted(groups.items(), key=lambda item: item[0][0])
    return [QuantityGroup(kind, in_training, members) for (in_training, kind), members in ordered]


def select_quantities(result: DiffResult) -> QuantitySelection:
    """The first fault, of every kind some that are to blame themselves and a few that inherit, the worst few others."""
    shown: list[QuantityResult] = []
    faults = inherited = 0
    for group in group_quantities(result.quantities):
        passed_on = [row for row in group.members if inherits(row, result)]
        bad = [row for row in group.members if not (_is_settled(row) or inherits(row, result))]
        bad = sorted(worst_first(bad, result), key=lambda row: not _is_first_fault(row, result))
        shown += bad[:OWN_SHOWN] + passed_on[:INHERITED_SHOWN]
        faults, inherited = faults + len(bad), inherited + len(passed_on)
    good = [row for row in result.quantities if _is_settled(row)]
    shown_good = worst_first(good, result)[:GOOD_SHOWN]
    return QuantitySelection(
        shown=sorted(shown, key=lambda row: not _is_first_fault(row, result)) + shown_good,
        hidden_faults=faults - sum(not inherits(row, result) for row in shown),
        hidden_inherited=inherited - sum(inherits(row, result) for row in shown),
        hidden_good=len(good) - len(shown_good),
    )


def _is_settled(row: QuantityResult) -> bool:
    """In good order, or explained by rounding: there can be hundreds of such updates of parameters."""
    return is_good(row) or (row.verdict is Verdict.ROUNDING and not row.nonfinite)


def _is_first_fault(row: QuantityResult, result: DiffResult) -> bool:
    return result.first_fault is not None and row.key == result.first_fault.key


def select_points(drift: tuple[DriftPoint, ...]) -> tuple[DriftPoint, ...]:
    """Few enough to print, evenly spread, the first and the last among them."""
    last = len(drift) - 1
    wanted = sorted({round(number * last / (POINTS_SHOWN - 1)) for number in range(POINTS_SHOWN)})
    return tuple(drift[number] for number in wanted) if drift else ()
