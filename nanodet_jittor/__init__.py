"""NanoDet-Plus in Jittor: the port, file by file in the order of `nanodet_ref_torch`."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nanodet_common.config import load_config
from nanodet_common.initialise import initial_state
from nanodet_common.schema import tensor_specs

if TYPE_CHECKING:
    from nanodet_jittor.detector import NanoDetPlus

__all__ = ["NanoDetPlus", "build_model"]


# Without Jittor the package can still be imported, so that `python -m nanodet_jittor` can say what is missing; and that
# program imports it where a command needs it (`-m` stands in the place of the path while Python looks for the program).
if (sys.argv[:1] != ["-m"] or __name__ not in sys.orig_argv) and find_spec("jittor"):
    import_module("jtmigrate.parity")  # imports Jittor as jtmigrate.runtime prepares it


def __getattr__(name: str) -> "type[NanoDetPlus]":
    if name == "NanoDetPlus":
        return import_module("nanodet_jittor.detector").NanoDetPlus
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def build_model(
    config: str | Path, *, num_classes: int | None = None, auxiliary: bool = True, seed: int = 0
) -> "NanoDetPlus":
    """NanoDet-Plus of a named configuration ("nanodet-plus-m_320") or of a YAML file.

    num_classes: None keeps the configuration's. auxiliary: with the branch that training needs. seed: of the initial
    values, which are the same numbers in both frameworks.
    """
    from nanodet_jittor.detector import NanoDetPlus

    arch = load_config(config, num_classes=num_classes).model.arch
    model = NanoDetPlus(arch, auxiliary=auxiliary)
    model.load_state_dict(initial_state(tensor_specs(arch, training=auxiliary), seed))
    return model
