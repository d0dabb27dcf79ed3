"""What the detector is made of: parameters, operations, memory traffic, files; and how fast it could be at best."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np

from jtmigrate.bench.result import Table
from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.presets.bench.material import Given, images, read, training_batch, with_auxiliary
from nanodet_common.weights import State

ENDINGS = (".pth", ".pkl", ".safetensors")
FLOAT32 = 4
COUNTED = 2
"""Images in a run: in training, BatchNorm takes no single value a channel, which small images come down to."""
TRAINING = 3
"""A step does the forward pass's operations about three times: forward, gradients of the inputs, of the weights."""


class Operations(NamedTuple):
    """Of the convolutions for one image.

    macs   multiplications, each with an addition
    bytes  read and written if nothing but convolutions touched the memory: their inputs, weights, outputs
    """

    macs: int
    bytes: int


class Cost:
    """Counts; a worker's subject. It takes PyTorch to see the shapes, and runs the model once."""

    def __init__(self, given: list[str]) -> None:
        self._config, self._state = read(Given(*given))

    def count(self) -> Mapping[str, Any]:
        """Numbers by name: of the inference model, of the one with the auxiliary branch, of files."""
        from nanodet_ref_torch.engine import Engine, Trainer

        size = self._config.data.val.input_size[0]
        engine = Engine(self._config, self._state)
        whole = with_auxiliary(self._config, self._state)
        trainer = Trainer(self._config, whole)
        batch = training_batch(self._config, COUNTED, size)
        inference = operations(engine.model, lambda: engine.predict(images(COUNTED, size)))
        training = operations(
            trainer.model, lambda: trainer.model.loss(_tensor(batch.images), batch.boxes, batch.labels)
        )
        return {
            "parameters": {"inference": parameters(engine.model), "training": parameters(trainer.model)},
            "inference": inference._asdict(),
            "training": training._asdict(),
            "files": file_sizes(self._state),
        }


def operations(model: Any, run: Any) -> Operations:
    """Of the convolutions that a run of `COUNTED` images calls."""
    import torch

    macs, numbers = [], []

    def count(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        weight = module.weight
        macs.append(output[0].numel() * weight[0].numel())
        numbers.append(inputs[0][0].numel() + output[0].numel() + weight.numel())

    convolutions = [module for module in model.modules() if isinstance(module, torch.nn.Conv2d)]
    hooks = [module.register_forward_hook(count) for module in convolutions]
    run()
    for hook in hooks:
        hook.remove()
    return Operations(sum(macs), FLOAT32 * sum(numbers))


def parameters(model: Any) -> int:
    """Numbers that training changes."""
    return sum(parameter.numel() for parameter in model.parameters())


def file_sizes(state: State) -> dict[str, int]:
    """Bytes of the inference model's weights, by the file's ending."""
    with TemporaryDirectory() as folder:
        paths = {ending: Path(folder, f"weights{ending}") for ending in ENDINGS}
        for path in paths.values():
            write_checkpoint(path, Checkpoint(dict(state)))
        return {ending: path.stat().st_size for ending, path in paths.items()}


def cost_tables(counted: Mapping[str, Any], size: int) -> Iterator[Table]:
    """What `Cost.count` found."""
    rows = [(f"parameters, {name}", count, "") for name, count in counted["parameters"].items()]
    for name in ("inference", "training"):
        forward = counted[name]
        rows.append((f"multiply-adds of a forward pass, {name}", forward["macs"] / 1e9, "10^9 an image"))
        rows.append((f"memory traffic of its convolutions, {name}", forward["bytes"] / 1e6, "MB an image"))
    rows += [(f"weights as {ending}", count / 1e6, "MB") for ending, count in counted["files"].items()]
    note = f"Convolutions at {size} x {size}; training: with the auxiliary branch."
    yield Table("Cost of the model", note, ("quantity", "value", "unit"), tuple(rows))


def limit_table(limits: Mapping[int, Mapping[str, float]], counted: Mapping[str, Any], size: int) -> Table:
    """What the machine can do, and how long an image would take if the model reached it."""
    rows = []
    for threads, found in limits.items():
        flops, speed = found["gflops"] * 1e9, found["copied_gb"] * 1e9
        cells = [threads, found["gflops"], found["copied_gb"]]
        for name, passes in (("inference", 1), ("training", TRAINING)):
            operations = counted[name]
            cells += [2e3 * passes * operations["macs"] / flops, 1e3 * passes * operations["bytes"] / speed]
        rows.append(tuple(cells))
    return Table(
        "What this machine can do at most",
        f"A product of float32 matrices, copies in memory. The times are those of an image of {size} x {size} if the "
        f"convolutions reached that; a training step is counted as {TRAINING} forward passes.",
        (
            "threads", "GFLOP/s", "GB/s", "inference, arithmetic ms", "inference, memory ms", "training, arithmetic ms",
            "training, memory ms",
        ),
        tuple(rows),
    )  # fmt: skip


def _tensor(array: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(array)
