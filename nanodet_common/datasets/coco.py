"""COCO: one JSON file of images, categories and annotations, and a folder of pictures."""

import math
import reprlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from os.path import isdir, isfile  # unlike Path's own, they answer for names that no file can have
from pathlib import Path
from typing import Any, NamedTuple

from nanodet_common.datasets.classes import labels_of, plain_name
from nanodet_common.datasets.dataset import Dataset
from nanodet_common.datasets.json_file import read_json
from nanodet_common.datasets.objects import AnnotatedObject, Box, image_record, picture_size
from nanodet_common.datasets.problems import OnProblem, Problems
from nanodet_common.errors import InputError

LARGEST_ID = 2**53
"""Above it, readers of JSON that know only float64 take one whole number for another."""

LISTS = ("images", "annotations", "categories")


class Annotation(NamedTuple):
    """An entry of the file's `annotations` and how a message names it: "annotation 17", counted from 1."""

    where: str
    entry: Mapping[str, Any]


def read_coco(
    annotations: Path, images: Path, class_names: Sequence[str] | None, *, on_problem: OnProblem = "skip"
) -> Dataset:
    """The images of a COCO file in the order of their ids, with the pictures of the folder `images`.

    class_names: the categories to use, found by name; None for all of the file, in the order of their ids. An image's
    size is that of the picture. Annotations marked `iscrowd` or `ignore` become crowds. What cannot be used is left
    out and among the data set's problems, or an InputError with on_problem "fail". Raises InputError for a file that
    holds no COCO annotations, for unusable categories and for an unusable class list.
    """
    source, folder = Path(annotations), Path(images)
    if not isdir(folder):
        raise InputError(f"{folder}: no such folder of images")
    content = _checked(read_json(source), source)
    categories = _categories(content["categories"], source)
    names = tuple(categories.values()) if class_names is None else tuple(class_names)
    labels = labels_of(names)
    problems = Problems(on_problem)
    files = _image_files(content["images"], source, problems)
    by_image = _by_image(content["annotations"], files, source, problems)
    records = []
    for image_id, file_name in sorted(files.items()):
        picture = folder / file_name
        if not isfile(picture):
            problems.left_out("missing image", source, f"image {image_id}: no {file_name!r} in {folder}")
            continue
        size = picture_size(picture, problems)
        if size is not None:
            objects = _objects(by_image[image_id], categories, labels, source, problems)
            records.append(image_record(image_id, picture, size, objects, source, problems))
    return Dataset(tuple(records), names, problems.found, _category_ids(names, categories))


def _checked(content: Any, source: Path) -> dict[str, list[Any]]:
    if not isinstance(content, dict):
        raise InputError(f"{source}: not COCO annotations: no object with {', '.join(LISTS)}")
    for key in LISTS:
        if not isinstance(content.get(key), list):
            raise InputError(f"{source}: not COCO annotations: {key!r} is missing or no list")
    return content


def _categories(entries: Sequence[Any], source: Path) -> dict[int, str]:
    """Id -> name in the order of the ids. Raises InputError for an entry that lacks one and for an id given twice."""
    names: dict[int, str] = {}
    for number, entry in enumerate(entries, start=1):
        if not (isinstance(entry, dict) and _is_id(entry.get("id")) and isinstance(entry.get("name"), str)):
            raise InputError(f"{source}: category {number} has no usable id and name")
        if entry["id"] in names:
            raise InputError(f"{source}: two categories have the id {entry['id']}")
        names[entry["id"]] = entry["name"]
    return dict(sorted(names.items()))


def _category_ids(names: Sequence[str], categories: Mapping[int, str]) -> tuple[int, ...]:
    """The ids of the classes; one that the file does not know gets an id that it does not use."""
    ids = {plain_name(name): number for number, name in categories.items()}
    spare = count(max(categories, default=0) + 1)
    return tuple(ids[plain_name(name)] if plain_name(name) in ids else next(spare) for name in names)


def _image_files(entries: Sequence[Any], source: Path, problems: Problems) -> dict[int, str]:
    """Id -> file name."""
    files: dict[int, str] = {}
    for number, entry in enumerate(entries, start=1):
        if not (isinstance(entry, dict) and _is_id(entry.get("id")) and isinstance(entry.get("file_name"), str)):
            problems.left_out("broken image entry", source, f"image {number} has no usable id and file_name")
        elif entry["id"] in files:
            problems.left_out("duplicate image", source, f"image {number} has the id {entry['id']} of an earlier one")
        else:
            files[entry["id"]] = entry["file_name"]
    return files


def _by_image(
    entries: Sequence[Any], files: Mapping[int, str], source: Path, problems: Problems
) -> defaultdict[int, list[Annotation]]:
    found = defaultdict(list)
    for number, entry in enumerate(entries, start=1):
        image_id = entry.get("image_id") if isinstance(entry, dict) else None
        if _is_id(image_id) and image_id in files:
            found[image_id].append(Annotation(f"annotation {number}", entry))
        else:
            problems.left_out("unknown image", source, f"annotation {number} belongs to no image of the file")
    return found


def _objects(
    annotations: Sequence[Annotation],
    categories: Mapping[int, str],
    labels: Mapping[str, int],
    source: Path,
    problems: Problems,
) -> Iterator[AnnotatedObject]:
    for where, entry in annotations:
        category = entry.get("category_id")
        if not _is_id(category) or category not in categories:
            problems.left_out("unknown class", source, f"{where}: there is no category {reprlib.repr(category)}")
            continue
        label = labels.get(plain_name(categories[category]))
        if label is None:
            problems.left_out("unknown class", source, f"{categories[category]!r} is not in the class list")
            continue
        flags = [entry.get(key, 0) for key in ("iscrowd", "ignore")]
        if not all(flag in (0, 1) for flag in flags):
            problems.left_out("bad flag", source, f"{where}: iscrowd or ignore is neither 0 nor 1")
            continue
        box = _box(entry.get("bbox"))
        if box is None:
            problems.left_out(
                "missing box", source, f"{where}: bbox is {reprlib.repr(entry.get('bbox'))}, not four numbers"
            )
            continue
        yield AnnotatedObject(where, box, label, crowd=any(flags), area=_area(entry.get("area")))


def _box(bbox: Any) -> Box | None:
    """x, y, width, height -> x1, y1, x2, y2."""
    if not (isinstance(bbox, list) and len(bbox) == 4 and all(type(side) in (int, float) for side in bbox)):
        return None
    x, y, width, height = map(_float, bbox)
    return x, y, x + width, y + height


def _area(value: Any) -> float | None:
    """A number that can be an area, or None: it only sorts objects by size, and the box can do that too."""
    usable = type(value) in (int, float) and 0 < _float(value) < math.inf
    return _float(value) if usable else None


def _float(value: int | float) -> float:
    """JSON's whole numbers may be larger than any float."""
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_id(value: Any) -> bool:
    return type(value) is int and abs(value) <= LARGEST_ID
