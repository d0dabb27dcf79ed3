"""How long post-processing and evaluation take, on what trained weights find in the VOC2007 test images.

    python -m alignment_tests.benchmarks.evaluation SHARED [--images 100]

SHARED is the folder of reference material. Prints seconds, or milliseconds an image, of wall clock and of CPU
time; the two differ where others use the machine.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from alignment_tests.nanodet_common.evaluation.sets import golden_detections, voc_test_set
from nanodet_common.datasets.dataset import ImageRecord
from nanodet_common.evaluation.agreement import compare_runs
from nanodet_common.evaluation.coco import coco_metrics
from nanodet_common.evaluation.page import Run, to_html
from nanodet_common.evaluation.results import read_results, write_results
from nanodet_common.evaluation.voc import voc_metrics
from nanodet_common.geometry import resize_matrix
from nanodet_common.margins import Floor, candidates, margins
from nanodet_common.postprocess import NANODET_LIMITS, decode, detections
from nanodet_common.preprocess import load_image, preprocess

CLASSES, REG_MAX, STRIDES, SIZE = 20, 7, (8, 16, 32, 64), (320, 320)
MEAN, STD = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("shared", type=Path)
    parser.add_argument("--images", type=int, default=100, help="images for post-processing")
    options = parser.parse_args()
    dataset = voc_test_set(options.shared)
    _post_processing(options.shared, dataset.images[: options.images])

    found = golden_detections(options.shared, dataset)
    print(f"evaluation of {len(dataset):,} images, {sum(len(one.scores) for one in found.values()):,} detections")
    coco = _timed("  COCO metrics", lambda: coco_metrics(dataset, found))
    voc = _timed("  VOC metrics", lambda: voc_metrics(dataset, found))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "results.json")
        _timed("  writing results", lambda: write_results(path, dataset, found))
        print(f"  {path.stat().st_size / 1e6:.1f} MB")
        _timed("  reading results", lambda: read_results(path, dataset))
    result = _timed("  comparing two runs", lambda: compare_runs(dataset, found, found))
    runs = [Run("one", coco, voc), Run("two", coco, voc)]
    _timed("  HTML page of two runs", lambda: to_html("A page", runs, agreement=result))


def _post_processing(shared: Path, images: tuple[ImageRecord, ...]) -> None:
    outputs = _head_outputs(shared, images)
    places = [(SIZE, resize_matrix(record.size, SIZE, keep_ratio=False), record.size) for record in images]
    decoded = [decode(output, CLASSES, REG_MAX, STRIDES, SIZE) for output in outputs]
    above = np.mean([np.count_nonzero(scores > NANODET_LIMITS.score_threshold) for scores, _ in decoded])
    print(f"post-processing of {outputs.shape[1]:,} points x {CLASSES} classes, {above:.0f} above the threshold")

    def normal_path() -> None:
        for output, place in zip(outputs, places, strict=True):
            detections(output, CLASSES, REG_MAX, STRIDES, *place)

    def margin_path() -> None:
        for scores_and_boxes, place in zip(decoded, places, strict=True):
            margins(candidates(*scores_and_boxes, *place), NANODET_LIMITS, Floor(1e-6, 1e-3))

    _timed("  detections", normal_path, images=len(images))
    _timed("  margins", margin_path, images=len(images))


def _head_outputs(shared: Path, images: tuple[ImageRecord, ...]) -> np.ndarray:
    import torch

    import nanodet_ref_torch

    model = nanodet_ref_torch.build_model("nanodet-plus-m_320", num_classes=CLASSES).eval()
    state = torch.load(shared / "weights" / "nanodet-plus-m_320_voc20.pth", weights_only=True)["state_dict"]
    model.load_state_dict(state, strict=False)
    inputs = (preprocess(load_image(record.file), SIZE, MEAN, STD, keep_ratio=False)[0] for record in images)
    with torch.no_grad():
        return np.concatenate([model(torch.from_numpy(image[None])).numpy() for image in inputs])


def _timed(label: str, function: Callable[[], Any], *, images: int | None = None) -> Any:
    wall, busy = time.perf_counter(), time.process_time()
    result = function()
    wall, busy = time.perf_counter() - wall, time.process_time() - busy
    if images:
        print(f"{label}: {wall / images * 1e3:.1f} ms an image ({busy / images * 1e3:.1f} of CPU time)")
    else:
        print(f"{label}: {wall:.2f} s ({busy:.2f} of CPU time)")
    return result


if __name__ == "__main__":
    main()
