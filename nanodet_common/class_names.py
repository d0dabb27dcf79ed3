"""Names of the classes of the two data sets that NanoDet-Plus weights exist for, in the order of their labels."""

COCO_CLASSES = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic_light",
    "fire_hydrant", "stop_sign", "parking_meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
    "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
    "skis", "snowboard", "sports_ball", "kite", "baseball_bat", "baseball_glove", "skateboard", "surfboard",
    "tennis_racket", "bottle", "wine_glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
    "sandwich", "orange", "broccoli", "carrot", "hot_dog", "pizza", "donut", "cake", "chair", "couch",
    "potted_plant", "bed", "dining_table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell_phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy_bear",
    "hair_drier", "toothbrush",
)  # fmt: skip
"""The 80 classes of COCO, spelled as in NanoDet's configurations."""

VOC_CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog",
    "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""The 20 classes of PASCAL VOC."""


def class_names_for(count: int) -> tuple[str, ...]:
    """Names for `count` classes: those of VOC or COCO where the number fits, otherwise `nameless_classes`."""
    for names in (VOC_CLASSES, COCO_CLASSES):
        if len(names) == count:
            return names
    return nameless_classes(count)


def nameless_classes(count: int) -> tuple[str, ...]:
    """ "class 0", "class 1", ...: for classes of which nothing is known."""
    return tuple(f"class {label}" for label in range(count))
