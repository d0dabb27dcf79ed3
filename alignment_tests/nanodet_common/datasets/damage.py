"""Hypothesis strategies for damaged annotations and pictures: bytes that stand in place of a good file's."""

import copy
import json
import re
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from hypothesis import strategies as st

from alignment_tests.mutated import damaged
from alignment_tests.nanodet_common.datasets.files import annotation_xml, coco_content, exif, object_xml, with_exif

CLASSES = ("person", "cat", "traffic light")
XML = '<?xml version="1.0" encoding="utf-8"?>\n' + annotation_xml(
    object_xml("person", (1, 2, 30, 20), "<pose>Left</pose><truncated>0</truncated><difficult>1</difficult>"),
    object_xml("cat", (5.25, 6, 40, 30), "<part><name>head</name><bndbox><xmin>7</xmin></bndbox></part>"),
)

TEXTS = ["", "0", "-1", "nan", "-inf", "1e400", "9" * 5000, "1_0", "٣", "&amp;", "&#0;", "<", "\x1b[31m", "\ud7ff" * 99]
TAGS = ["object", "bndbox", "annotation", "xmin", "difficult", "!DOCTYPE annotation", "?xml?", "a:b", "x" * 70_000]
VALUES = [None, True, 0, -1, 1.5, 10**400, float("nan"), float("-inf"), 1e308, "", "\0", "\ud800", "../a.jpg", [], {}]


@st.composite
def damaged_xml(draw: st.DrawFn) -> bytes:
    text = XML
    for _ in range(draw(st.integers(0, 3))):
        pattern, choices = draw(st.sampled_from([(r"(?<=>)[^<>]+(?=<)", TEXTS), (r"(?<=<)/?[^<>]+(?=>)", TAGS)]))
        if places := list(re.finditer(pattern, text)):
            place = draw(st.sampled_from(places))
            text = text[: place.start()] + draw(st.sampled_from(choices)) + text[place.end() :]
    content = text.encode(draw(st.sampled_from(["utf-8", "utf-16", "latin-1"])), errors="replace")
    return draw(damaged(content)) if draw(st.booleans()) else content


@st.composite
def damaged_json(draw: st.DrawFn) -> bytes:
    content = copy.deepcopy(coco_content())
    for _ in range(draw(st.integers(1, 4))):
        # One key is as likely as another, however many entries have it.
        places = defaultdict(list)
        for holder, key in _places(content):
            places[key if isinstance(key, str) else type(holder[key]).__name__].append((holder, key))
        if not places:
            break
        holder, key = draw(st.sampled_from(places[draw(st.sampled_from(sorted(places)))]))
        match draw(st.sampled_from(["replace", "replace", "replace", "remove", "repeat", "nest"])):
            case "replace":
                holder[key] = draw(st.sampled_from(VALUES))
            case "remove":
                del holder[key]
            case "repeat" if isinstance(holder, list):
                holder.append(holder[key])
            case "nest":
                for _ in range(draw(st.sampled_from([1, 50, 200]))):
                    holder[key] = [holder[key]]
    text = json.dumps(content).encode()
    return draw(damaged(text)) if draw(st.sampled_from([True, False, False])) else text


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) of a tree, down to a depth that is no trap for this function itself."""
    pending = [content]
    for holder in pending:
        for key in range(len(holder)) if isinstance(holder, list) else holder:
            yield holder, key
            if isinstance(holder[key], list | dict) and len(pending) < 50:
                pending.append(holder[key])


def encoded(image: np.ndarray, *options: int) -> bytes:
    return cv2.imencode(".jpg", image, options)[1].tobytes()


NOISE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
JPEGS = (
    encoded(NOISE),
    encoded(NOISE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
    encoded(NOISE[:, :, 0], cv2.IMWRITE_JPEG_RST_INTERVAL, 1),
    with_exif(encoded(NOISE), exif(6)),
    encoded(NOISE[:1, :1]),
    cv2.imencode(".png", NOISE)[1].tobytes(),
)
LARGE = encoded(np.zeros((6000, 8000, 3), np.uint8))
SIDES = (0, 1, 2, 40, 65535)
LARGE_SIDES = (0, 8000, 14142, 14143, 65535)
"""The square of 14,142 is just within MAX_PIXELS."""


@st.composite
def damaged_picture(draw: st.DrawFn, content: bytes, sides: tuple[int, ...] = SIDES) -> bytes:
    """Half of them claim another size."""
    frame = re.search(rb"\xff[\xc0\xc2]\0.\x08", content, re.DOTALL)
    if frame and draw(st.booleans()):
        size = struct.pack(">HH", draw(st.sampled_from(sides)), draw(st.sampled_from(sides)))
        content = content[: frame.end()] + size + content[frame.end() + 4 :]
    return draw(damaged(content)) if draw(st.booleans()) else content
