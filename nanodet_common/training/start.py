"""The weights that a run starts from: a file's, as far as it is wanted, and fresh ones for the rest."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from jtmigrate.allowances import jittor_lacks, same_shape
from jtmigrate.checkpoint import read_checkpoint
from jtmigrate.naming.fit import fit
from jtmigrate.naming.prefixes import unwrap
from nanodet_common.config import Config
from nanodet_common.errors import InputError
from nanodet_common.initialise import initial_state
from nanodet_common.schema import tensor_specs
from nanodet_common.training.divergence import first_not_finite

Load = Literal["full", "backbone", "transfer"]
LAST_LAYERS = "head.gfl_cls."
"""Of each level of the detector's head: the convolution that says class and distances."""


class Start(NamedTuple):
    """state: of the model with its auxiliary branch, by name; fresh: names of those that no file gave; copied: of those
    of the auxiliary neck that start as the loaded neck's."""

    state: Mapping[str, np.ndarray]
    fresh: tuple[str, ...]
    copied: tuple[str, ...] = ()

    def words(self) -> str:
        """How much was loaded and what is fresh, on one line."""
        parts = Counter(_part(name) for name in self.fresh)
        fresh = ", ".join(f"{part} ({count})" for part, count in parts.items())
        copied = f"; copied from the neck: aux_fpn ({len(self.copied)})" if self.copied else ""
        loaded = len(self.state) - len(self.fresh) - len(self.copied)
        return f"{loaded} tensors loaded{copied}; fresh: {fresh or 'none'}"


def start_state(config: Config, seed: int, weights: Path | None = None, load: Load = "full") -> Start:
    """Initial values, and in their place those of a file, in any format that the toolkit reads.

    load  full      the whole detector
          transfer  all of it but the last convolution of each level of its head, for other classes
          backbone  the backbone alone, of a detector or of a ShuffleNetV2 classifier

    Where the file lacks the auxiliary branch, or has another one, that stays fresh, but for its neck: the original
    makes that a copy of the detector's, and so does this. Raises UserError if the file cannot be read, and where it
    lacks something else that is wanted, has it in another shape, or has NaN or infinity in it.
    """
    initial = initial_state(tensor_specs(config.model.arch, training=True), seed)
    if weights is None:
        return Start(initial, tuple(initial))
    tensors = read_checkpoint(weights).tensors
    tensors = unwrap(tensors).apply(tensors)
    if load == "backbone" and not any(name.startswith("backbone.") for name in tensors):
        tensors = {f"backbone.{name}": array for name, array in tensors.items()}
    wanted = {name: array for name, array in initial.items() if _is_wanted(name, load)}
    usable = {name: array for name, array in tensors.items() if _is_usable(name, array, wanted, load)}
    expected = {name: array for name, array in wanted.items() if name in usable or not name.startswith("aux_")}
    fitted = fit(usable, expected)
    if not fitted.check:
        hint = (
            "" if load == "backbone" else "; for other classes, use --load transfer; for the backbone, --load backbone"
        )
        raise InputError(f"{weights}: does not fit the configuration: {fitted.check.summary()}{hint}")
    if name := first_not_finite(fitted.values):
        raise InputError(
            f"{weights}: {name} holds NaN or infinity: nothing can be trained from it; give other --weights"
        )
    neck = {f"aux_{name}": array for name, array in fitted.values.items() if name.startswith("fpn.")}
    copied = {name: neck[name] for name in initial if name in neck and name not in fitted.values}
    given = {**fitted.values, **copied}
    fresh = tuple(name for name in initial if name not in given and not (name in expected and jittor_lacks(name)))
    return Start({**initial, **given}, fresh, tuple(copied))


def _is_wanted(name: str, load: Load) -> bool:
    if load == "backbone":
        return name.startswith("backbone.")
    return load == "full" or not name.startswith(LAST_LAYERS)


def _is_usable(name: str, array: np.ndarray, wanted: Mapping[str, np.ndarray], load: Load) -> bool:
    """Whether a tensor of the file counts: one that the model lacks too, where it tells of a file of another kind."""
    if name.startswith("aux_"):
        return name in wanted and same_shape(array, wanted[name])
    return name in wanted or (load != "backbone" and not name.startswith(LAST_LAYERS))


def _part(name: str) -> str:
    """What a tensor belongs to: "aux_head", or "head.gfl_cls" of a head that is not fresh as a whole."""
    return LAST_LAYERS[:-1] if name.startswith(LAST_LAYERS) else name.partition(".")[0]
