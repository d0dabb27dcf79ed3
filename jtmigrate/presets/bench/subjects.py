"""What worker processes hold: one variant of the detector, ready to predict, to train, to start or to load images.

Frameworks are imported when a subject is built, after the environment has said how many threads they get.
"""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from jtmigrate.bench.machine import Clock
from jtmigrate.presets.bench.cost import Cost
from jtmigrate.presets.bench.material import Given, images, read, training_batch, with_auxiliary
from jtmigrate.presets.bench.profile import Profile
from jtmigrate.runtime.memory import peak_mb
from nanodet_common.config import Config

RATE = 0.1
"""Share of the full learning rate: weights that move as in a warm-up."""


def build(what: str, **settings: Any) -> Any:
    """The subject of a worker, from settings that were sent as JSON."""
    return SUBJECTS[what](**settings)


class Inference:
    """Raw head output of a batch of images."""

    def __init__(self, variant: str, given: list[str], batch: int, size: int, threads: int, graph: str = "") -> None:
        self._given, self._images = Given(*given), images(batch, size)
        self._framework = framework(variant, graph, threads)
        self._variant, self._engine = variant, None

    def prepare(self) -> Mapping[str, Any]:
        """Build the model and run it once."""
        self._engine = self._framework.engine(self._variant, *read(self._given))
        self._predict()
        return self._framework.facts()

    def outputs(self, path: str) -> None:
        """The raw head output."""
        np.savez(path, output=self._predict())

    def measure(self, repeats: int) -> tuple[float, float]:
        """After one run that brings the model back into the CPU's caches, from which others have driven it."""
        self._predict()
        begin = Clock.now()
        for _ in range(repeats):
            self._predict()
        end = Clock.now()
        return (end.wall - begin.wall) / repeats, end.others_since(begin)

    def finish(self) -> Mapping[str, Any]:
        """Memory at its highest."""
        return {**self._framework.facts(), "peak memory MB": peak_mb()}

    def _predict(self) -> np.ndarray:
        with self._framework.operators(self._variant):
            return self._engine.predict(self._images)


class Training:
    """Steps of training on one batch: forward, losses, backward, clipping, AdamW, average."""

    def __init__(self, variant: str, given: list[str], batch: int, size: int, threads: int, graph: str = "") -> None:
        self._config, state = read(Given(*given))
        self._state = with_auxiliary(self._config, state)
        self._batch = training_batch(self._config, batch, size)
        self._framework = framework(variant, graph, threads)
        self._variant, self._trainer, self._losses = variant, None, []

    def prepare(self) -> Mapping[str, Any]:
        """Build the model and take the first step, whose losses are compared."""
        self._trainer = self._framework.trainer(self._variant, self._config, self._state)
        self._state = None
        self._step()
        return {**self._framework.facts(), "losses": self._losses[0]}

    def outputs(self, path: str) -> None:
        """All parts of the first step's loss."""
        np.savez(path, **self._losses[0])

    def measure(self, repeats: int) -> tuple[float, float]:
        """Every repetition is a step, of the same number in all variants."""
        begin = Clock.now()
        for _ in range(repeats):
            self._step()
        end = Clock.now()
        return (end.wall - begin.wall) / repeats, end.others_since(begin)

    def finish(self) -> Mapping[str, Any]:
        """Memory at its highest, and the last loss."""
        return {
            **self._framework.facts(),
            "peak memory MB": peak_mb(),
            "steps": len(self._losses),
            "last loss": self._losses[-1]["loss"],
        }

    def _step(self) -> None:
        with self._framework.operators(self._variant):
            report = self._trainer.step(self._batch, RATE, epoch=0)
        self._losses.append({name: float(value) for name, value in report.losses.items()})


