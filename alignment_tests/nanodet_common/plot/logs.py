"""Logs made by hand, one of each kind, all of the same kind of run: two epochs of three steps."""

import json
from pathlib import Path
from typing import Any

STEPS, PER_EPOCH = 6, 3


def record(step: int, **changes: Any) -> dict[str, Any]:
    """What `train` says of a step, counted from 1: the loss is 6, 5, ... 1."""
    epoch, batch = (step - 1) // PER_EPOCH + 1, (step - 1) % PER_EPOCH + 1
    loss = float(STEPS + 1 - step)
    usual = {"epoch": epoch, "step": step, "batch": batch, "lr": 1e-3 if epoch == 1 else 1e-4, "loss": loss}
    rest = {"loss_qfl": loss / 4, "aux_loss_qfl": 3 * loss / 4, "grad_norm": 10 * loss}
    return {**usual, **rest, "images_per_s": 4.0, "memory_mb": 1000.0 + step, "seconds": 2.0, **changes}


def validation(epoch: int, **changes: Any) -> dict[str, Any]:
    """What it says of a validation."""
    values = {"mAP": 0.1 * epoch, "AP50": 0.2 * epoch, "AP_small": None, "seconds": 7.0}
    return {"epoch": epoch, "step": epoch * PER_EPOCH, **values, **changes}


def json_lines(path: Path) -> Path:
    """A log.jsonl."""
    lines = [{"kind": "start", "framework": "jittor", "seed": 3, "step": 0}]
    for step in range(1, STEPS + 1):
        lines.append({"kind": "train", **record(step)})
        if step % PER_EPOCH == 0:
            lines.append({"kind": "validation", **validation(step // PER_EPOCH)})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


NANODET = """\
[NanoDet][06-12 10:00]INFO: Setting up data...
[NanoDet][06-12 10:01]INFO: Train|Epoch1/2|Iter0(1/3)| mem:1.2G| lr:1.00e-03| loss_qfl:1.5000| aux_loss_qfl:4.5000| \n\
[NanoDet][06-12 10:02]INFO: Train|Epoch1/2|Iter2(3/3)| mem:1.2G| lr:1.00e-03| loss_qfl:1.0000| aux_loss_qfl:3.0000| \n\
[NanoDet][06-12 10:03]INFO: Val|Epoch1/2|Iter3(1/9)| mem:1.2G| lr:1.00e-03| loss_qfl:9.0000| \n\
[NanoDet][06-12 10:04]INFO: Val_metrics: {'mAP': 0.1, 'AP_50': 0.2, 'AP_m': 0.3}
[NanoDet][06-12 10:05]INFO: Train|Epoch2/2|Iter4(2/3)| mem:0G| lr:1.00e-04| loss_qfl:nan| aux_loss_qfl:2.0000| \n\
[NanoDet][06-12 10:06]INFO: Val_metrics: {'mAP': 0.2, 'AP_50': 0.4, 'AP_m': 0.5}
"""

LIGHTNING = """\
epoch,lr-AdamW,step,train/loss_step,val/loss,val/map
0,0.001,0,6.0,,
0,0.001,2,4.0,,
0,,2,,9.0,0.1
1,0.0001,5,1.0,,
1,,5,,8.0,0.2
"""
