"""A `MatchResult` on the console and as JSON."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from jtmigrate.naming.match.result import MatchResult, Pair
from jtmigrate.report.numbers import printable

SCHEMA = 1

NAMES_SHOWN = 2
"""Pairs printed for a reason; the JSON file and the map hold them all."""


def print_match(result: MatchResult, console: Console) -> None:
    """How many pairs for which reason, then everything that a reader has to look at."""
    groups: dict[tuple[float, str], list[Pair]] = defaultdict(list)
    for pair in result.pairs:
        groups[pair.confidence, pair.reason].append(pair)
    table = Table("pairs", "confidence", "reason", "from -> to")
    table.columns[0].justify = table.columns[1].justify = "right"
    for (confidence, reason), pairs in sorted(groups.items(), reverse=True):
        table.add_row(str(len(pairs)), f"{confidence:.2f}", escape(reason), escape(_examples(pairs)))
    console.print(table)
    for pair in result.flagged:
        _print(console, "check", f"{pair.target} from {pair.source}: {pair.flag}")
    for ambiguity in result.ambiguous:
        candidates = ", ".join(ambiguity.candidates)
        _print(console, "ambiguous", f"{ambiguity.target} from one of {candidates} ({ambiguity.reason})")
    for name in result.unmatched_targets:
        _print(console, "nothing found for", name)
    for name in result.unmatched_sources:
        _print(console, "not used", name)


def json_text(result: MatchResult) -> str:
    """Everything in the result."""
    entries = {"schema": SCHEMA, "complete": bool(result), **asdict(result)}
    return json.dumps(entries, indent=1, ensure_ascii=False) + "\n"


def _examples(pairs: Iterable[Pair]) -> str:
    pairs = list(pairs)
    shown = [f"{pair.source} -> {pair.target}" for pair in pairs[:NAMES_SHOWN]]
    return printable(", ".join(shown)) + (", ..." if len(pairs) > NAMES_SHOWN else "")


def _print(console: Console, what: str, text: str) -> None:
    console.print(f"{what}: {escape(printable(text))}", soft_wrap=True)
