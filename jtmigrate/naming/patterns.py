r"""A renaming by regular expression that knows its way back.

The way back of `layers\.(\d+)\.` -> `blocks.\1.` is `blocks\.(\d+)\.` -> `layers.\1.`. It is derived where a pattern is
made of plain text (with `\.` for a dot), groups and anchors, and its replacement uses every group once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from jtmigrate.errors import UserError

_ANCHORS = "^$"
_SPECIAL = ".*+?{}[]|)"
_REFERENCE = re.compile(r"\\(?:(\d)|g<(\w+)>)")


class _Token(NamedTuple):
    """A piece of a pattern or a replacement: "text", "group" (the text of its brackets or its number), "anchor"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Renaming:
    r"""Replace every match of `pattern` in a name by `to`, in which `\1` or `\g<name>` stand for groups.

    back   the pattern and the replacement of the way back, where they cannot be derived
    whole  the pattern has to match the whole name

    Raises UserError if `pattern` or `to` is malformed.
    """

    pattern: str
    to: str
    back: tuple[str, str] | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern).sub(self.to, "")
        except (re.error, IndexError) as error:
            raise UserError(f"{self.pattern!r} to {self.to!r} is no regular expression: {error}") from error

    def renamed(self, name: str) -> str | None:
        """The new name, or None if the pattern does not match."""
        new, matches = self._regex.subn(self.to, name)
        return new if matches else None

    def reverse(self) -> "Renaming":
        """The way back. Raises UserError if it cannot be derived."""
        if self.back:
            return Renaming(*self.back, (self.pattern, self.to), self.whole)
        pattern, groups = _reversed(self.pattern, self.to)
        return Renaming(pattern, groups, None, self.whole)

    @cached_property
    def _regex(self) -> re.Pattern[str]:
        return re.compile(rf"\A(?:{self.pattern})\Z" if self.whole else self.pattern)


def _reversed(pattern: str, to: str) -> tuple[str, str]:
    forward = list(_pattern_tokens(pattern))
    groups = [token.text for token in forward if token.kind == "group"]
    used = [token.text for token in _template_tokens(to) if token.kind == "group"]
    numbers = [_number(reference, re.compile(pattern)) for reference in used]
    if sorted(numbers) != list(range(1, len(groups) + 1)):
        raise UserError(f"{pattern!r} to {to!r} cannot be reversed: use each group once, or give `back`")
    references = iter(numbers)
    body = "".join(
        groups[next(references) - 1] if token.kind == "group" else re.escape(token.text)
        for token in _template_tokens(to)
    )
    place = {number: place for place, number in enumerate(numbers, start=1)}
    count = iter(range(1, len(groups) + 1))
    template = "".join(
        rf"\{place[next(count)]}" if token.kind == "group" else token.text.replace("\\", r"\\")
        for token in forward
        if token.kind != "anchor"
    )
    start = "^" if forward and forward[0] == _Token("anchor", "^") else ""
    end = "$" if forward and forward[-1] == _Token("anchor", "$") else ""
    return start + body + end, template


def _number(reference: str, pattern: re.Pattern[str]) -> int:
    return int(reference) if reference.isdigit() else pattern.groupindex[reference]


def _pattern_tokens(pattern: str) -> Iterator[_Token]:
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "(":
            end = _closing(pattern, position)
            group = pattern[position : end + 1]
            if re.compile(group).groups != 1 or (group.startswith("(?") and not group.startswith("(?P<")):
                raise UserError(f"{pattern!r} cannot be reversed: {group} is no plain group; give `back`")
            yield _Token("group", group)
            position = end + 1
            continue
        if character == "\\":
            escaped = pattern[position + 1]
            if escaped.isalnum():
                raise UserError(f"{pattern!r} cannot be reversed: put \\{escaped} into a group, or give `back`")
            yield _Token("text", escaped)
            position += 2
            continue
        at_an_end = position == (0 if character == "^" else len(pattern) - 1)
        if character in _SPECIAL or (character in _ANCHORS and not at_an_end):
            hint = r"write \. for a dot" if character == "." else "put it into a group"
            raise UserError(f"{pattern!r} cannot be reversed because of {character!r}: {hint}, or give `back`")
        yield _Token("anchor" if character in _ANCHORS else "text", character)
        position += 1


def _closing(pattern: str, start: int) -> int:
    """Position of the bracket that closes the one at `start`."""
    depth, position, in_set = 0, start, False
    while True:
        character = pattern[position]
        if character == "\\":
            position += 1
        elif in_set:
            in_set = character != "]"
        elif character == "[":
            in_set = True
            # A bracket that comes first in a set is one of its members.
            position += 1 + (pattern[position + 1] == "^")
        elif character in "()":
            depth += 1 if character == "(" else -1
            if depth == 0:
                return position
        position += 1


def _template_tokens(to: str) -> Iterator[_Token]:
    position = 0
    while position < len(to):
        reference = _REFERENCE.match(to, position)
        if reference:
            yield _Token("group", reference[1] or reference[2])
            position = reference.end()
        else:
            escaped = to.startswith("\\\\", position)
            yield _Token("text", to[position])
            position += 2 if escaped else 1
