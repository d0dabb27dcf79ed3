"""What a machine needs to run jtmigrate, looked at one by one and without importing jittor or torch."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from enum import Enum
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from jtmigrate.errors import UserError
from jtmigrate.runtime import onednn
from jtmigrate.runtime.home import jittor_cache
from jtmigrate.runtime.preparation import has_cuda_driver, on_supported_platform, wants_cuda

DOCTOR_FIX = "jtmigrate doctor --fix"
ROOM_NEEDED = 1 << 30
"""Bytes: oneDNN (52 MB), Jittor's core and a few thousand compiled kernels."""


class Status(str, Enum):
    """Ok; worth knowing (`warn`): jtmigrate still runs; `fault`: something does not run until it is mended."""

    OK = "ok"
    WARN = "warn"
    FAULT = "fault"


class Check(NamedTuple):
    """One line of `jtmigrate doctor`. `fix` is a command or an instruction, empty where the status is ok."""

    name: str
    status: Status
    detail: str
    fix: str = ""


def checks() -> list[Check]:
    """Look at everything, in the order in which a newcomer would mend it; takes well under a second."""
    return [
        check_python(sys.version_info[:3]),
        check_compiler(),
        check_make(),
        check_python_headers(Path(sysconfig.get_path("include"))),
        check_numpy(),
        check_package("torch", "torch"),
        check_package("jittor", "jittor"),
        *_checks_of_cache(),
        check_cuda(),
        check_environment(),
    ]


def check_python(version: tuple[int, int, int]) -> Check:
    """Python 3.10 or later; every number in the documentation comes from 3.11."""
    text = ".".join(map(str, version))
    if version < (3, 10):
        return Check("Python", Status.FAULT, f"{text} is too old", "install Python 3.11")
    if version[:2] != (3, 11):
        return Check("Python", Status.WARN, f"{text}; tested with 3.11", "use Python 3.11 where something fails")
    return Check("Python", Status.OK, f"{text} at {sys.executable}")


def check_compiler() -> Check:
    """The C++ compiler that Jittor builds its core and every kernel with."""
    command = os.environ.get("cc_path") or ("clang++" if sys.platform == "darwin" else "g++")
    path = shutil.which(command)
    if path is None:
        return Check("C++ compiler", Status.FAULT, f"{command} not found", "apt-get install g++")
    return Check("C++ compiler", Status.OK, f"{_version_of(path)} at {path}")


def check_make() -> Check:
    """Only the Makefile needs it."""
    if path := shutil.which("make"):
        return Check("make", Status.OK, path)
    return Check("make", Status.WARN, "not found; only the make targets need it", "apt-get install make")


def check_python_headers(include: Path) -> Check:
    """Jittor's core is a Python extension module, built on this machine."""
    if (include / "Python.h").is_file():
        return Check("Python headers", Status.OK, str(include))
    package = f"python3.{sys.version_info.minor}-dev"
    return Check("Python headers", Status.FAULT, f"no Python.h in {include}", f"apt-get install {package}")


def check_numpy() -> Check:
    """Jittor 1.3.11 needs numpy 1."""
    version = _installed("numpy")
    if version and version.split(".")[0] == "1":
        return Check("numpy", Status.OK, version)
    detail = f"{version}: jittor needs a version below 2" if version else "not installed"
    return Check("numpy", Status.FAULT, detail, "pip install 'numpy<2'")


def check_package(package: str, extra: str) -> Check:
    """A framework, which comes with one of jtmigrate's extras."""
    if version := _installed(package):
        return Check(package, Status.OK, version)
    return Check(package, Status.FAULT, "not installed", f"pip install 'jtmigrate[{extra}]'")


def check_onednn(cache: Path) -> Check:
    """The library that Jittor's convolutions and matrix products run on."""
    target = onednn.folder(cache)
    if not on_supported_platform() or wants_cuda():
        return Check("oneDNN", Status.OK, "left to Jittor, which downloads what it needs")
    if onednn.is_complete(target):
        return Check("oneDNN", Status.OK, str(target))
    if missing := onednn.missing_packages():
        return Check("oneDNN", Status.FAULT, f"not in Jittor's cache, {', '.join(missing)} missing", onednn.INSTALL)
    return Check("oneDNN", Status.WARN, "installed; copied into Jittor's cache on first use", DOCTOR_FIX)


def check_cache(cache: Path) -> Check:
    """Jittor compiles into its cache folder: it must be writable and have room."""
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        return Check("cache folder", Status.FAULT, f"{existing} is not writable", f"chmod u+rwx {existing}")
    free = shutil.disk_usage(existing).free
    if free < ROOM_NEEDED:
        detail = f"{free / 1e6:.0f} MB left in {existing}"
        return Check("cache folder", Status.WARN, detail, f"make room for {ROOM_NEEDED / 1e9:.0f} GB")
    return Check("cache folder", Status.OK, f"{cache}, {free / 1e9:.0f} GB free")


def check_core(cache: Path) -> Check:
    """Whether Jittor's core is compiled: this takes minutes, once per environment."""
    if find_spec("jittor_utils") is None:
        return Check("Jittor core", Status.WARN, "nothing to compile: jittor is not installed", "install jittor")
    if found := compiled_core(cache):
        return Check("Jittor core", Status.OK, f"compiled, {found.parent}")
    return Check("Jittor core", Status.WARN, "not compiled: the first import takes a few minutes", DOCTOR_FIX)


def check_cuda() -> Check:
    """A CUDA toolkit without its driver would stop Jittor's import."""
    if has_cuda_driver():
        use = "Jittor sets itself up its own way" if wants_cuda() else "turned off by nvcc_path="
        return Check("CUDA", Status.OK, f"driver found; {use}")
    if nvcc := shutil.which("nvcc"):
        return Check("CUDA", Status.OK, f"no driver; jtmigrate hides {nvcc} from Jittor")
    return Check("CUDA", Status.OK, "none; everything runs on the CPU")


def check_environment() -> Check:
    """Variables that make Jittor fail, or fail in silence."""
    bad = [name for name in ("log_silent", "mkl_include_path", "mkl_lib_path") if os.environ.get(name, "0") != "0"]
    if bad:
        detail = f"{', '.join(bad)} set: Jittor fails in silence or cannot be imported"
        return Check("environment", Status.WARN, detail, f"unset {' '.join(bad)}")
    return Check("environment", Status.OK, "no variable that spoils a run")


def compiled_core(cache: Path) -> Path | None:
    """The compiled core of the installed Jittor for this Python, None if there is none.

    Jittor names the folder after its version, the compiler, Python, the machine, the CPU, its own location and
    the cache name. Compiler and machine are left open here, so a cache copied from another machine counts as well.
    """
    version, spec = _installed("jittor"), find_spec("jittor_utils")
    if version is None or spec is None:
        return None
    location = hashlib.md5(spec.origin.encode(), usedforsecurity=False).hexdigest()[:4]
    python = ".".join(map(str, sys.version_info[:3]))
    name = os.environ.get("cache_name", "default")
    pattern = f"jt{version.rpartition('.')[0]}/*/py{python}/*/*/{location}/{name}/**/jittor_core*"
    return next(cache.glob(pattern), None)


def _checks_of_cache() -> list[Check]:
    try:
        cache = jittor_cache()
    except UserError as error:
        return [Check("cache folder", Status.FAULT, str(error), "see there")]
    return [check_onednn(cache), check_cache(cache), check_core(cache)]


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _version_of(program: str) -> str:
    """The first version number that `program --version` prints, "unknown version" if it prints none."""
    output = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", output)
    return found.group() if found else "unknown version"
