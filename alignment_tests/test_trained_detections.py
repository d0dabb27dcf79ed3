"""With trained weights, on real images: torch finds what the original found, and Jittor finds what torch finds.

On the first 60 images; `python -m alignment_tests.benchmarks.detections ../shared` takes all of them.
"""

from pathlib import Path

import pytest

from alignment_tests.golden_runs import trained_run
from alignment_tests.nanodet_common.evaluation.sets import golden_detections
from nanodet_common.evaluation.agreement import compare_runs

pytestmark = pytest.mark.slow
IMAGES = 60
CONFIG = "nanodet-plus-m_416"


@pytest.fixture(scope="module")
def reference(shared: Path):
    return trained_run("torch", shared, CONFIG, images=IMAGES)


def test_torch_finds_what_the_original_found(shared: Path, reference) -> None:
    """99.9 % of the detections with a score of at least 0.05, within 0.01 pixels and 1e-5 in score."""
    dataset, run = reference
    compared = compare_runs(dataset, golden_detections(shared, dataset), run.found)
    assert compared.reference > 4000
    assert compared.share_matched >= 0.999


def test_jittor_finds_what_torch_finds(shared: Path, reference) -> None:
    """As much; what a close decision may turn around is for `jtmigrate eval` to tell."""
    dataset, run = reference
    _, candidate = trained_run("jittor", shared, CONFIG, images=IMAGES)
    assert candidate.inputs == run.inputs
    compared = compare_runs(dataset, run.found, candidate.found)
    assert compared.share_matched >= 0.999
    assert compared.candidate == compared.reference
