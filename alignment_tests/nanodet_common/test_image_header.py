"""The size in the header against the size of what OpenCV decodes."""

import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest

from alignment_tests.nanodet_common.datasets.files import exif, with_exif
from nanodet_common.errors import InputError
from nanodet_common.image_header import header_size, is_cut_off_png
from nanodet_common.preprocess import image_size, load_image

NOISE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
SEGMENT = b"\xff\xe5\0\x04ab"


def encoded(suffix: str, *options: int, image: np.ndarray = NOISE) -> bytes:
    return cv2.imencode(suffix, image, options)[1].tobytes()


def png_with(chunk: bytes, *, last: bool) -> bytes:
    png = encoded(".png")
    chunk = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    at = len(png) - 12 if last else 33
    return png[:at] + chunk + png[at:]


JPEG = encoded(".jpg")
CERTAIN = {
    "baseline": JPEG,
    "progressive": encoded(".jpg", cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    "grey": encoded(".jpg", image=NOISE[:, :, 0]),
    "one pixel": encoded(".jpg", image=NOISE[:1, :1]),
    "another segment": JPEG[:2] + SEGMENT + JPEG[2:],
    "fill bytes": JPEG[:2] + b"\xff\xff" + JPEG[2:],
    "PNG": encoded(".png"),
    "PNG with text": png_with(b"tEXtkey\0value", last=False),
    **{f"Exif {value} {order}": with_exif(JPEG, exif(value, order)) for value in range(1, 9) for order in "<>"},
    "Exif without orientation": with_exif(JPEG, b"II*\0\x08\0\0\0\0\0\0\0\0\0"),
}
UNCERTAIN = {
    "BMP": encoded(".bmp"),
    "WebP": encoded(".webp"),
    "garbage between segments": JPEG[:2] + SEGMENT + b"garbage" + JPEG[2:],
    "PNG on its side": png_with(b"eXIf" + exif(6), last=False),
    "PNG on its side, told last": png_with(b"eXIf" + exif(6), last=True),
    "orientation 9": with_exif(JPEG, exif(9)),
    "no TIFF": with_exif(JPEG, b"xx*\0"),
    "entries beyond the end": with_exif(JPEG, exif(6)[:12]),
    "two Exif segments": with_exif(with_exif(JPEG, exif(1)), exif(6)),
}


@pytest.mark.parametrize("case", [*CERTAIN, *UNCERTAIN])
def test_size_is_that_of_the_decoded_image(case, tmp_path):
    content = (CERTAIN | UNCERTAIN)[case]
    path = tmp_path / "picture"
    path.write_bytes(content)
    height, width = load_image(path).shape[:2]
    assert image_size(path) == (width, height)
    assert header_size(io.BytesIO(content)) == ((width, height) if case in CERTAIN else None)


def test_photographs(shared):
    pictures = sorted((shared / "data" / "VOCdevkit").glob("*/JPEGImages/*.jpg"))[::100]
    assert len(pictures) > 50
    for path in pictures:
        height, width = load_image(path).shape[:2]
        with open(path, "rb") as file:
            assert header_size(file) == (width, height), path


def claiming(width: int, height: int) -> bytes:
    """A small JPEG that says it is of another size."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + struct.pack(">HH", height, width) + JPEG[at + 4 :]


@pytest.mark.parametrize("read", [load_image, image_size])
def test_what_is_too_large_is_refused_before_it_is_decoded(read, tmp_path):
    path = tmp_path / "bomb.jpg"
    path.write_bytes(claiming(65000, 65000))
    with pytest.raises(InputError, match=r"bomb\.jpg: 65000 x 65000 pixels; at most 200,000,000 are decoded"):
        read(path)
    path.write_bytes(claiming(32767, 2))
    with pytest.raises(InputError, match=r"bomb\.jpg: 32767 x 2 pixels; at most 32,766 a side can be processed"):
        read(path)


def test_a_picture_of_8000_by_6000(tmp_path):
    path = tmp_path / "large.jpg"
    path.write_bytes(encoded(".jpg", image=np.zeros((6000, 8000, 3), np.uint8)))
    assert image_size(path) == (8000, 6000)
    assert load_image(path).shape == (6000, 8000, 3)


def test_no_picture(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match=r"broken\.jpg: not an image"):
        image_size(tmp_path / "broken.jpg")
    with pytest.raises(InputError, match=r"absent\.jpg: cannot read the image: No such file"):
        image_size(tmp_path / "absent.jpg")
    with pytest.raises(InputError, match="cannot read the image: Is a directory"):
        image_size(tmp_path)


def test_no_png_that_opencv_decodes_counts_as_cut_off():
    png = encoded(".png", image=NOISE[:3, :3])
    lengths = [struct.pack(">I", length) for length in (0, 1, 12, 1000)]
    chunks = (8, 33, len(png) - 12)  # header, pixels, end
    changed = [png[:at] + length + png[at + 4 :] for at in chunks for length in lengths]
    for content in (*(png[:end] for end in range(len(png) + 1)), *changed):
        decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) if content else None
        assert decoded is None or not is_cut_off_png(content)


def test_a_png_that_claims_a_gigabyte_is_refused_at_once(tmp_path):
    """OpenCV takes some seconds to make room for it."""
    png = encoded(".png")
    path = tmp_path / "a.png"
    path.write_bytes(png[:33] + struct.pack(">I", 2**30 - 1) + png[37:])
    started = time.perf_counter()
    with pytest.raises(InputError, match="a PNG that is cut off or damaged"):
        load_image(path)
    assert time.perf_counter() - started < 1
