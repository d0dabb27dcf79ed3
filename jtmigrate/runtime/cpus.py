"""How many CPUs this process may really use."""

import math
import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cpus() -> int:
    """Number of CPUs by affinity and by control group quota, whichever is less, and at least 1.

    OpenMP looks at the affinity alone: in a container limited to 2 of 64 CPUs it would start 64 threads.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = (math.ceil(quota) for quota in cgroup_quotas(CGROUPS, MEMBERSHIP))
    return max(1, min([affinity, *quotas]))


def cgroup_quotas(cgroups: Path, membership: Path) -> list[float]:
    """Every CPU quota that binds this process, in CPUs; empty where there is none.

    Reads version 2 (`cpu.max` of the process's group and of those around it) and version 1 (`cpu.cfs_*` as a
    container sees it). `cgroups` is where they are mounted, `membership` the process's /proc file.
    """
    quotas = []
    for group in _own_groups(cgroups, membership):
        if (limit := group / "cpu.max").is_file():
            quota, period = limit.read_text().split()
            quotas.append((quota, period))
    version1 = cgroups / "cpu"
    if (limit := version1 / "cpu.cfs_quota_us").is_file():
        quotas.append((limit.read_text().strip(), (version1 / "cpu.cfs_period_us").read_text().strip()))
    return [int(quota) / int(period) for quota, period in quotas if quota not in ("max", "-1")]


def _own_groups(cgroups: Path, membership: Path) -> list[Path]:
    """The process's version 2 control group and all that contain it, up to the mount point."""
    lines = membership.read_text().splitlines() if membership.is_file() else []
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    group = cgroups / path
    return [group, *(parent for parent in group.parents if parent.is_relative_to(cgroups))]
