"""Explains rules: one on the screen, all as docs/lint.md."""

from collections.abc import Sequence

from jtmigrate.port.lint.rule import Rule

_HEAD = """# Lint

`jtmigrate lint PATH...` reads PyTorch code, and Jittor code that was ported by hand, and reports what computes
something else in Jittor without an error. Written by `jtmigrate lint --document`; `jtmigrate lint --explain JT001`
shows one rule.

Exit code 0 if nothing is found, 1 if something is, 2 if the input is unusable. `--select` and `--ignore` take ids or
their beginnings, `--format` is `text`, `json` or `sarif`. A comment `# noqa: JT001` excuses its line from a rule,
`# noqa` from all.

Only what is known to be a tensor is looked at: results of Jittor's functions and layers, parameters annotated `jt.Var`,
those of `execute`, attributes that hold one. What cannot be told is not reported.

| rule | | |
|---|---|---|
"""


def document(rules: Sequence[Rule]) -> str:
    """docs/lint.md."""
    table = "".join(f"| [{rule.id}](#{rule.id.lower()}) | {rule.severity.value} | {rule.title} |\n" for rule in rules)
    return _HEAD + table + "".join(f"\n{_section(rule)}" for rule in rules)


def explain(rule: Rule) -> str:
    """One rule in full, for a terminal."""
    head = f"{rule.id} ({rule.severity.value}): {rule.title}\n\n{rule.why}\n"
    return f"{head}\nFound in:\n\n{_indented(rule.bad)}\nInstead:\n\n{_indented(rule.good)}"


def _section(rule: Rule) -> str:
    return (
        f"## {rule.id}\n\n{rule.title} ({rule.severity.value}). {rule.why}\n\n"
        f"```python\n{rule.bad}```\n\nInstead:\n\n```python\n{rule.good}```\n"
    )


def _indented(text: str) -> str:
    return "".join(f"    {line}" if line.strip() else line for line in text.splitlines(keepends=True))
