"""The program of a worker process: prepare the samples that are asked for, until the pipe from the parent closes.

It imports neither framework, so that it starts quickly and stays small.
"""

import sys
from multiprocessing.connection import Connection
from typing import NamedTuple

import cv2
import numpy as np

from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.errors import InputError
from nanodet_common.loader.memory import SharedRecords, float_rows
from nanodet_common.loader.prepare import Recipe, prepare


class Request(NamedTuple):
    """Samples wanted of an epoch: pairs of the place for the image and the image's index in the data set."""

    epoch: int
    wanted: list[tuple[int, int]]


class Answer(NamedTuple):
    """A sample without its record; its image (3, height, width) lies in its place in the shared memory."""

    image_shape: tuple[int, int, int]
    boxes: np.ndarray
    labels: np.ndarray
    warp_matrix: np.ndarray


def main() -> None:
    """Serve the pipes and memory whose descriptors are on the command line: requests, answers, images, records.

    The first thing to come is the recipe and the number of places for images. For every image wanted there is an
    `Answer`, or the InputError that prevented it.
    """
    requests_file, answers_file, images_file, records_file = map(int, sys.argv[1:])
    requests, answers = Connection(requests_file, writable=False), Connection(answers_file, readable=False)
    # The processes share the CPUs already.
    cv2.setNumThreads(0)
    try:
        recipe, places = requests.recv()
        images, records = float_rows(images_file, places), SharedRecords(records_file)
        while True:
            request: Request = requests.recv()
            for place, index in request.wanted:
                answers.send(_answer(recipe, records[index], request.epoch, index, images[place]))
    except (EOFError, BrokenPipeError):
        return  # The parent has closed the pipes, or is gone.


def _answer(recipe: Recipe, record: ImageRecord, epoch: int, index: int, place: np.ndarray) -> Answer | InputError:
    try:
        sample = prepare(recipe, record, epoch=epoch, index=index)
    except InputError as error:
        return error
    place[: sample.image.size] = sample.image.ravel()
    return Answer(sample.image.shape, sample.boxes, sample.labels, sample.warp_matrix)
