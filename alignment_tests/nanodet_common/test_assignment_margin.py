"""The margin of an assignment: moving a cost by less never changes it, by more does."""

import numpy as np

from nanodet_common.assignment_margin import assignment_margin

TOPK = 3


def assigned(cost, ious, usable):
    """The assignment, spelled out prior by prior."""
    count = np.clip(-np.sort(-ious, axis=1)[:, :TOPK].sum(axis=1).astype(int), 1, TOPK)
    matched = np.zeros(cost.shape, bool)
    for image, per_object in enumerate(count):
        for index, k in enumerate(per_object):
            matched[image, :, index] = cost[image, :, index] <= np.sort(cost[image, :, index])[k - 1]
    matched &= usable
    contested = matched.sum(axis=2, keepdims=True) > 1
    cheapest = np.eye(cost.shape[2], dtype=bool)[cost.argmin(axis=2)]
    return np.where(contested, cheapest, matched)


def example(seed):
    random = np.random.RandomState(seed)
    return random.uniform(1, 9, (2, 20, 3)), random.uniform(0, 1, (2, 20, 3)), np.ones((2, 20, 3), bool)


def test_costs_that_move_by_less_than_half_the_margin_leave_an_assignment_alone():
    for seed in range(50):
        cost, ious, usable = example(seed)
        margin = assignment_margin(cost, ious, usable, TOPK)
        moved = cost + np.random.RandomState(seed).uniform(-0.49, 0.49, cost.shape) * margin.min()
        np.testing.assert_array_equal(assigned(moved, ious, usable), assigned(cost, ious, usable))


def test_the_closest_decision_turns_over_beyond_its_margin():
    turned = 0
    for seed in range(50):
        cost, ious, usable = example(seed)
        margin = assignment_margin(cost, ious, usable, TOPK)
        image, prior = np.unravel_index(margin.argmin(), margin.shape)
        for direction in (-1.01, 1.01):
            for index in range(cost.shape[2]):
                moved = cost.copy()
                moved[image, prior, index] += direction * margin[image, prior]
                turned += not np.array_equal(assigned(moved, ious, usable), assigned(cost, ious, usable))
    assert turned >= 25  # in the other cases it is the sum of IoUs, or the other object's cost, that is close


def test_priors_that_no_object_can_get_have_no_margin():
    cost, ious, usable = example(0)
    usable[:, 5] = False
    assert np.isinf(assignment_margin(cost, ious, usable, TOPK)[:, 5]).all()
