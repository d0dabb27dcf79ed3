import cv2
import numpy as np
import pytest

from nanodet_common.config import load_config
from nanodet_common.errors import InputError
from nanodet_common.preprocess import load_image, preprocess

PIPELINE = load_config("nanodet-plus-m_320").data.val.pipeline


@pytest.mark.parametrize("keep_ratio", [True, False])
def test_input_and_matrix_are_those_of_the_original(keep_ratio, shared):
    golden = np.load(shared / "golden" / "preprocess_2007_000032_320.npz")
    image = load_image(shared / "golden" / "2007_000032.jpg")
    array, matrix = preprocess(image, (320, 320), PIPELINE.mean, PIPELINE.std, keep_ratio=keep_ratio)
    expected = golden[f"img_keep_ratio_{keep_ratio}"]
    assert (array.shape, array.dtype) == (expected.shape, np.float32)
    np.testing.assert_allclose(array, expected, rtol=0, atol=1e-6)
    np.testing.assert_allclose(matrix, golden[f"warp_matrix_keep_ratio_{keep_ratio}"], rtol=0, atol=1e-12)


def test_input_at_416_is_that_of_the_original(shared):
    golden = np.load(shared / "golden" / "forward_voc20_416.npz")["img"][0]
    image = load_image(shared / "golden" / "2007_000032.jpg")
    array, _ = preprocess(image, (416, 416), PIPELINE.mean, PIPELINE.std, keep_ratio=False)
    np.testing.assert_allclose(array, golden, rtol=0, atol=1e-6)


def test_result_is_contiguous_and_normalised():
    image = np.full((20, 30, 3), (10, 20, 30), np.uint8)
    array, _ = preprocess(image, (64, 32), (10, 10, 10), (1, 2, 4), keep_ratio=False)
    assert array.shape == (3, 32, 64)
    assert array.flags.c_contiguous
    np.testing.assert_allclose(array[:, 16, 32], [0, 5, 5], atol=1e-5)


def test_image_is_blue_first_and_grey_becomes_colour(tmp_path):
    path = tmp_path / "a name with spaces and ü.png"
    path.write_bytes(cv2.imencode(".png", np.full((4, 6), 7, np.uint8))[1].tobytes())
    np.testing.assert_array_equal(load_image(path), np.full((4, 6, 3), 7, np.uint8))


def test_missing_image(tmp_path):
    with pytest.raises(InputError, match=r"absent\.jpg: cannot read the image: No such file"):
        load_image(tmp_path / "absent.jpg")


@pytest.mark.parametrize("content", [b"", b"no image", b"\x89PNG\r\n\x1a\n" + bytes(30)])
def test_file_that_does_not_decode(content, tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"broken\.jpg: not an image"):
        load_image(path)
