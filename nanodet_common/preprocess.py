"""From an image file to the network's input: NanoDet's validation pipeline."""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from nanodet_common.errors import InputError
from nanodet_common.geometry import fitted_size, resize_matrix
from nanodet_common.image_header import header_size

MAX_PIXELS = 200_000_000
"""Of a JPEG or PNG: 600 MB when decoded. A file of a few kilobytes can claim billions. OpenCV's own limit is 2^30."""


def load_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 (H, W, 3), blue first.

    Raises InputError where there is none, it does not decode, or it has more than MAX_PIXELS.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read the image: {error.strerror}") from error
    _refuse_bomb(path, header_size(io.BytesIO(content)))
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise InputError(f"{path}: cannot decode the image: {error.err}") from error
    if image is None:
        raise InputError(f"{path}: not an image that OpenCV can decode (JPEG, PNG, BMP, ... are)")
    return image


def image_size(path: str | Path) -> tuple[int, int]:
    """(width, height) of what `load_image` would give, from the file's header where that is enough.

    Raises InputError as `load_image` does, except that damage after the header stays unnoticed.
    """
    try:
        with open(path, "rb") as file:
            size = header_size(file)
    except OSError as error:
        raise InputError(f"{path}: cannot read the image: {error.strerror}") from error
    _refuse_bomb(path, size)
    if size is None:
        height, width = load_image(path).shape[:2]
        size = width, height
    return size


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


def _refuse_bomb(path: str | Path, size: tuple[int, int] | None) -> None:
    if size and size[0] * size[1] > MAX_PIXELS:
        raise InputError(f"{path}: {size[0]} x {size[1]} pixels; at most {MAX_PIXELS:,} are decoded")


def normalise(image: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """(image - mean) / std in float32 on (H, W, 3); the quotients by 255 are the original's, for equal rounding."""
    scale = np.float32(255)
    return (image.astype(np.float32) / scale - np.float32(mean) / scale) / (np.float32(std) / scale)
