"""Where a long command stands, and what a report says of how it came about."""

import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import datetime, timezone
from pathlib import Path

from rich.console import Console


@contextmanager
def stages(console: Console) -> Iterator[Callable[[str], None]]:
    """A function that is told each stage as it begins: a spinner on a terminal, a line a stage in a log.

    What the models print meanwhile, and Jittor when it compiles, goes where the stages go, away from the result.
    """
    if not console.is_terminal:
        with redirect_stdout(console.file):
            yield lambda stage: console.print(f"{stage} ...", highlight=False)
        return
    with console.status("starting") as status:
        yield lambda stage: status.update(stage)


def provenance(program: str) -> dict[str, str]:
    """The command line that is running, when, and of which commit: enough to run it again."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return {"command": shlex.join([*program.split(), *sys.argv[1:]]), "date": now} | _commit()


def _commit() -> dict[str, str]:
    """The commit of the checkout that this code runs from, "-dirty" if changed; nothing for an installed copy."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists() or not shutil.which("git"):
        return {}
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True)
    return {"commit": described.stdout.strip()} if described.returncode == 0 else {}
