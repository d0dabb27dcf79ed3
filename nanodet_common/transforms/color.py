"""Random changes of colour: what is drawn, and what it does to an image.

Parameters, ranges and order are those of NanoDet. Images are float32 (H, W, 3), blue first, 0..1; changed images may
leave that range.
"""

from typing import NamedTuple

import cv2
import numpy as np

from nanodet_common.config import PipelineConfig
from nanodet_common.transforms.draws import between


class ColorChange(NamedTuple):
    """One draw: added to all values, factor of all values, factor of the saturation; None is left out."""

    brightness: float | None = None
    contrast: float | None = None
    saturation: float | None = None


def draw_color_change(pipeline: PipelineConfig, random: np.random.Generator) -> ColorChange:
    """Draw each configured change with probability 1/2, evenly from its range."""

    def maybe(low: float, high: float) -> float | None:
        return between(random, low, high) if random.random() < 0.5 else None

    reach = pipeline.brightness
    return ColorChange(
        brightness=None if reach is None else maybe(-reach, reach),
        contrast=None if pipeline.contrast is None else maybe(*pipeline.contrast),
        saturation=None if pipeline.saturation is None else maybe(*pipeline.saturation),
    )


def change_color(image: np.ndarray, change: ColorChange) -> np.ndarray:
    """The image after the change; the image itself stays as it is."""
    if change.brightness is not None:
        image = image + np.float32(change.brightness)
    if change.contrast is not None:
        image = image * np.float32(change.contrast)
    if change.saturation is not None:
        hue_saturation_value = cv2.cvtColor(image, cv2.COLOR_BGR2HSV)
        hue_saturation_value[..., 1] *= np.float32(change.saturation)
        image = cv2.cvtColor(hue_saturation_value, cv2.COLOR_HSV2BGR)
    return image
