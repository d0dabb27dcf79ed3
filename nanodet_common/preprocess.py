"""From an image file to the network's input: NanoDet's validation pipeline."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from nanodet_common.errors import InputError
from nanodet_common.geometry import fitted_size, resize_matrix


def load_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 (H, W, 3), blue first. Raises InputError where there is none or it does not decode."""
    try:
        content = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"{path}: cannot read the image: {error.strerror}") from error
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error as error:
        raise InputError(f"{path}: cannot decode the image: {error.err}") from error
    if image is None:
        raise InputError(f"{path}: not an image that OpenCV can decode (JPEG, PNG, BMP, ... are)")
    return image


def preprocess(
    image: np.ndarray,
    input_size: tuple[int, int],
    mean: Sequence[float],
    std: Sequence[float],
    *,
    keep_ratio: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Resize and normalise one image.

    image: uint8 (H, W, 3), blue first. input_size: (width, height). mean, std: per channel, blue first, 0..255.
    keep_ratio: keep the aspect ratio; the result is then the largest that fits in `input_size`, not padded.
    Returns the input, float32 (3, height, width), and the 3 x 3 matrix from image to input pixels.
    """
    size = (image.shape[1], image.shape[0])
    target = fitted_size(size, input_size) if keep_ratio else input_size
    matrix = resize_matrix(size, target, keep_ratio=keep_ratio)
    resized = cv2.warpPerspective(image, matrix, dsize=target)
    return np.ascontiguousarray(normalise(resized, mean, std).transpose(2, 0, 1)), matrix


def normalise(image: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """(image - mean) / std in float32 on (H, W, 3); the quotients by 255 are the original's, for equal rounding."""
    scale = np.float32(255)
    return (image.astype(np.float32) / scale - np.float32(mean) / scale) / (np.float32(std) / scale)
