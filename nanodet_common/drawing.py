"""Pictures of detections, drawn with OpenCV. Images are uint8 (H, W, 3), blue first; inputs stay untouched."""

from collections.abc import Sequence

import cv2
import numpy as np

from nanodet_common.postprocess import Detections

FONT = cv2.FONT_HERSHEY_SIMPLEX
BLACK = (0, 0, 0)
WHITE = (255, 255, 255)
TITLE_HEIGHT = 36
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
            box = tuple(round(float(side)) for side in detections.boxes[index])
            _draw_box(canvas, box, f"{class_names[label]} {score:.2f}", class_color(label))
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
    height = max(len(left), len(right))
    panels = [_panel(image, title, height) for image, title in zip((left, right), titles, strict=True)]
    gap = np.full((len(panels[0]), GAP, 3), WHITE, np.uint8)
    return np.hstack([panels[0], gap, panels[1]])


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


def _panel(image: np.ndarray, title: str, height: int) -> np.ndarray:
    panel = np.full((TITLE_HEIGHT + height, image.shape[1], 3), WHITE, np.uint8)
    panel[TITLE_HEIGHT : TITLE_HEIGHT + len(image)] = image
    cv2.putText(panel, title, (GAP, TITLE_HEIGHT - 11), FONT, 0.7, BLACK, 1, cv2.LINE_AA)
    return panel
