"""What the matchers found, and the rules file that it becomes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

from jtmigrate.allowances import jittor_lacks
from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.rename import Rename
from jtmigrate.naming.rules.rule import Rule
from jtmigrate.naming.rules.toml import matching, rules_text
from jtmigrate.naming.rules.transpose import Transpose


@dataclass(frozen=True)
class Pair:
    """A target name and what it is filled from.

    reason      which matcher said so
    confidence  from 0 to 1: how often such a reason is right
    axes        order of axes that makes the source fit; () for as it is
    flag        what a reader should check; "" for nothing
    """

    source: str
    target: str
    reason: str
    confidence: float
    axes: tuple[int, ...] = ()
    flag: str = ""


@dataclass(frozen=True)
class Ambiguity:
    """A target name for which several sources are as good as each other, or one is as good for several targets."""

    target: str
    candidates: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class MatchResult:
    """True in a boolean context when every tensor has its counterpart, counters of batches aside."""

    pairs: tuple[Pair, ...]
    ambiguous: tuple[Ambiguity, ...]
    unmatched_targets: tuple[str, ...]
    unmatched_sources: tuple[str, ...]

    def __bool__(self) -> bool:
        left = (*self.unmatched_targets, *self.unmatched_sources)
        return not self.ambiguous and all(map(jittor_lacks, left))

    @property
    def flagged(self) -> tuple[Pair, ...]:
        """Pairs that a reader should check."""
        return tuple(pair for pair in self.pairs if pair.flag)

    def rules(self) -> tuple[Rule, ...]:
        """The pairs as rules, for `apply_rules`; names without a pair are left as they are."""
        return tuple(rule for _, rule in self._commented_rules())

    def toml(self) -> str:
        """The rules as a file to be read, edited and used: reasons and what is open stand in comments."""
        parts = [f"# {comment}\n{rules_text([rule])}" for comment, rule in self._commented_rules()]
        # A file without a single rule says so.
        open_ends = [] if parts else ["rule = []\n"]
        open_ends += [
            f"# ambiguous: {_line(a.target)} from one of {', '.join(map(_line, a.candidates))} ({a.reason})\n"
            for a in self.ambiguous
        ]
        open_ends += [f"# nothing found for {_line(name)}\n" for name in self.unmatched_targets]
        open_ends += [f"# not used: {_line(name)}\n" for name in self.unmatched_sources]
        return "\n".join([*parts, "".join(open_ends)])

    def _commented_rules(self) -> Iterator[tuple[str, Rule]]:
        for old, new, comment in _renames(self.pairs, self.unmatched_sources):
            pattern = Renaming(f"^{re.escape(old)}$", new.replace("\\", r"\\"))
            yield comment, Rename(pattern)
        for pair in self.pairs:
            if pair.axes:
                yield _comment(pair), Transpose(matching(re.escape(pair.target)), pair.axes)


def _renames(pairs: tuple[Pair, ...], others: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Old name, new name and comment, in an order in which no two tensors ever have one name.

    A name that is needed is first cleared of an unused tensor; circles go by a spare name.
    """
    moves = {pair.source: pair for pair in pairs if pair.source != pair.target}
    taken = {*others, *(pair.source for pair in pairs)}
    for name in sorted({pair.target for pair in moves.values()} & set(others)):
        spare = _spare(name, taken)
        taken = taken - {name} | {spare}
        yield name, spare, "not used, and in the way"
    while moves:
        old = next((old for old, pair in moves.items() if pair.target not in taken), None)
        if old is None:
            old = next(iter(moves))
            spare = _spare(old, taken)
            taken = taken - {old} | {spare}
            moves[spare] = moves.pop(old)
            yield old, spare, "out of the way of another name"
        else:
            pair = moves.pop(old)
            taken = taken - {old} | {pair.target}
            yield old, pair.target, _comment(pair)


def _spare(name: str, taken: set[str]) -> str:
    return next(spare for number in count(1) if (spare := f"{name}~{number}") not in taken)


def _comment(pair: Pair) -> str:
    return f"{pair.confidence:.2f} {pair.reason}{'; ' + pair.flag if pair.flag else ''}"


def _line(name: str) -> str:
    """On one line, whatever it holds."""
    return repr(name)[1:-1]
