"""From an image file to the network's input: NanoDet's validation pipeline."""

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from nanodet_common.errors import InputError
from nanodet_common.geometry import fit
from nanodet_common.image_header import header_size, is_cut_off_png

MAX_PIXELS = 200_000_000
"""Of a JPEG or PNG: 600 MB when decoded. A file of a few kilobytes can claim billions. OpenCV's own limit is 2^30."""
LONGEST_SIDE = 32766
"""Pixels; OpenCV warps no larger pictures."""


def load_image(path: str | Path) -> np.ndarray:
    """An image file as uint8 (H, W, 3), blue first.

    Raises InputError where there is none, it does not decode, has more than MAX_PIXELS, or is too large to be warped.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot read the image: {error.strerror}") from error
    _check_size(path, header_size(io.BytesIO(content)))
    if is_cut_off_png(content):
        raise InputError(f"{path}: not an image that can be decoded: a PNG that is cut off or damaged")
    try:
        image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
    except cv2.error as error:
        raise InputError(f"{path}: cannot decode the image: {error.err}") from error
    if image is None:
        raise InputError(f"{path}: not an image that OpenCV can decode (JPEG, PNG, BMP, ... are)")
    _check_size(path, (image.shape[1], image.shape[0]))
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
    _check_size(path, size)
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
    target, matrix = fit((image.shape[1], image.shape[0]), input_size, keep_ratio=keep_ratio)
    resized = cv2.warpPerspective(image, matrix, dsize=target)
    return normalise(unit_range(resized), mean, std), matrix


def unit_range(image: np.ndarray) -> np.ndarray:
    """uint8 values 0..255 as float32 0..1."""
    return image.astype(np.float32) / np.float32(255)


def normalise(image: np.ndarray, mean: Sequence[float], std: Sequence[float]) -> np.ndarray:
    """float32 (H, W, 3) in 0..1 -> (image - mean) / std, (3, H, W), where mean and std count 0..255.

    The quotients by 255 are the original's, for equal rounding.
    """
    # Channels first, as numpy is slow with the innermost dimension as short as 3.
    planes = image.transpose(2, 0, 1).copy()
    planes -= _each_channel(mean)
    planes /= _each_channel(std)
    return planes


def _check_size(path: str | Path, size: tuple[int, int] | None) -> None:
    """Raises InputError for a (width, height) that is too much; None is not known yet."""
    if size and size[0] * size[1] > MAX_PIXELS:
        raise InputError(f"{path}: {size[0]} x {size[1]} pixels; at most {MAX_PIXELS:,} are decoded")
    if size and max(size) > LONGEST_SIDE:
        raise InputError(f"{path}: {size[0]} x {size[1]} pixels; at most {LONGEST_SIDE:,} a side can be processed")


def _each_channel(values: Sequence[float]) -> np.ndarray:
    return (np.float32(values) / np.float32(255))[:, None, None]
