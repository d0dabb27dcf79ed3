"""Run a detector over a data set: batches in, detections of every image out, with what there is to know of the run."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np

from jtmigrate.runtime.memory import resident_mb
from nanodet_common.config import Config
from nanodet_common.engine import Engine
from nanodet_common.loader.batch import Batch
from nanodet_common.margins import Candidates, candidates
from nanodet_common.postprocess import NANODET_LIMITS, Detections, Limits, decode, detections
from nanodet_common.record import Record
from nanodet_common.spool import Spool

Progress = Callable[[int], None]
"""Is told after every batch how many images are done."""


def infer(
    engine: Engine,
    batches: Iterable[Batch],
    config: Config,
    *,
    batch_size: int,
    limits: Limits = NANODET_LIMITS,
    keep_candidates: bool = False,
    keep_raw: bool = False,
    progress: Progress = lambda done: None,
) -> Record:
    """Detections of every image of the batches.

    batch_size       a batch with fewer images is filled up with black ones, because a framework may compile anew for
                     every shape, and may round differently
    keep_candidates  what post-processing decides about goes into the record
    keep_raw         and so do scores and boxes before suppression
    """
    seconds = dict.fromkeys(("loading", "forward", "post-processing", "hashing"), 0.0)
    found, inputs, outputs, memory, raw = {}, {}, {}, [], {}
    decided = Spool(Candidates)

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        seconds[part] += time.perf_counter() - started

    batches, begun = iter(batches), time.perf_counter()
    while True:
        with timed("loading"):
            batch = next(batches, None)
        if batch is None:
            break
        with timed("forward"):
            head_outputs = engine.predict(_filled_up(batch.images, batch_size))
        for image, output, warp_matrix, record in zip(
            batch.images, head_outputs, batch.warp_matrices, batch.records, strict=False
        ):
            with timed("hashing"):
                inputs[record.image_id], outputs[record.image_id] = digest(image), digest(output)
            with timed("post-processing"):
                place = (image.shape[1:], warp_matrix, record.size, limits)
                found[record.image_id] = found_in(output, config, *place)
                if keep_candidates or keep_raw:
                    scores_and_boxes = decode(output, *_head(config), image.shape[1:])
                if keep_candidates:
                    decided.add(record.image_id, candidates(*scores_and_boxes, *place))
                if keep_raw:
                    raw[record.image_id] = scores_and_boxes
        memory.append((time.perf_counter() - begun, resident_mb()))
        progress(len(found))
    return Record(found, inputs, outputs, seconds, tuple(memory), decided, raw)


def found_in(
    head_output: np.ndarray,
    config: Config,
    input_hw: tuple[int, int],
    warp_matrix: np.ndarray,
    image_wh: tuple[int, int],
    limits: Limits = NANODET_LIMITS,
) -> Detections:
    """`detections` with what it has to know of the head taken from the configuration."""
    return detections(head_output, *_head(config), input_hw, warp_matrix, image_wh, limits)


def digest(array: np.ndarray) -> str:
    """128 bits of an array's bytes, as hexadecimal digits. The shape does not count."""
    return blake2b(np.ascontiguousarray(array), digest_size=16).hexdigest()


def _head(config: Config) -> tuple[int, int, tuple[int, ...]]:
    head = config.model.arch.head
    return head.num_classes, head.reg_max, head.strides


def _filled_up(images: np.ndarray, batch_size: int) -> np.ndarray:
    missing = batch_size - len(images)
    return np.concatenate([images, np.zeros((missing, *images.shape[1:]), images.dtype)]) if missing > 0 else images
