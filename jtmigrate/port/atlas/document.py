"""Writes an entry for the screen, and the whole atlas as docs/atlas.md."""

from collections.abc import Mapping, Sequence

from jtmigrate.port.atlas.entry import Entry, Kind, Support

_HEAD = """# The atlas of differences

What becomes of a name of PyTorch in Jittor. Written by `jtmigrate atlas --document`; `jtmigrate atlas NAME` shows one.

*Direct* names are Jittor's own and do the same, *parity* ones are in `jtmigrate.parity`, *missing* ones have no
counterpart. Everywhere in Jittor, what has no dimension in PyTorch has one of size 1, and indices are int32.

"""


def describe(entry: Entry) -> str:
    """One entry in full, as lines of text."""
    lines = [entry.torch + (f"({entry.signature})" if entry.signature else ""), f"  {entry.kind}, {_where(entry)}"]
    facts = {
        "counterpart": entry.jittor,
        "aliases": ", ".join(entry.aliases),
        "renamed": ", ".join(f"{old} -> {new}" for old, new in entry.rename.items()),
        "left out": ", ".join(entry.ignored),
        "only": "; ".join(f"{name} = {' or '.join(map(repr, values))}" for name, values in entry.only.items()),
        "written out": ", ".join(f"{name}={value!r}" for name, value in entry.explicit.items()),
        "differs": entry.differs,
        "advice": entry.advice,
        "test": entry.test or f"none: {entry.untested}",
    }
    lines.extend(f"  {name + ':':<13}{value}" for name, value in facts.items() if value)
    return "\n".join(lines)


def document(entries: Sequence[Entry]) -> str:
    """docs/atlas.md."""
    parts = [_HEAD, _coverage(entries)]
    for kind in Kind:
        rows = sorted((entry for entry in entries if entry.kind is kind), key=lambda entry: entry.torch.lower())
        if rows:
            parts.append(
                f"\n## {_title(kind)}\n\n"
                "| PyTorch | Jittor | what differs, or what to do | tested |\n|---|---|---|---|\n"
            )
            parts.extend(map(_row, rows))
    return "".join(parts)


def _coverage(entries: Sequence[Entry]) -> str:
    lines = ["| | names | direct | parity | missing | tested in both frameworks |\n|---|---|---|---|---|---|\n"]
    groups: Mapping[str, Sequence[Entry]] = {
        _title(kind): [entry for entry in entries if entry.kind is kind] for kind in Kind
    }
    for title, group in {**groups, "all": entries}.items():
        if group:
            counts = [sum(entry.support is support for entry in group) for support in Support]
            tested = sum(not entry.untested for entry in group)
            lines.append(f"| {title} | {len(group)} | {' | '.join(map(str, counts))} | {tested} |\n")
    return "".join(lines)


def _title(kind: Kind) -> str:
    return {Kind.DATA: "Data", Kind.CONTEXT: "Contexts and decorators"}.get(kind, f"{kind.value.capitalize()}s")


def _row(entry: Entry) -> str:
    names = ", ".join(f"`{name}`" for name in (entry.torch, *entry.aliases))
    counterpart = f"`{entry.jittor}`" if entry.jittor else "missing"
    remarks = " ".join(_sentence(text) for text in (entry.differs, entry.advice) if text)
    tested = f"no: {entry.untested}" if entry.untested else "yes"
    return f"| {names} | {counterpart} | {_cell(remarks)} | {_cell(tested)} |\n"


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _where(entry: Entry) -> str:
    return entry.support.value if entry.support is not Support.MISSING else "no counterpart"
