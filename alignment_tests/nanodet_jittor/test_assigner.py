"""Matching by numbers that are none: a run that diverges has to come as far as its loss."""

import jittor as jt
import numpy as np
import pytest
import torch

import nanodet_jittor.assigner
import nanodet_ref_torch.assigner
from alignment_tests import trainers

TOPK = 13


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_match_survives_nan(share: float) -> None:
    """In 2 images, of 400 priors and 3 objects. Where Jittor's topk meets NaN, the process ends."""
    random = np.random.RandomState(0)
    cost, ious = random.uniform(size=(2, 2, 400, 3)).astype(np.float32)
    nothing = random.uniform(size=cost.shape) < share
    cost[nothing] = ious[nothing] = np.nan
    usable = np.ones(cost.shape, bool)
    found = nanodet_jittor.assigner.match(*map(jt.array, (cost, ious, usable)), TOPK)
    assert np.isfinite(found.iou.numpy()).all()
    assert found.positive.numpy().any(axis=1).all()
    nanodet_ref_torch.assigner.match(*map(torch.from_numpy, (cost, ious, usable)), TOPK)


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["torch", "jittor"])
def test_a_step_from_nan_reports_it(framework: str) -> None:
    engine = trainers.trainer(framework)
    entries = engine.state()
    entries["state_dict"]["head.gfl_cls.0.weight"][:] = np.nan
    engine.load(entries)
    report = engine.step(trainers.batch(), 1.0, epoch=0)
    assert np.isnan(report.losses["loss"])


def test_match_survives_boxes_that_are_turned_inside_out() -> None:
    """Their union can be next to nothing, and their IoU any number."""
    random = np.random.RandomState(0)
    cost, ious = random.uniform(size=(2, 2, 400, 3)).astype(np.float32)
    ious[:, ::7] = 1e6
    usable = np.ones(cost.shape, bool)
    found = nanodet_jittor.assigner.match(*map(jt.array, (cost, ious, usable)), TOPK)
    expected = nanodet_ref_torch.assigner.match(*map(torch.from_numpy, (cost, ious, usable)), TOPK)
    for name in ("positive", "object_index"):
        np.testing.assert_array_equal(getattr(found, name).numpy(), getattr(expected, name).numpy())
