"""Names that other programs give to a series, split into training or validation and what is measured."""

from nanodet_common.plot.run import VALIDATION, is_loss

TRAIN_PREFIXES = ("train/", "train_", "Train_loss/")
VALIDATION_PREFIXES = ("validation/", "val/", "val_", "Val_metrics/", "Val_loss/")


def series_name(tag: str) -> str:
    """`train/loss_qfl` -> `loss_qfl`, `val_loss` -> `validation loss`, `Val_metrics/mAP` -> `mAP`."""
    for prefix in VALIDATION_PREFIXES:
        if tag.startswith(prefix):
            name = tag.removeprefix(prefix)
            return VALIDATION + name if is_loss(name) or name == "seconds" else name
    for prefix in TRAIN_PREFIXES:
        tag = tag.removeprefix(prefix)
    return tag.removesuffix("_step")
