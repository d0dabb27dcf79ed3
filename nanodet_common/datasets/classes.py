"""Names of classes, as data sets and class lists spell them."""

from collections.abc import Sequence

from nanodet_common.errors import InputError


def plain_name(name: str) -> str:
    """The form in which names are compared: "traffic_light" of a class list is "traffic light" of COCO."""
    return " ".join(name.replace("_", " ").split())


def labels_of(class_names: Sequence[str]) -> dict[str, int]:
    """Plain name -> label. Raises InputError for an empty name and for names that are alike."""
    labels: dict[str, int] = {}
    for label, name in enumerate(class_names):
        plain = plain_name(name)
        if not plain:
            raise InputError(f"class {label} of the class list has no name")
        if labels.setdefault(plain, label) != label:
            raise InputError(f"the class list has {class_names[labels[plain]]!r} and {name!r}, which count as one name")
    return labels
