"""Rules as a TOML file: one `[[rule]]` a rule, in order. What each may hold is in docs/mapping.md."""

import json
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import tomllib

from jtmigrate.checkpoint.model import DTYPES
from jtmigrate.errors import UserError
from jtmigrate.files import write_text
from jtmigrate.naming.patterns import Renaming
from jtmigrate.naming.rules.cast import Cast
from jtmigrate.naming.rules.prefix import Prefix
from jtmigrate.naming.rules.rename import Rename
from jtmigrate.naming.rules.rule import Rule
from jtmigrate.naming.rules.split import Concatenate, Split
from jtmigrate.naming.rules.transpose import Transpose

READY = Path(__file__).parent.parent / "ready"
"""Folder of the rules that come with the toolkit."""


def ready_names() -> tuple[str, ...]:
    """Names of the rules that come with the toolkit."""
    return tuple(sorted(path.stem for path in READY.glob("*.toml")))


def find_rules(name_or_path: str) -> tuple[Rule, ...]:
    """Rules that come with the toolkit, by name, or those of a file. Raises UserError if there are none."""
    if name_or_path in ready_names():
        return read_rules(READY / f"{name_or_path}.toml")
    if not Path(name_or_path).exists():
        raise UserError(f"{name_or_path}: no such file, and no ready rules; those are {', '.join(ready_names())}")
    return read_rules(name_or_path)


def read_rules(path: str | PathLike[str]) -> tuple[Rule, ...]:
    """Raises UserError if the file cannot be read or a rule is malformed."""
    try:
        entries = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path}: not a TOML file: {error}") from error
    rules = entries.get("rule")
    if not isinstance(rules, list) or len(entries) > 1:
        raise UserError(f"{path}: a rules file holds [[rule]] tables and nothing else")
    return tuple(_rule(rule, f"{path}: rule {number}") for number, rule in enumerate(rules, start=1))


def rules_text(rules: Sequence[Rule]) -> str:
    """What `read_rules` reads."""
    return "\n".join(f"[[rule]]\n{_lines(rule)}" for rule in rules)


def write_rules(path: str | PathLike[str], rules: Sequence[Rule]) -> None:
    """Write `rules_text` atomically. Raises UserError if the place cannot be written to."""
    write_text(path, rules_text(rules))


def _lines(rule: Rule) -> str:
    entries = rule.entries() | ({"optional": True} if rule.optional else {})
    return "".join(f"{key} = {_toml(value)}\n" for key, value in entries.items())


def _toml(value: Any) -> str:
    if isinstance(value, str):
        # Patterns are full of backslashes, which a literal string does not double.
        literal = "'" not in value and value.isprintable()
        # A JSON string is a TOML one, but for the one character that JSON leaves as it is.
        return f"'{value}'" if literal else json.dumps(value).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _rule(entries: Any, where: str) -> Rule:
    kinds = [kind for kind in KINDS if isinstance(entries, dict) and kind in entries]
    if len(kinds) != 1:
        raise UserError(f"{where}: needs one of {', '.join(KINDS)}")
    make, forms = KINDS[kinds[0]]
    forms = {**forms, "optional": (bool, False)}
    for key in entries:
        if key not in forms:
            raise UserError(f"{where}: {kinds[0]} has no {key}; it has {', '.join(forms)}")
    for key, (form, default) in forms.items():
        if key not in entries and default is None:
            raise UserError(f"{where}: {kinds[0]} needs {key}")
        if key in entries and not _has_form(entries[key], form):
            raise UserError(f"{where}: {key} = {entries[key]!r} is no {_WORDS[form]}")
    values = {key: entries.get(key, default) for key, (_, default) in forms.items()}
    try:
        return make(values)
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _has_form(value: Any, form: Any) -> bool:
    if form in (str, bool, int):
        return type(value) is form and (form is not int or value >= 0)
    return isinstance(value, list) and all(_has_form(member, form[0]) for member in value)


_WORDS = {str: "text", bool: "true or false", int: "number from 0", (str,): "list of texts", (int,): "list of numbers"}


def _rename(values: Mapping[str, Any]) -> Rule:
    if values["back"] and len(values["back"]) != 2:
        raise UserError("back is a list of a pattern and what replaces it")
    renaming = Renaming(values["rename"], values["to"], tuple(values["back"]) or None)
    renaming.reverse()
    return Rename(renaming, optional=values["optional"])


def _prefix(values: Mapping[str, Any]) -> Rule:
    if values["rest"] not in ("refuse", "drop"):
        raise UserError(f'rest is "refuse" or "drop", not {values["rest"]!r}')
    return Prefix(values["prefix"], values["to"], values["rest"], optional=values["optional"])


def _split(values: Mapping[str, Any]) -> Rule:
    parts = tuple(Renaming(values["split"], to, whole=True) for to in values["into"])
    rule = Split(parts, *_layout(values, len(parts)), optional=values["optional"])
    rule.reverse()
    return rule


def _concatenate(values: Mapping[str, Any]) -> Rule:
    parts = tuple(Renaming(pattern, values["into"], whole=True) for pattern in values["concatenate"])
    rule = Concatenate(parts, *_layout(values, len(parts)), optional=values["optional"])
    rule.reverse()
    return rule


def _layout(values: Mapping[str, Any], parts: int) -> tuple[int, tuple[int, ...]]:
    if parts < 2:
        raise UserError("needs two parts at least")
    if values["sizes"] and len(values["sizes"]) != parts:
        raise UserError(f"has {parts} parts, but {len(values['sizes'])} sizes")
    if 0 in values["sizes"]:
        raise UserError("a part of size 0 holds nothing")
    return values["axis"], tuple(values["sizes"])


def _transpose(values: Mapping[str, Any]) -> Rule:
    if sorted(values["axes"]) != list(range(len(values["axes"]))):
        raise UserError(f"axes = {values['axes']} is no order of axes such as [1, 0]")
    return Transpose(matching(values["transpose"]), tuple(values["axes"]), optional=values["optional"])


def _cast(values: Mapping[str, Any]) -> Rule:
    for key in ("from", "to"):
        if values[key] not in DTYPES:
            raise UserError(f"{key} = {values[key]!r} is no dtype; known: {', '.join(DTYPES)}")
    if np.dtype(values["from"]).kind != np.dtype(values["to"]).kind:
        raise UserError(f"a cast from {values['from']} to {values['to']} changes what the numbers mean")
    return Cast(matching(values["cast"]), values["from"], values["to"], optional=values["optional"])


def matching(pattern: str) -> Renaming:
    """Whole names that match a pattern, unchanged."""
    return Renaming(pattern, r"\g<0>", whole=True)


_Forms = Mapping[str, tuple[Any, Any]]
KINDS: dict[str, tuple[Callable[[Mapping[str, Any]], Rule], _Forms]] = {
    "rename": (_rename, {"rename": (str, None), "to": (str, None), "back": ((str,), [])}),
    "prefix": (_prefix, {"prefix": (str, None), "to": (str, ""), "rest": (str, "refuse")}),
    "split": (_split, {"split": (str, None), "into": ((str,), None), "axis": (int, 0), "sizes": ((int,), [])}),
    "concatenate": (
        _concatenate,
        {"concatenate": ((str,), None), "into": (str, None), "axis": (int, 0), "sizes": ((int,), [])},
    ),
    "transpose": (_transpose, {"transpose": (str, None), "axes": ((int,), None)}),
    "cast": (_cast, {"cast": (str, None), "from": (str, None), "to": (str, None)}),
}
"""Kind of rule -> what makes it, and its keys with form and default; without a default (None) a key is needed."""
