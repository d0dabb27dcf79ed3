"""How much memory this process has, as Linux tells; 0 where the system does not. In MB of 10^6 bytes."""

import re
from pathlib import Path

STATUS = Path("/proc/self/status")


def resident_mb() -> float:
    """What is resident now."""
    return _field_mb("VmRSS")


def peak_mb() -> float:
    """The most that was ever resident. Not `ru_maxrss`, which a process takes over from the one that started it."""
    return _field_mb("VmHWM")


def _field_mb(name: str) -> float:
    found = re.search(rf"^{name}:\s*(\d+) kB", STATUS.read_text(), re.MULTILINE) if STATUS.exists() else None
    return int(found[1]) * 1024 / 1e6 if found else 0.0
