"""PASCAL VOC: a folder of XML files, one an image, and lists of images."""

import math
from collections.abc import Iterator, Mapping, Sequence
from os.path import isfile  # unlike Path's own, it answers for names that no file can have
from pathlib import Path
from xml.etree.ElementTree import Element

from nanodet_common.datasets.classes import labels_of, plain_name
from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.datasets.objects import AnnotatedObject, Box, image_record, picture_size
from nanodet_common.datasets.problems import OnProblem, Problems
from nanodet_common.datasets.voc_folders import find_lists
from nanodet_common.datasets.xml_file import read_xml
from nanodet_common.errors import InputError

SIDES = ("xmin", "ymin", "xmax", "ymax")
FLAGS = {"0": False, "1": True}


def read_voc(root: Path, sets: Sequence[str], class_names: Sequence[str], *, on_problem: OnProblem = "skip") -> Dataset:
    """The images that the sets list, in that order; boxes are used as they stand in the XML.

    root, sets: as `find_lists` takes them. An image's size is that of the picture, whatever the XML says. What cannot
    be used is left out and among the data set's problems, or an InputError with on_problem "fail". Raises InputError
    for a root or a set that does not exist and for an unusable class list.
    """
    labels = labels_of(class_names)
    problems = Problems(on_problem)
    images: list[ImageRecord] = []
    seen: set[tuple[Path, str]] = set()
    for listed in find_lists(Path(root), sets):
        for name in listed.names:
            if (listed.folder, name) in seen:
                problems.left_out("duplicate image", listed.file, f"{name!r} is listed twice")
                continue
            seen.add((listed.folder, name))
            found = _read_image(listed.folder, name, len(images) + 1, labels, listed.file, problems)
            if found:
                images.append(found)
    return Dataset(tuple(images), tuple(class_names), problems.found)


def _read_image(
    folder: Path, name: str, image_id: int, labels: Mapping[str, int], listed_in: Path, problems: Problems
) -> ImageRecord | None:
    annotation = folder / "Annotations" / f"{name}.xml"
    if not isfile(annotation):
        problems.left_out("missing annotation", listed_in, f"{name!r} is listed, but there is no {annotation}")
        return None
    try:
        root = read_xml(annotation)
    except InputError as error:
        problems.left_out("broken XML", annotation, str(error))
        return None
    if root.tag != "annotation":
        problems.left_out("broken XML", annotation, f"the outermost element is {root.tag!r}, not 'annotation'")
        return None
    picture = _picture(folder / "JPEGImages", name, root)
    if picture is None:
        problems.left_out("missing image", annotation, f"no {name}.jpg in {folder / 'JPEGImages'}")
        return None
    size = picture_size(picture, problems)
    if size is None:
        return None
    objects = _objects(root, labels, annotation, problems)
    return image_record(image_id, picture, size, objects, annotation, problems)


def _picture(folder: Path, name: str, root: Element) -> Path | None:
    """The picture of that name, otherwise the one that the XML names, of which labelling tools write any path."""
    named = (root.findtext("filename") or "").strip().replace("\\", "/")
    for candidate in (folder / f"{name}.jpg", folder / Path(named).name):
        if isfile(candidate):
            return candidate
    return None


def _objects(root: Element, labels: Mapping[str, int], source: Path, problems: Problems) -> Iterator[AnnotatedObject]:
    for number, element in enumerate(root.iterfind("object"), start=1):
        where = f"object {number}"
        name = (element.findtext("name") or "").strip()
        label = labels.get(plain_name(name))
        if label is None:
            problems.left_out("unknown class", source, f"{name!r} is not in the class list")
            continue
        flag = (element.findtext("difficult") or "0").strip()
        difficult = FLAGS.get(flag)
        if difficult is None:
            problems.left_out("bad flag", source, f"{where}: difficult is {flag!r}, not 0 or 1")
            continue
        box = _box(element, where, source, problems)
        if box is not None:
            yield AnnotatedObject(where, box, label, difficult=difficult)


def _box(element: Element, where: str, source: Path, problems: Problems) -> Box | None:
    bndbox = element.find("bndbox")
    if bndbox is None:
        problems.left_out("missing box", source, f"{where} has no bndbox")
        return None
    texts = [bndbox.findtext(side) for side in SIDES]
    for side, text in zip(SIDES, texts, strict=True):
        if text is None or not math.isfinite(_number(text)):
            problems.left_out("bad coordinate", source, f"{where}: {side} is {text!r}")
            return None
    x1, y1, x2, y2 = (_number(text) for text in texts)
    return x1, y1, x2, y2


def _number(text: str) -> float:
    """NaN for what is no number. Python's 1_0 for ten is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
