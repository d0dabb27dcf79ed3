"""Pictures of detections, drawn with OpenCV. Images are uint8 (H, W, 3), blue first; inputs stay untouched."""

from collections.abc import Sequence

import cv2
import numpy as np

from nanodet_common.postprocess import Detections

FONT = cv2.FONT_HERSHEY_SIMPLEX
BLACK = (0, 0, 0)
WHITE = (255, 255, 255)
TITLE_HEIGHT = 36
TITLE_SCALE = 0.7
GAP = 8


def draw_detections(
    image: np.ndarray, detections: Detections, class_names: Sequence[str], score_threshold: float = 0.3
) -> np.ndarray:
    """A copy of the image with a labelled box for every detection whose score reaches the threshold.

    OpenCV's font is ASCII: other characters of a class name appear as question marks.
    """
    canvas = image.copy()
    # The best come last, on top of the others.
    for index in reversed(range(len(detections.scores))):
        score, label = float(detections.scores[index]), int(detections.labels[index])
        if score >= score_threshold:
            _draw_box(
                canvas, _rounded(detections.boxes[index]), f"{class_names[label]} {score:.2f}", class_color(label)
            )
    return canvas


def draw_objects(image: np.ndarray, boxes: np.ndarray, labels: np.ndarray, class_names: Sequence[str]) -> np.ndarray:
    """A copy of the image with a box and the name of its class for every object: boxes (n, 4), labels (n,)."""
    canvas = image.copy()
    for box, label in zip(boxes, labels, strict=True):
        _draw_box(canvas, _rounded(box), class_names[label], class_color(int(label)))
    return canvas


def class_color(label: int) -> tuple[int, int, int]:
    """A bright colour (blue, green, red) for a class; neighbouring labels differ clearly."""
    # Steps of the golden angle never fall into a cycle; OpenCV counts hue in half degrees.
    hue = round(label * 137.508 / 2) % 180
    value = 255 if label % 2 == 0 else 200
    blue, green, red = cv2.cvtColor(np.uint8([[[hue, 220, value]]]), cv2.COLOR_HSV2BGR)[0, 0]
    return int(blue), int(green), int(red)


def side_by_side(left: np.ndarray, right: np.ndarray, titles: tuple[str, str]) -> np.ndarray:
    """Two images next to each other, each under its title; the shorter one is filled up with white."""
    return grid((left, right), titles, columns=2)


def grid(images: Sequence[np.ndarray], titles: Sequence[str], *, columns: int) -> np.ndarray:
    """Images, at least one, in rows of so many, each under its title.

    A row is as high as its highest image, a column as wide as its widest; the rest is white.
    """
    columns = min(columns, len(images))
    widths = [max(image.shape[1] for image in images[column::columns]) for column in range(columns)]
    rows = []
    for first in range(0, len(images), columns):
        row = slice(first, first + columns)
        height = max(len(image) for image in images[row])
        cells = [_cell(*cell, height) for cell in zip(images[row], titles[row], widths, strict=False)]
        rows.append(np.hstack(_with_gaps(cells, axis=1)))
    width = max(row.shape[1] for row in rows)
    return np.vstack(_with_gaps([_filled_up(row, len(row), width) for row in rows], axis=0))


def _rounded(box: np.ndarray) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(float(side)) for side in box)
    return left, top, right, bottom


def _draw_box(canvas: np.ndarray, box: tuple[int, int, int, int], text: str, color: tuple[int, int, int]) -> None:
    left, top, right, bottom = box
    # 1 at VGA size: the picture stays readable when it is shown as wide as a page.
    unit = max(1.0, min(canvas.shape[:2]) / 480)
    scale, thickness = 0.45 * unit, max(1, round(unit))
    cv2.rectangle(canvas, (left, top), (right, bottom), color, 2 * thickness)

    (width, height), baseline = cv2.getTextSize(text, FONT, scale, thickness)
    # Above the box where there is room, otherwise inside; never beyond the right edge.
    x = max(0, min(left, canvas.shape[1] - width))
    y = top - baseline if top >= height + baseline else top + height + baseline
    cv2.rectangle(canvas, (x, y - height - baseline), (x + width, y + baseline), color, cv2.FILLED)
    cv2.putText(canvas, text, (x, y), FONT, scale, _readable_on(color), thickness, cv2.LINE_AA)


def _readable_on(color: tuple[int, int, int]) -> tuple[int, int, int]:
    blue, green, red = color
    luma = 0.114 * blue + 0.587 * green + 0.299 * red
    return BLACK if luma > 128 else WHITE


def _cell(image: np.ndarray, title: str, width: int, height: int) -> np.ndarray:
    """The image under its title, filled up with white; the title is written smaller where it would be wider."""
    bar = np.full((TITLE_HEIGHT, width, 3), WHITE, np.uint8)
    (text_width, _), _ = cv2.getTextSize(title, FONT, TITLE_SCALE, 1)
    scale = TITLE_SCALE * min(1, max(1, width - 2 * GAP) / max(1, text_width))
    cv2.putText(bar, title, (GAP, TITLE_HEIGHT - 11), FONT, scale, BLACK, 1, cv2.LINE_AA)
    return np.vstack([bar, _filled_up(image, height, width)])


def _filled_up(image: np.ndarray, height: int, width: int) -> np.ndarray:
    canvas = np.full((height, width, 3), WHITE, np.uint8)
    canvas[: len(image), : image.shape[1]] = image
    return canvas


def _with_gaps(parts: Sequence[np.ndarray], axis: int) -> list[np.ndarray]:
    shape = list(parts[0].shape)
    shape[axis] = GAP
    gap = np.full(shape, WHITE, np.uint8)
    return [part for joined in parts for part in (gap, joined)][1:]
