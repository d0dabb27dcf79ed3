"""The detector in PyTorch: as it stands, and as fast as PyTorch can be made to run it without other numbers."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.fx.experimental.optimization import fuse

from jtmigrate.bench.protocol import Unavailable
from nanodet_common.config import Config
from nanodet_common.weights import State
from nanodet_ref_torch.engine import Engine, Trainer

COMPILED = "TORCHINDUCTOR_CACHE_DIR"


class Folded:
    """BatchNorm folded into the convolutions, channels last, inference mode; compiled if so asked."""

    def __init__(self, config: Config, state: State, *, compiled: bool):
        model = fuse(Engine(config, state).model).to(memory_format=torch.channels_last)
        self._model = _compiled(model) if compiled else model

    def predict(self, images: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        with torch.inference_mode():
            given = torch.from_numpy(images).contiguous(memory_format=torch.channels_last)
            return self._model(given).numpy()


def engine(variant: str, config: Config, state: State) -> Any:
    """What predicts, for a variant of that name."""
    if variant == "torch":
        return Engine(config, state)
    return Folded(config, state, compiled=variant == "torch-compiled")


def trainer(variant: str, config: Config, state: State) -> Trainer:
    """What trains, for a variant of that name."""
    made = Trainer(config, state)
    if variant == "torch":
        return made
    made.model.to(memory_format=torch.channels_last)
    forward = made.model.forward_train
    if variant == "torch-compiled":
        forward = _compiled(forward)
    made.model.forward_train = lambda images: forward(images.contiguous(memory_format=torch.channels_last))
    for group in made.optimizer.param_groups:
        group["fused"] = True
        group["foreach"] = False
    made.average.update = lambda model: _average(made.average, model)
    return made


def operators(variant: str) -> AbstractContextManager[None]:
    """A context in which the variant runs: nothing special."""
    return nullcontext()


@contextmanager
def no_kernels(folder: Path) -> Iterator[None]:
    """What torch.compile has compiled for earlier processes is not found."""
    before = os.environ.get(COMPILED)
    os.environ[COMPILED] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[COMPILED]
        else:
            os.environ[COMPILED] = before


def facts() -> dict[str, Any]:
    """Threads that PyTorch says it has, its version, its device memory where there is a GPU."""
    found = {"threads": torch.get_num_threads(), "versions": {"torch": torch.__version__}}
    if torch.cuda.is_available():
        found["device memory MB"] = torch.cuda.max_memory_allocated() / 1e6
    return found


@torch.no_grad()
def _average(average: Any, model: torch.nn.Module) -> None:
    """`Average.update` with one call for all tensors."""
    from nanodet_common.training.average import new_share

    average.updates += 1
    share = new_share(average.decay, average.updates)
    state = model.state_dict()
    floating = [name for name, tensor in average._values.items() if tensor.is_floating_point()]
    torch._foreach_lerp_([average._values[name] for name in floating], [state[name] for name in floating], share)
    for name in average._values.keys() - set(floating):
        average._values[name].copy_(state[name])


def _compiled(model: Any) -> Any:
    """By inductor, which compiles at the first call: what it raises then means that it does not work here."""
    run = torch.compile(model)

    def call(*arguments: Any) -> Any:
        try:
            return run(*arguments)
        except torch._dynamo.exc.TorchDynamoException as error:
            raise Unavailable(f"torch.compile: {' '.join(str(error).split())[:200]}") from error

    return call
