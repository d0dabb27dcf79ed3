"""Has g++ compile what jtmigrate adds to Jittor's cache folder, with the options of Jittor's own kernels."""

import os
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

ONLY_LINKING = ("-l", "-L", "-Wl,", "-shared")


def flags_of_jittor() -> Any | None:
    """Jittor's flags; None where it is not imported, or compiles for CUDA or with another compiler."""
    jittor = sys.modules.get("jittor")
    if jittor is None or jittor.flags.nvcc_path or jittor.flags.cc_type != "g++":
        return None
    return jittor.flags


def folder_for(flags: Any, *texts: str) -> Path:
    """Where what is compiled from these texts belongs; another one after a change of a text or of an option."""
    digest = sha256("".join((*texts, flags.cc_flags)).encode()).hexdigest()[:16]
    return Path(flags.cache_path, "jtmigrate", digest)


def compiled(flags: Any, made: Path, *command: str) -> bool:
    """Write a file, whole at any time. `command` follows Jittor's own options; False where g++ refuses."""
    made.parent.mkdir(parents=True, exist_ok=True)
    unfinished = made.with_name(f"{os.getpid()}{made.suffix}")
    options = [option for option in shlex.split(flags.cc_flags) if not option.startswith(ONLY_LINKING)]
    call = [flags.cc_path, *options, *command, "-o", str(unfinished)]
    if subprocess.run(call, stderr=subprocess.DEVNULL).returncode:
        return False
    unfinished.replace(made)
    return True
