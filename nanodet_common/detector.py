"""Find objects in one picture after the other, with any engine."""

from typing import Any

import numpy as np

from nanodet_common.config import Config
from nanodet_common.drawing import draw_detections
from nanodet_common.engine import Engine
from nanodet_common.inference import found_in
from nanodet_common.loader.stack import fill_up
from nanodet_common.postprocess import Detections, Limits
from nanodet_common.preprocess import preprocess


class Detector:
    """An engine with everything before and after it. Pictures are uint8 (H, W, 3), blue first."""

    def __init__(self, engine: Engine, config: Config, limits: Limits) -> None:
        self.engine, self.config, self.limits = engine, config, limits

    def detect(self, pixels: np.ndarray) -> Detections:
        """Objects in a picture, in its own pixels."""
        data = self.config.data.val
        image, matrix = preprocess(
            pixels, data.input_size, data.pipeline.mean, data.pipeline.std, keep_ratio=data.keep_ratio
        )
        images = fill_up([image])
        (output,) = self.engine.predict(images)
        size = (pixels.shape[1], pixels.shape[0])
        return found_in(output, self.config, images.shape[2:], matrix, size, self.limits)

    def draw(self, pixels: np.ndarray, found: Detections) -> np.ndarray:
        """A copy of the picture with what was found."""
        return draw_detections(pixels, found, self.config.class_names, score_threshold=0.0)

    def to_list(self, found: Detections) -> list[dict[str, Any]]:
        """For JSON, best first: class, score, box as x1, y1, x2, y2 in pixels."""
        return [
            {"class": self.config.class_names[label], "score": float(score), "box": box.tolist()}
            for box, score, label in zip(*found, strict=True)
        ]
