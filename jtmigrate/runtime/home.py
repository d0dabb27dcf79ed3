"""Where Jittor keeps its caches: read as Jittor reads it, and never changed.

Jittor writes a JITTOR_HOME that it sees in the environment into ~/.cache/jittor/config.json, where it stays for every
later process of that user. So jtmigrate never sets the variable.
"""

import json
import os
from pathlib import Path

from jtmigrate.errors import UserError


def jittor_cache() -> Path:
    """The folder `.cache/jittor` in Jittor's home: $JITTOR_HOME, else the one it was given last, else the user's."""
    chosen = os.environ.get("JITTOR_HOME") or remembered_home(Path.home() / ".cache/jittor/config.json") or Path.home()
    return Path(chosen).absolute() / ".cache" / "jittor"


def remembered_home(settings: Path) -> str | None:
    """The JITTOR_HOME of an earlier process, which Jittor wrote into its `settings` file; None where it wrote none."""
    if not settings.is_file():
        return None
    try:
        return json.loads(settings.read_text()).get("JITTOR_HOME")
    except (ValueError, AttributeError) as error:
        raise UserError(f"{settings} is not what Jittor writes and stops its import: delete the file") from error
