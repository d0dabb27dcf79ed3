"""Evidence bundles: what a result rests on, hashed, so that somebody else can run it again and see whether it stands.

A bundle is a zip archive of result.json (report.json_report) and evidence.json: the command, the hashes of weights,
inputs and code, and the versions.
"""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jtmigrate.baseline import Document, baseline_of
from jtmigrate.compare.result import DiffResult
from jtmigrate.errors import UserError
from jtmigrate.facts import FINGERPRINTS
from jtmigrate.files import check_writable, writing
from jtmigrate.report.json_report import to_dict

SCHEMA = 1
EVIDENCE, RESULT = "evidence.json", "result.json"
OUTPUT_OPTIONS = ("--json", "--html", "--junit", "--repro", "--baseline", "--write-baseline", "--evidence")
COMMANDS = ("diff", "compare")


@dataclass(frozen=True)
class Bundle:
    """What is in a bundle. `arguments` are those of the command line, from "diff" on."""

    path: str
    arguments: tuple[str, ...]
    fingerprints: Mapping[str, Any]
    result: Document


@dataclass(frozen=True)
class Verification:
    """What running it again showed. True in a boolean context if the numbers stand.

    changed    what the new run rests on is not what the old one rested on: "code: models.py", ...
    different  verdicts and numbers that are not those of the bundle
    """

    changed: tuple[str, ...]
    different: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.different


def write_evidence(path: Path, result: DiffResult, arguments: Sequence[str]) -> None:
    """Write a bundle. `arguments`: of the command line that made the result, from "diff" on.

    Raises UserError if the place cannot be written to.
    """
    check_writable(path)
    document = to_dict(result)
    evidence = {
        "schema": SCHEMA,
        "arguments": list(without_outputs(arguments)),
        "date": document["meta"].get("date"),
        "commit": document["meta"].get("commit"),
        **_fingerprints(document),
    }
    with writing(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(EVIDENCE, json.dumps(evidence, indent=1, ensure_ascii=False))
        archive.writestr(RESULT, json.dumps(document, indent=1, ensure_ascii=False))


def read_evidence(path: Path) -> Bundle:
    """Raises UserError if the file is no bundle, or its command is none that compares."""
    if not path.is_file():
        raise UserError(f"no such file: {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            evidence, result = json.loads(archive.read(EVIDENCE)), json.loads(archive.read(RESULT))
        arguments = tuple(map(str, evidence["arguments"]))
        fingerprints = {name: evidence[name] for name in FINGERPRINTS}
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(f"{path}: no evidence bundle, or a damaged one: write one with --evidence") from error
    if not arguments or arguments[0] not in COMMANDS:
        raise UserError(f"{path}: its command is not one of {', '.join(COMMANDS)}, so it is not run")
    return Bundle(str(path), arguments, fingerprints, result)


def verify(bundle: Bundle) -> Verification:
    """Run the bundle's command again, in a process of its own, and compare. Raises UserError if the command fails."""
    with TemporaryDirectory() as folder:
        written = Path(folder) / RESULT
        command = [sys.executable, "-m", "jtmigrate.cli.main", *bundle.arguments, "--json", str(written)]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment())
        if not written.is_file():
            complaint = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise UserError(f"{bundle.path}: its command cannot be run again: {complaint[0]}")
        return hold_against(bundle, json.loads(written.read_text(encoding="utf-8")))


def hold_against(bundle: Bundle, now: Document) -> Verification:
    """Compare a bundle with a new result: an error may differ by the factor of a baseline, a verdict may not."""
    return Verification(tuple(_changed(bundle.fingerprints, now)), tuple(_different(bundle.result, now)))


def without_outputs(arguments: Sequence[str]) -> Iterator[str]:
    """A command line without the options that write files."""
    remaining = iter(arguments)
    for argument in remaining:
        if argument in OUTPUT_OPTIONS:
            next(remaining, None)
        elif argument.partition("=")[0] not in OUTPUT_OPTIONS:
            yield argument


def _fingerprints(document: Document) -> dict[str, Any]:
    return {name: document["meta"].get(name) or {} for name in FINGERPRINTS}


def _environment() -> dict[str, str]:
    """This process's, in which the toolkit is found where it was found."""
    root = str(Path(__file__).resolve().parents[1])
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))}


def _changed(before: Mapping[str, Any], now: Document) -> Iterator[str]:
    for name, found in _fingerprints(now).items():
        for part in sorted(before[name].keys() | found.keys()):
            if before[name].get(part) != found.get(part):
                yield f"{name}: {part}"


def _different(before: Document, now: Document) -> Iterator[str]:
    if before["aligned"] != now["aligned"]:
        yield f"{'aligned' if now['aligned'] else 'not aligned'} instead of the opposite"
    if before["first_fault"] != now["first_fault"]:
        yield f"first fault {now['first_fault']!r} instead of {before['first_fault']!r}"
    old, new = baseline_of(before), baseline_of(now)
    if old.inputs != new.inputs:
        yield "the inputs are others, so nothing more can be said"
        return
    worse, better = old.worsened(now), new.worsened(before)
    yield from (f"{each.name}: {each.what}" for each in worse)
    known = {each.name for each in worse}
    yield from (f"{each.name}: better than in the bundle" for each in better if each.name not in known)
