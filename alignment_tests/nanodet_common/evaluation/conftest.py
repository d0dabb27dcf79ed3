"""The VOC2007 test images, what the original found in them, and what COCO's protocol says of it."""

import pytest

from alignment_tests.nanodet_common.evaluation import sets
from nanodet_common.evaluation.coco import coco_metrics


@pytest.fixture(scope="session")
def golden_run(shared):
    """(data set, detections, COCO metrics) of 1,035 images."""
    dataset = sets.voc_test_set(shared)
    found = sets.golden_detections(shared, dataset)
    return dataset, found, coco_metrics(dataset, found)
