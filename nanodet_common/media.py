"""Pictures and videos among the files that a user names, and videos read and written frame by frame."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from nanodet_common.errors import InputError
from nanodet_common.files import write_bytes

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
VIDEO_SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")
USUAL_SPEED, FASTEST = 25.0, 1000.0
"""Frames a second: of a video that does not say, and what is no longer believed."""


class MediaFile(NamedTuple):
    """A file to look at, and the relative path under which its result is kept."""

    path: Path
    kept_as: Path

    @property
    def is_video(self) -> bool:
        return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_media(sources: Sequence[Path], *, results: Path) -> list[MediaFile]:
    """Files as they are named, and of a folder all pictures and videos in it and below, sorted.

    results: the folder of results, in which nothing is looked for. Raises InputError for a source that does not exist,
    for a folder with nothing to look at, and for two results that would be kept under one name.
    """
    found = [one for source in sources for one in _media_in(source, results)]
    places: dict[Path, Path] = {}
    for one in found:
        if (other := places.setdefault(one.kept_as, one.path)) != one.path:
            raise InputError(f"{other} and {one.path} would both be kept as {one.kept_as}: give the folder above them")
    return [MediaFile(path, kept_as) for kept_as, path in places.items()]


def _media_in(source: Path, results: Path) -> list[MediaFile]:
    if source.is_file():
        return [MediaFile(source, Path(source.name))]
    if not source.is_dir():
        raise InputError(f"{source}: no such file or folder")
    suffixes = IMAGE_SUFFIXES + VIDEO_SUFFIXES
    inside = (path for path in source.rglob("*") if path.suffix.lower() in suffixes and path.is_file())
    files = sorted(path for path in inside if not path.resolve().is_relative_to(results.resolve()))
    if not files:
        raise InputError(f"{source}: no picture or video in this folder ({', '.join(suffixes)})")
    return [MediaFile(path, path.relative_to(source)) for path in files]


class Video(NamedTuple):
    """An open video: its speed in frames a second, how many frames it claims to have (0: unknown), and the frames."""

    speed: float
    expected: int
    frames: Iterator[np.ndarray]


@contextmanager
def open_video(path: Path) -> Iterator[Video]:
    """Frames are uint8 (H, W, 3), blue first. Raises InputError for a file that does not decode."""
    capture = cv2.VideoCapture(str(path))
    try:
        decoded, first = capture.read()
        if not decoded:
            raise InputError(f"{path}: not a video that OpenCV can decode")
        speed = capture.get(cv2.CAP_PROP_FPS)
        expected = max(0, round(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        yield Video(speed if 0 < speed <= FASTEST else USUAL_SPEED, expected, _frames(first, capture))
    finally:
        capture.release()


def drawn_image(place: Path) -> Path:
    """Where the drawn picture goes: under its own name, with .png behind it where its format is not written here."""
    return place if place.suffix.lower() in (".jpg", ".jpeg", ".png") else place.with_name(f"{place.name}.png")


def drawn_video(place: Path) -> Path:
    """Where the drawn video goes: it becomes an MP4, whatever it was."""
    return place if place.suffix.lower() == ".mp4" else place.with_name(f"{place.name}.mp4")


def write_image(path: Path, pixels: np.ndarray) -> None:
    """Write a picture, whole or not at all. Raises InputError where it cannot be written."""
    _, content = cv2.imencode(path.suffix, pixels)
    write_bytes(path, content.tobytes())


def write_video(path: Path, frames: Iterable[np.ndarray], speed: float) -> None:
    """Write an MP4 (MPEG-4 part 2), whole or not at all; all frames have the size of the first.

    Raises InputError where it cannot be written.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.mp4")
    writer = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for frame in frames:
            if writer is None:
                height, width = frame.shape[:2]
                writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter.fourcc(*"mp4v"), speed, (width, height))
                if not writer.isOpened():
                    raise InputError(f"{path}: OpenCV cannot write a video of {width} x {height} pixels here")
            writer.write(frame)
        writer.release()
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror or error}; give another path") from error
    finally:
        if writer is not None:
            writer.release()
        temporary.unlink(missing_ok=True)


def _frames(first: np.ndarray, capture: cv2.VideoCapture) -> Iterator[np.ndarray]:
    decoded, frame = True, first
    while decoded:
        yield frame
        decoded, frame = capture.read()
