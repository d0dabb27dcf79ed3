"""The oneDNN that Jittor wants, taken from its PyPI packages.

Jittor 1.3.11 looks for oneDNN 2.2 in one folder of its cache and otherwise downloads it in the middle of its import,
which fails off line and behind many firewalls. The PyPI packages below hold that very release, so the same folder can
be filled from them. Files are copied, not linked: Jittor's cache outlives the virtual environment.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from jtmigrate.errors import UserError

VERSION = "2021.2.0"
PACKAGES = ("onednn-cpu-gomp", "onednn-devel-cpu-gomp")
INSTALL = "pip install " + " ".join(f"{package}=={VERSION}" for package in PACKAGES)

LIBRARY = "libdnnl.so.2"
LINKED_AS = "libmkldnn.so"


def folder(cache: Path) -> Path:
    """Where Jittor looks for oneDNN, given its cache folder."""
    return cache / "mkl" / "dnnl_lnx_2.2.0_cpu_gomp"


def is_complete(target: Path) -> bool:
    """Whether `target` holds what Jittor compiles against and loads; links to a deleted environment do not count."""
    return (target / "lib" / LINKED_AS).is_file() and (target / "include" / "dnnl.hpp").is_file()


def missing_packages() -> list[str]:
    """Those of `PACKAGES` that are not installed in the tested version."""
    return [package for package in PACKAGES if not _is_installed(package)]


def build(target: Path) -> None:
    """Fill `target` from the installed packages, unless it is complete.

    Safe among concurrent processes, and the folder appears whole or not at all. Raises UserError where a package is
    missing or the folder cannot be written.
    """
    if is_complete(target):
        return
    if missing := missing_packages():
        raise UserError(f"Jittor's import would download oneDNN ({', '.join(missing)} not installed): {INSTALL}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _lock(target.parent / ".jtmigrate.lock"):
            if not is_complete(target):
                _replace(target)
    except OSError as error:
        raise UserError(f"cannot fill {target} with oneDNN ({error}): mend that or set JITTOR_HOME") from error


def _replace(target: Path) -> None:
    # Jittor takes any folder here whose name begins with "dnnl", so an unfinished one must not.
    with tempfile.TemporaryDirectory(prefix=".onednn-", dir=target.parent) as scratch:
        fresh = Path(scratch, "fresh")
        _copy_packages(fresh)
        if os.path.lexists(target):
            target.rename(Path(scratch, "incomplete"))
        fresh.rename(target)


def _copy_packages(fresh: Path) -> None:
    """Copy the headers and the library; the packages carry six copies of the library, of which one is enough."""
    for package in PACKAGES:
        # RECORD names files relative to site-packages: "../../../include/dnnl.hpp", "../../libdnnl.so.2".
        for file in metadata.files(package) or ():
            if file.name == LIBRARY:
                _copy(Path(file.locate()), fresh / "lib" / LIBRARY)
            elif "include" in file.parts:
                below = file.parts[file.parts.index("include") + 1 :]
                _copy(Path(file.locate()), fresh.joinpath("include", *below))
    (fresh / "lib" / LINKED_AS).symlink_to(LIBRARY)
    if not is_complete(fresh):
        raise UserError(f"the installed oneDNN packages are damaged: {INSTALL} --force-reinstall --no-deps")


def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, destination)


def _is_installed(package: str) -> bool:
    try:
        return metadata.version(package) == VERSION
    except metadata.PackageNotFoundError:
        return False


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold `path` as a lock among processes; the system releases it when a process dies."""
    import fcntl  # absent on Windows, where this module is imported but never fills a folder

    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