class Start:
    """From nothing to the detections in a photograph, which `prepare` does."""

    def __init__(
        self, variant: str, given: list[str], size: int, threads: int, cold: bool = False, graph: str = ""
    ) -> None:
        self._given, self._size = Given(*given), size
        self._framework = framework(variant, graph, threads)
        self._variant, self._cold, self._output = variant, cold, None

    def prepare(self) -> Mapping[str, Any]:
        """Read the photograph and the weights, run the model, decode and suppress."""
        from tempfile import TemporaryDirectory

        from nanodet_common.inference import found_in
        from nanodet_common.preprocess import load_image, preprocess
        from nanodet_common.sample import sample_photograph

        config, state = read(self._given)
        data = config.data.val
        pixels = load_image(sample_photograph())
        tensor, matrix = preprocess(
            pixels, data.input_size, data.pipeline.mean, data.pipeline.std, keep_ratio=data.keep_ratio
        )
        with ExitStack() as stack:
            if self._cold:
                folder = stack.enter_context(TemporaryDirectory())
                stack.enter_context(self._framework.no_kernels(Path(folder)))
            stack.enter_context(self._framework.operators(self._variant))
            engine = self._framework.engine(self._variant, config, state)
            self._output = engine.predict(tensor[None])
        found = found_in(self._output[0], config, tensor.shape[1:], matrix, pixels.shape[1::-1])
        return {**self._framework.facts(), "detections": len(found.scores), "peak memory MB": peak_mb()}

    def outputs(self, path: str) -> None:
        """The raw head output."""
        np.savez(path, output=self._output)


class Loading:
    """An epoch of the data pipeline: files are read, decoded, warped, normalised and stacked. Needs no framework."""

    def __init__(self, variant: str, given: list[str], batch: int, augment: bool, images: int, voc: list[str]) -> None:
        from nanodet_common.loader.loader import Loader

        config, _ = read(Given(*given))
        dataset = loaded(config, images, voc)
        self._workers, self._epoch = int(variant.partition("-")[2]), 0
        self._loader = Loader(
            dataset, config.data.train, batch_size=batch, workers=self._workers, seed=0, augment=augment, shuffle=True,
            drop_last=False,
        )  # fmt: skip

    def prepare(self) -> Mapping[str, Any]:
        """The first epoch, in which the workers start."""
        self._run()
        return {"workers": self._workers}

    def outputs(self, path: str) -> None:
        """The first batch of the first epoch."""
        batches = self._loader.epoch(0)
        np.savez(path, output=next(batches).images)
        batches.close()

    def measure(self, repeats: int) -> tuple[float, float]:
        """Whole epochs, as each has its own images."""
        begin = Clock.now()
        for _ in range(repeats):
            self._run()
        end = Clock.now()
        return (end.wall - begin.wall) / repeats, 0.0  # The loader's processes would count as others.

    def finish(self) -> Mapping[str, Any]:
        """Memory at its highest, of the reading process alone."""
        self._loader.close()
        return {"peak memory MB": peak_mb()}

    def _run(self) -> None:
        for _ in self._loader.epoch(self._epoch):
            pass
        self._epoch += 1


def framework(variant: str, graph: str, threads: int) -> Any:
    """The module that makes the engines of a variant's framework. Raises ModuleNotFoundError where it is missing."""
    family = variant.partition("-")[0]
    if family == "torch":
        from jtmigrate.presets.bench import torch_variants

        return torch_variants
    if family == "jittor":
        from jtmigrate.presets.bench import jittor_variants

        return jittor_variants
    from jtmigrate.presets.bench.onnx_variant import OnnxRuntime

    return OnnxRuntime(Path(graph), threads)


def loaded(config: Config, count: int, voc: Sequence[str]) -> Any:
    """The first images of a VOC set, or one photograph as often, with a box in it.

    voc: the folder and the sets; empty for the photograph. Raises InputError if they cannot be read.
    """
    from dataclasses import replace

    from nanodet_common.class_names import VOC_CLASSES
    from nanodet_common.datasets.dataset import Dataset, ImageRecord
    from nanodet_common.datasets.voc import read_voc
    from nanodet_common.preprocess import load_image
    from nanodet_common.sample import sample_photograph

    if voc:
        folder, *sets = voc
        found = read_voc(Path(folder), sets, VOC_CLASSES)
        return replace(found, images=found.images[:count])
    file = sample_photograph()
    height, width = load_image(file).shape[:2]
    box = np.array([[width / 4, height / 4, width * 3 / 4, height * 3 / 4]], np.float32)
    none = np.zeros(1, bool)
    records = (ImageRecord(n + 1, file, (width, height), box, np.zeros(1, np.int64), none, none) for n in range(count))
    return Dataset(tuple(records), tuple(config.class_names))


SUBJECTS: Mapping[str, Any] = {
    "inference": Inference, "training": Training, "startup": Start, "data": Loading, "cost": Cost, "profile": Profile,
}  # fmt: skip
