"""The two ways from a picture and its objects to a sample: training with augmentation, validation without."""

import cv2
import numpy as np

from nanodet_common.config import DatasetConfig
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.geometry import fit, warp_boxes
from nanodet_common.loader.batch import Sample
from nanodet_common.preprocess import normalise, preprocess, unit_range
from nanodet_common.transforms.color import change_color, draw_color_change
from nanodet_common.transforms.warp import draw_warp, warp_matrix


def training_sample(
    pixels: np.ndarray, record: ImageRecord, config: DatasetConfig, random: np.random.Generator
) -> Sample:
    """Augment a picture, uint8 (H, W, 3), blue first, as the configuration's pipeline says."""
    pipeline = config.pipeline
    size = (pixels.shape[1], pixels.shape[0])
    target, resizing = fit(size, config.input_size, keep_ratio=config.keep_ratio)
    matrix = resizing @ warp_matrix(draw_warp(pipeline, random), size)
    warped = cv2.warpPerspective(pixels, matrix, dsize=target)
    colored = change_color(unit_range(warped), draw_color_change(pipeline, random))
    return _sample(normalise(colored, pipeline.mean, pipeline.std), matrix, record)


def validation_sample(pixels: np.ndarray, record: ImageRecord, config: DatasetConfig) -> Sample:
    """Resize and normalise a picture, uint8 (H, W, 3), blue first; the pipeline's augmentation is not applied."""
    pipeline = config.pipeline
    image, matrix = preprocess(pixels, config.input_size, pipeline.mean, pipeline.std, keep_ratio=config.keep_ratio)
    return _sample(image, matrix, record)


def _sample(image: np.ndarray, matrix: np.ndarray, record: ImageRecord) -> Sample:
    """The image with the objects that the original trains on: no crowds, and nothing thinner than a pixel.

    What the warp moves out of the image stays as a box of no area on its edge, as in the original; `pad_targets` keeps
    it out of the assignment.
    """
    sides = record.boxes[:, 2:] - record.boxes[:, :2]
    usable = ~record.crowd & (sides >= 1).all(axis=1)
    boxes = warp_boxes(record.boxes[usable], matrix, (image.shape[2], image.shape[1]))
    return Sample(image, boxes, record.labels[usable], matrix, record)
