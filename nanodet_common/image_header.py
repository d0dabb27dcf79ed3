"""The size of an image without decoding it.

Only what is certain is answered: where a header is unusual, the answer is None, and whoever asks decodes the image.
"""

import io
import struct
from typing import BinaryIO

PNG = b"\x89PNG\r\n\x1a\n"
EXIF = b"Exif\0\0"
ORIENTATION_TAG, SHORT = 0x0112, 3
START_OF_SCAN, END_OF_IMAGE, APP1 = 0xDA, 0xD9, 0xE1
# Frames of every kind of JPEG; the gaps are tables that share the range.
START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH = frozenset(range(0xD0, 0xD9)) | {0x00, 0x01}

Size = tuple[int, int]


def header_size(file: BinaryIO) -> Size | None:
    """(width, height) that OpenCV will give this JPEG or PNG, from a file open at its beginning; None if not certain.

    A photograph that its Exif data says is lying on its side is turned by OpenCV, and counted as turned here.
    """
    start = file.read(2)
    if start == b"\xff\xd8":
        return _jpeg_size(file)
    if start + file.read(6) == PNG:
        return _png_size(file)
    return None


def is_cut_off_png(content: bytes) -> bool:
    """Whether a PNG's chunks claim more bytes than the file has.

    OpenCV decodes none of these, but makes room for what they claim first: up to a gigabyte, which takes seconds.
    """
    if not content.startswith(PNG):
        return False
    at, kind = len(PNG), b""
    while kind != b"IEND" and at < len(content):
        length, kind = _png_chunk(io.BytesIO(content[at : at + 8]))
        at += 8 + length + 4
    return at > len(content)


def _jpeg_size(file: BinaryIO) -> Size | None:
    size, turned = None, None
    while True:
        start, marker = file.read(1), file.read(1)
        while marker == b"\xff":  # any number of these may stand before a marker
            marker = file.read(1)
        if start != b"\xff" or not marker or marker[0] in WITHOUT_LENGTH or marker[0] == END_OF_IMAGE:
            return None
        if marker[0] == START_OF_SCAN:
            break
        length = int.from_bytes(file.read(2), "big") - 2
        if length < 0:
            return None
        content = file.read(length)
        if len(content) < length:
            return None
        if marker[0] in START_OF_FRAME:
            if size or length < 6:
                return None
            height, width = struct.unpack(">HH", content[1:5])
            size = width, height
        elif marker[0] == APP1 and content.startswith(EXIF):
            if turned is not None:
                return None
            turned = _lies_on_its_side(content[len(EXIF) :])
            if turned is None:
                return None
    if not size or 0 in size:
        return None
    return (size[1], size[0]) if turned else size


def _lies_on_its_side(tiff: bytes) -> bool | None:
    """Whether width and height change places; None if these Exif data do not say so plainly."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return None
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return None
    (count,) = struct.unpack_from(order + "H", tiff, at)
    if at + 2 + 12 * count > len(tiff):
        return None
    found = None
    for number in range(count):
        tag, kind, values = struct.unpack_from(order + "HHI", tiff, at + 2 + 12 * number)
        if tag == ORIENTATION_TAG:
            (orientation,) = struct.unpack_from(order + "H", tiff, at + 10 + 12 * number)
            if found is not None or kind != SHORT or values != 1 or not 1 <= orientation <= 8:
                return None
            found = orientation
    return found is not None and found >= 5


def _png_size(file: BinaryIO) -> Size | None:
    """The first chunk says it; a PNG that carries Exif data, which may also be its last chunk, is left to OpenCV."""
    length, kind = _png_chunk(file)
    header = file.read(17)
    if (length, kind, len(header)) != (13, b"IHDR", 17):
        return None
    width, height = struct.unpack(">II", header[:8])
    while kind != b"IEND":
        length, kind = _png_chunk(file)
        if kind in (b"", b"eXIf"):
            return None
        file.seek(length + 4, 1)
    return (width, height) if width and height else None


def _png_chunk(file: BinaryIO) -> tuple[int, bytes]:
    """Length and kind of the chunk that begins here; no kind at the end of the file."""
    head = file.read(8)
    return (int.from_bytes(head[:4], "big"), head[4:]) if len(head) == 8 else (0, b"")
