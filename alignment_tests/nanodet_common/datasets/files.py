"""Small data sets on disk, in VOC's form and in COCO's, and their pictures."""

import json
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np


def write_picture(path: Path, width: int = 40, height: int = 30) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())


def object_xml(name: str = "cat", box: Sequence[object] = (5, 6, 20, 25), more: str = "") -> str:
    sides = "".join(f"<{side}>{x}</{side}>" for side, x in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name>{more}<bndbox>{sides}</bndbox></object>"


def annotation_xml(*objects: str, file_name: str = "a.jpg") -> str:
    size = "<size><width>40</width><height>30</height><depth>3</depth></size>"
    return f"<annotation><filename>{file_name}</filename>{size}{''.join(objects)}</annotation>"


def write_voc(
    folder: Path, annotations: dict[str, str], *, listed: Sequence[str] | None = None, name: str = "test"
) -> Path:
    """A VOC folder of one year, with a picture of 40 x 30 pixels for every annotation."""
    for stem, xml in annotations.items():
        write_picture(folder / "JPEGImages" / f"{stem}.jpg")
        (folder / "Annotations").mkdir(exist_ok=True)
        (folder / "Annotations" / f"{stem}.xml").write_text(xml)
    sets = folder / "ImageSets" / "Main"
    sets.mkdir(parents=True, exist_ok=True)
    (sets / f"{name}.txt").write_text("".join(f"{line}\n" for line in (annotations if listed is None else listed)))
    return folder


def coco_content() -> dict[str, Any]:
    """Two images of 40 x 30 pixels and three objects; ids with gaps, not in order."""
    return {
        "images": [
            {"id": 70, "file_name": "b.jpg", "width": 40, "height": 30},
            {"id": 3, "file_name": "a.jpg", "width": 40, "height": 30},
        ],
        "categories": [{"id": 10, "name": "traffic light"}, {"id": 90, "name": "cat"}, {"id": 1, "name": "person"}],
        "annotations": [
            {"id": 1, "image_id": 70, "category_id": 90, "bbox": [5, 6, 15, 19], "area": 285, "iscrowd": 0},
            {"id": 2, "image_id": 3, "category_id": 10, "bbox": [0.5, 0.25, 10, 10], "area": 100, "iscrowd": 1},
            {"id": 3, "image_id": 3, "category_id": 1, "bbox": [1, 2, 3, 4], "area": 12},
        ],
    }


def write_coco(folder: Path, content: Any) -> tuple[Path, Path]:
    """The file of annotations and the folder of pictures a.jpg and b.jpg."""
    for name in ("a.jpg", "b.jpg"):
        write_picture(folder / "images" / name)
    path = folder / "instances.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path, folder / "images"


def exif(orientation: int, order: str = "<") -> bytes:
    """Exif data with one entry."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def with_exif(jpeg: bytes, data: bytes) -> bytes:
    """The JPEG with these Exif data as its first segment."""
    segment = b"Exif\0\0" + data
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
