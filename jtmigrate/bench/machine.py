"""The machine that was measured on, and what else it was doing."""

import os
import platform
import re
import time
from pathlib import Path
from typing import Any, NamedTuple

from jtmigrate.runtime.cpus import usable_cpus

PROC = Path("/proc")
INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
"""Of those that decide how fast a matrix product can be."""
IDLE = (3, 4)
"""Columns of /proc/stat's first line in which a processor does nothing: idle, waiting for a disk."""
GUEST = 8
"""The columns from this on are counted in the first ones already."""


def describe() -> dict[str, Any]:
    """Facts for a report; without those that this system does not tell."""
    cpuinfo = _text("cpuinfo")
    flags = set(_field(cpuinfo, "flags").split())
    facts = {
        "processor": _field(cpuinfo, "model name") or platform.processor(),
        "processors": os.cpu_count(),
        "processors usable": usable_cpus(),
        "instructions": [name for name in INSTRUCTIONS if name in flags],
        "cache": _field(cpuinfo, "cache size"),
        "virtual machine": "hypervisor" in flags,
        "memory MB": _kilobytes(_text("meminfo"), "MemTotal") // 1000,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }
    return {name: value for name, value in facts.items() if value not in ("", 0, [])}


class Clock(NamedTuple):
    """A moment: seconds of the wall clock, of this process's processors, of all of them, and of all that were busy."""

    wall: float
    own: float
    busy: float

    @classmethod
    def now(cls) -> "Clock":
        """This moment."""
        return cls(time.perf_counter(), time.process_time(), _busy_seconds())

    def others_since(self, before: "Clock") -> float:
        """Which share of the machine's processors other programs used; 0 where the system does not tell.

        The system counts in hundredths of a second, so this says little of shorter times.
        """
        seconds = (self.wall - before.wall) * (os.cpu_count() or 1)
        others = (self.busy - before.busy) - (self.own - before.own)
        return min(1.0, max(0.0, others / seconds)) if self.busy and seconds else 0.0


def _busy_seconds() -> float:
    line = _text("stat").partition("\n")[0]
    ticks = [int(word) for word in line.split()[1 : 1 + GUEST]]
    busy = sum(count for column, count in enumerate(ticks) if column not in IDLE)
    return busy / os.sysconf("SC_CLK_TCK") if ticks else 0.0


def _text(name: str) -> str:
    path = PROC / name
    return path.read_text() if path.exists() else ""


def _field(text: str, name: str) -> str:
    found = re.search(rf"^{name}\s*:[ \t]*(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _kilobytes(text: str, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) if found else 0
