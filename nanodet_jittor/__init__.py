"""NanoDet-Plus in Jittor: the port, file by file in the order of `nanodet_ref_torch`."""

from pathlib import Path

from jtmigrate import runtime
from nanodet_common.config import load_config
from nanodet_common.initialise import initial_state
from nanodet_common.schema import tensor_specs

with runtime.import_of_jittor():
    from nanodet_jittor.detector import NanoDetPlus

__all__ = ["NanoDetPlus", "build_model"]


def build_model(
    config: str | Path, *, num_classes: int | None = None, auxiliary: bool = True, seed: int = 0
) -> NanoDetPlus:
    """NanoDet-Plus of a named configuration ("nanodet-plus-m_320") or of a YAML file.

    num_classes: None keeps the configuration's. auxiliary: with the branch that training needs. seed: of the initial
    values, which are the same numbers in both frameworks.
    """
    arch = load_config(config, num_classes=num_classes).model.arch
    model = NanoDetPlus(arch, auxiliary=auxiliary)
    model.load_state_dict(initial_state(tensor_specs(arch, training=auxiliary), seed))
    return model
