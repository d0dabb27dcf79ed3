"""Data sets and weights that a test writes: pictures with rectangles on them, annotated in either format."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path

import cv2
import numpy as np

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from nanodet_common.config import load_config
from nanodet_common.initialise import lively_state
from nanodet_common.schema import tensor_specs

NAMES = ("red brick", "green_leaf", "blaue Tür")
"""A class list of nobody else's; names with a space, an underscore and a letter beyond ASCII."""
SIDE = 96
"""Pixels of the network's input: little to compute."""
SIZES = ((120, 80), (64, 64), (50, 150), (1, 1), (33, 70), (200, 40), (96, 96), (97, 31))
"""Width and height of the pictures."""


def write_config(path: Path) -> Path:
    """The m_320 configuration at `SIDE` pixels, with 80 classes."""
    text = (resources.files("nanodet_common") / "configs" / "nanodet-plus-m_320.yml").read_text()
    path.write_text(text.replace("input_size: [320, 320]", f"input_size: [{SIDE}, {SIDE}]"))
    return path


def write_weights(path: Path, config: Path, classes: int = len(NAMES), seed: int = 0) -> Path:
    """A checkpoint of the inference model under which every layer matters and something is found."""
    arch = load_config(config, num_classes=classes).model.arch
    state = lively_state(tensor_specs(arch, training=False), seed)
    for level in range(len(arch.head.strides)):
        state[f"head.gfl_cls.{level}.bias"][:classes] += 2
    write_checkpoint(path, Checkpoint(state))
    return path


def picture(size: tuple[int, int], seed: int) -> np.ndarray:
    """Blots of colour and a rectangle."""
    width, height = size
    blots = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    pixels = cv2.resize(blots, size, interpolation=cv2.INTER_LINEAR)
    cv2.rectangle(pixels, (width // 4, height // 4), (width // 2, height // 2), (30, 60, 220), cv2.FILLED)
    return pixels


def box(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """x1, y1, x2, y2 of the object of a picture; it has an area in the smallest one too."""
    width, height = size
    return width // 4, height // 4, width // 2 + 1, height // 2 + 1


def voc_set(
    folder: Path, sizes: Sequence[tuple[int, int]] = SIZES, names: Sequence[str] = NAMES, *, objects: bool = True
) -> Path:
    """A VOC folder with the list `val`; the classes take turns. `objects`: whether there are any."""
    for part in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (folder / part).mkdir(parents=True)
    for number, size in enumerate(sizes):
        cv2.imwrite(str(folder / "JPEGImages" / f"p{number}.jpg"), picture(size, number))
        sides = dict(zip(("xmin", "ymin", "xmax", "ymax"), box(size), strict=True))
        bndbox = "".join(f"<{name}>{value}</{name}>" for name, value in sides.items())
        one = f"<object><name>{names[number % len(names)]}</name><bndbox>{bndbox}</bndbox></object>"
        xml = f"<annotation><filename>p{number}.jpg</filename>{one if objects else ''}</annotation>"
        (folder / "Annotations" / f"p{number}.xml").write_text(xml, encoding="utf-8")
    (folder / "ImageSets" / "Main" / "val.txt").write_text("".join(f"p{number}\n" for number in range(len(sizes))))
    return folder


def break_off(*pictures: Path) -> None:
    """Leave of each about half: its header is whole, so that reading the data set has nothing against it."""
    for picture in pictures:
        content = picture.read_bytes()
        picture.write_bytes(content[: len(content) // 2 + 200])


def coco_set(folder: Path, sizes: Sequence[tuple[int, int]] = SIZES, names: Sequence[str] = NAMES) -> tuple[Path, Path]:
    """A COCO file and its folder of pictures; ids of images and categories are neither contiguous nor from 1."""
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    images, annotations = [], []
    for number, size in enumerate(sizes):
        cv2.imwrite(str(pictures / f"p{number}.png"), picture(size, number))
        x1, y1, x2, y2 = box(size)
        images.append({"id": 10 * number + 7, "file_name": f"p{number}.png", "width": size[0], "height": size[1]})
        place = {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1), "iscrowd": 0}
        category = 5 + 3 * (number % len(names))
        annotations.append({"id": number, "image_id": 10 * number + 7, "category_id": category, **place})
    categories = [{"id": 5 + 3 * label, "name": name} for label, name in enumerate(names)]
    file = folder / "instances.json"
    file.write_text(json.dumps({"images": images, "annotations": annotations, "categories": categories}))
    return file, pictures
