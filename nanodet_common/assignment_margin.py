"""How close the decisions of the label assignment are: what would have to change for a prior to get another object."""

import numpy as np


def assignment_margin(cost: np.ndarray, ious: np.ndarray, usable: np.ndarray, topk: int = 13) -> np.ndarray:
    """Margin of every prior (N, P) from the inputs of `assigner.match`, all (N, P, G).

    The least of: how far its cost lies from the edge of an object's selection, how much cheaper its cheapest object is
    than the next, and, at that edge, how far the sum of IoUs that sets the number of priors is from another integer.
    Infinite for priors that no object could get.
    """
    candidates = min(topk, cost.shape[1])
    total = -np.sort(-ious, axis=1)[:, :candidates].sum(axis=1)
    count = np.clip(total.astype(np.int64), 1, candidates)
    ranked = np.sort(cost, axis=1)
    dearest_taken = np.take_along_axis(ranked, count[:, None] - 1, axis=1)
    cheapest_left = np.take_along_axis(ranked, np.minimum(count, cost.shape[1] - 1)[:, None], axis=1)
    taken = cost <= dearest_taken
    by_cost = np.where(taken, cheapest_left - cost, cost - dearest_taken)

    at_the_edge = (cost == dearest_taken) | (cost == cheapest_left)
    by_count = np.where(at_the_edge, np.abs(total - np.round(total))[:, None], np.inf)
    margin = np.where(usable, np.minimum(by_cost, by_count), np.inf).min(axis=2)
    if cost.shape[2] > 1:
        first, second = np.partition(cost, 1, axis=2)[..., :2].transpose(2, 0, 1)
        margin = np.minimum(margin, np.where(usable.any(axis=2), second - first, np.inf))
    return margin
