"""Makes `import jittor` work on a machine without CUDA, off line included, and leaves alone what works already."""

import ctypes
import os
import platform
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from jtmigrate.errors import UserError
from jtmigrate.runtime import onednn
from jtmigrate.runtime.cpus import usable_cpus
from jtmigrate.runtime.home import jittor_cache


class Note(NamedTuple):
    """One thing that `prepare` dealt with; `kind` is "done", "left alone" or "warning"."""

    kind: str
    text: str


@dataclass(frozen=True)
class Preparation:
    """What `prepare` did to this process and to Jittor's cache folder."""

    notes: tuple[Note, ...]

    @property
    def lines(self) -> list[str]:
        """The notes as text, one a line: "done: ...", "left alone: ...", "warning: ..."."""
        return [f"{note.kind}: {note.text}" for note in self.notes]


def prepare() -> Preparation:
    """Get this process ready for its first `import jittor`; call it before that import, as often as you like.

    Sets environment variables that the user has not set, and fills Jittor's oneDNN folder where it is missing.
    Jittor's own way is left in place where it is imported already, on other platforms than x86-64 Linux, and where
    there is a CUDA driver. Imports neither jittor nor torch; call it before importing torch as well, so that the
    thread count reaches both.

    Raises UserError where jittor is not installed, or where its import would download oneDNN because the packages
    that hold it are not installed either.
    """
    return Preparation((*_warnings(), *_prepare()))


def has_cuda_driver() -> bool:
    """Whether the CUDA driver's library loads. A toolkit alone (nvcc) says nothing: build machines have one too."""
    try:
        ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    return True


def wants_cuda() -> bool:
    """Whether Jittor would use CUDA here: there is a driver, and the user has not turned it off by `nvcc_path=`."""
    return os.environ.get("nvcc_path") != "" and has_cuda_driver()


def on_supported_platform() -> bool:
    """Whether this is x86-64 Linux, the one platform that oneDNN's PyPI packages are for."""
    return sys.platform == "linux" and platform.machine() == "x86_64"


def _prepare() -> Iterator[Note]:
    if "jittor" in sys.modules:
        yield Note("left alone", "jittor is imported already")
    elif find_spec("jittor") is None:
        raise UserError("jittor is not installed: pip install 'jtmigrate[jittor]'")
    elif not on_supported_platform():
        yield Note("left alone", f"{sys.platform} on {platform.machine()}: Jittor sets itself up its own way")
    elif wants_cuda():
        yield Note("left alone", "CUDA driver found: Jittor sets itself up its own way (nvcc_path= forbids it CUDA)")
    else:
        yield _set_default("nvcc_path", "", "no CUDA driver, so Jittor builds for the CPU alone")
        yield _set_default("cache_name", "default", "else Jittor compiles anew for every git branch")
        yield _set_default("OMP_NUM_THREADS", str(usable_cpus()), "the CPUs that this process may use")
        yield from _point_to_python_config()
        yield _provide_onednn()


def _set_default(name: str, value: str, why: str) -> Note:
    """Set an environment variable that the user has not set."""
    if name in os.environ:
        return Note("left alone", f"{name} is set to {os.environ[name]!r}")
    os.environ[name] = value
    return Note("done", f"set {name} to {value!r}: {why}")


def _point_to_python_config() -> Iterator[Note]:
    """Show Jittor the interpreter's own python3.x-config where none lies in the few places that it searches."""
    name = f"python3.{sys.version_info.minor}-config"
    own = Path(sysconfig.get_config_var("BINDIR"), name)
    searched = (Path(sys.executable).parent, Path("/usr/bin"), Path("/usr/local/bin"))
    if own.is_file() and not any((folder / name).is_file() for folder in searched):
        yield _set_default("python_config_path", str(own), "Jittor does not look there by itself")


def _provide_onednn() -> Note:
    if os.environ.get("use_mkl", "1") != "1":
        return Note("left alone", f"use_mkl={os.environ['use_mkl']}: Jittor runs without oneDNN")
    target = onednn.folder(jittor_cache())
    if onednn.is_complete(target):
        return Note("left alone", f"oneDNN is in {target}")
    onednn.build(target)
    return Note("done", f"copied oneDNN from its PyPI packages into {target}")


def _warnings() -> Iterator[Note]:
    if os.environ.get("log_silent", "0") != "0":
        yield Note("warning", "log_silent is set: Jittor silences fatal errors too, and carries on with wrong results")
    if "mkl_include_path" in os.environ and "mkl_lib_path" in os.environ:
        yield Note("warning", "mkl_include_path and mkl_lib_path are set: they break the import of jittor 1.3.11")
