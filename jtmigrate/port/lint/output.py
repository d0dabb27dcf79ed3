"""What `jtmigrate lint` found, as text, JSON and SARIF 2.1.0."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath
from urllib.parse import quote

from jtmigrate import __version__
from jtmigrate.port.lint.rule import Finding, Rule, Severity
from jtmigrate.port.lint.run import LintResult
from jtmigrate.report.numbers import counted, printable

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_text(result: LintResult) -> str:
    """One line a finding, as compilers write them, and a summary."""
    lines = [
        f"{one.path}:{one.line}:{one.column}: {one.rule} {one.severity.value}: {one.message}" for one in result.findings
    ]
    lines += [f"{path}: cannot be read as a program: it {reason}" for path, reason in result.unread]
    by_severity = Counter(one.severity for one in result.findings)
    parts = [counted(by_severity[severity], severity.value) for severity in Severity if by_severity[severity]]
    lines.append(f"{counted(result.files, 'file')}: {', '.join(parts) or 'nothing found'}")
    return "".join(f"{printable(line)}\n" for line in lines)


def as_json(result: LintResult) -> str:
    """Everything, for programs."""
    findings = [{**vars(one), "severity": one.severity.value} for one in result.findings]
    unread = [{"path": path, "reason": reason} for path, reason in result.unread]
    return json.dumps({"files": result.files, "findings": findings, "unread": unread}, indent=2) + "\n"


def as_sarif(result: LintResult, rules: Sequence[Rule]) -> str:
    """A log that code hosting services read."""
    places = {rule.id: index for index, rule in enumerate(rules)}
    driver = {
        "name": "jtmigrate lint",
        "version": __version__,
        "rules": [
            {
                "id": rule.id,
                "shortDescription": {"text": rule.title},
                "fullDescription": {"text": rule.why},
                "help": {"text": f"{rule.why}\n\nInstead:\n\n{rule.good}"},
                "defaultConfiguration": {"level": rule.severity.value},
            }
            for rule in rules
        ],
    }
    notifications = [
        {"level": "error", "message": {"text": f"it {reason}"}, "locations": [_location(path, None)]}
        for path, reason in result.unread
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not result.unread, "toolExecutionNotifications": notifications}],
        "results": [
            {
                "ruleId": one.rule,
                "ruleIndex": places[one.rule],
                "level": one.severity.value,
                "message": {"text": one.message},
                "locations": [_location(one.path, one)],
            }
            for one in result.findings
        ],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _location(path: str, finding: Finding | None) -> dict:
    place = {"artifactLocation": {"uri": quote(PurePath(path).as_posix())}}
    if finding is not None:
        place["region"] = {"startLine": finding.line, "startColumn": finding.column}
    return {"physicalLocation": place}
