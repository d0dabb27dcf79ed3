"""The learning rate of every step."""

import math
from bisect import bisect_right

from nanodet_common.config_training import CosineConfig, ScheduleConfig, WarmupConfig


class LearningRates:
    """The learning rate as a function of the step alone, so that a resumed run has nothing to restore.

    As the original has it: up to and including step `warmup.steps`, the warm-up overwrites the schedule, which changes
    from epoch to epoch. Where the original's schedules go on from the rate that the warm-up left behind, these are
    PyTorch's closed forms: the same where the warm-up ends in the first epoch and is not constant.
    """

    def __init__(self, schedule: ScheduleConfig, steps_per_epoch: int) -> None:
        self._schedule, self._steps_per_epoch = schedule, steps_per_epoch

    def factor(self, step: int) -> float:
        """What the initial learning rate of each group of parameters is multiplied by in a step, counted from 0."""
        warmup = self._schedule.warmup
        if warmup.steps and step <= warmup.steps:
            return _warming_up(warmup, step)
        return self._of_epoch(step // self._steps_per_epoch)

    def rate(self, step: int) -> float:
        """The learning rate of parameters without a factor of their own."""
        return self._schedule.optimizer.lr * self.factor(step)

    def _of_epoch(self, epoch: int) -> float:
        schedule = self._schedule.lr_schedule
        if isinstance(schedule, CosineConfig):
            least = schedule.eta_min / self._schedule.optimizer.lr
            return least + (1 - least) * (1 + math.cos(math.pi * epoch / schedule.t_max)) / 2
        return schedule.gamma ** bisect_right(schedule.milestones, epoch)


def _warming_up(warmup: WarmupConfig, step: int) -> float:
    remaining = 1 - step / warmup.steps
    match warmup.name:
        case "constant":
            return warmup.ratio
        case "linear":
            return 1 - remaining * (1 - warmup.ratio)
        case "exp":
            return warmup.ratio**remaining
