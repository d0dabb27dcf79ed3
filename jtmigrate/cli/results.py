"""What every command that compares does with its result."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jtmigrate.compare.result import DiffResult, Tolerances


@dataclass(frozen=True)
class Outputs:
    """Where a result goes beside the terminal; `show_all` prints every layer.

    What `repro` asks for is written by the command, which has the runs behind the result.
    """

    json: Path | None = None
    html: Path | None = None
    junit: Path | None = None
    baseline: Path | None = None
    write_baseline: Path | None = None
    repro: Path | None = None
    evidence: Path | None = None
    show_all: bool = False

    def check(self, inputs: Iterable[str | Path | None]) -> None:
        """Raise UserError if a file cannot be written, would replace another or one of the inputs, or if the baseline
        cannot be read: before a long run, not after it."""
        from jtmigrate.baseline import read_baseline
        from jtmigrate.files import check_outputs
        from jtmigrate.repro import DATA, SCRIPT

        read = tuple(inputs)
        written = (self.json, self.html, self.junit, self.evidence)
        if self.repro:
            written += (self.repro / SCRIPT, self.repro / DATA)
        check_outputs(written, (*read, self.baseline, self.write_baseline))
        check_outputs([self.write_baseline], read)  # may replace the baseline: it is read before
        if self.html:
            import jtmigrate.report.html  # noqa: F401 - a missing extra is told now
        if self.baseline:
            read_baseline(self.baseline)

    def finish(self, result: DiffResult) -> int:
        """Print and write a result; returns the exit code. Raises UserError if it cannot be compared to the baseline.

        With a baseline, what it allows is no failure: the exit code is 1 only if something got worse.
        """
        from rich.console import Console

        from jtmigrate.baseline import read_baseline, write_baseline
        from jtmigrate.cli.worsenings import print_worsenings
        from jtmigrate.evidence import write_evidence
        from jtmigrate.report.console import print_diff
        from jtmigrate.report.json_report import to_dict, write_json
        from jtmigrate.report.junit import write_junit

        console = Console()
        print_diff(result, console, show="all" if self.show_all else "notable")
        if self.json:
            write_json(result, self.json)
        if self.html:
            from jtmigrate.report.html import write_html

            write_html(result, self.html)
        if self.junit:
            write_junit(result, self.junit)
        aligned = bool(result)
        if self.baseline:
            worsenings = read_baseline(self.baseline).worsened(to_dict(result))
            print_worsenings(worsenings, self.baseline, console)
            aligned = not worsenings
        if self.write_baseline:
            write_baseline(result, self.write_baseline)
        if self.evidence:
            write_evidence(self.evidence, result, sys.argv[1:])
        return 0 if aligned else 1


def tolerances(float32: float | None) -> Tolerances:
    """The default ones but for what the user gave."""
    return Tolerances() if float32 is None else Tolerances(float32=float32)
