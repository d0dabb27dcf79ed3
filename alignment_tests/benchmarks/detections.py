"""Detections of either framework on all 1,035 images against those of the original, and its mAP with both weights.

python -m alignment_tests.benchmarks.detections ../shared [torch|jittor]
"""

import argparse
import json
from pathlib import Path

from alignment_tests.golden_runs import trained_run
from alignment_tests.nanodet_common.evaluation.sets import golden_detections
from nanodet_common.evaluation.agreement import compare_runs
from nanodet_common.evaluation.coco import coco_metrics

CONFIGS = ("nanodet-plus-m_320", "nanodet-plus-m_416")
WITH_DETECTIONS = "nanodet-plus-m_416"
NAMES = {
    "mAP": "mAP",
    "AP50": "AP_50",
    "AP75": "AP_75",
    "AP_small": "AP_small",
    "AP_medium": "AP_m",
    "AP_large": "AP_l",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shared", type=Path, help="the folder of reference material")
    parser.add_argument("framework", nargs="?", choices=("torch", "jittor"), default="torch")
    arguments = parser.parse_args()
    golden = json.loads((arguments.shared / "golden" / "map.json").read_text())
    for config in CONFIGS:
        dataset, run = trained_run(arguments.framework, arguments.shared, config, workers=1)
        found = coco_metrics(dataset, run.found).values
        expected = next(values for name, values in golden.items() if name.startswith(config))
        print(f"{arguments.framework}, {config}, {len(dataset)} images")
        print("  seconds:", ", ".join(f"{part} {seconds:.1f}" for part, seconds in run.seconds.items()))
        for ours, theirs in NAMES.items():
            print(
                f"  {ours:10} {found[ours]:.7f}  original {expected[theirs]:.7f}  {found[ours] - expected[theirs]:+.1e}"
            )
        if config == WITH_DETECTIONS:
            compared = compare_runs(dataset, golden_detections(arguments.shared, dataset), run.found)
            worst = compared.to_dict()["worst"]
            print(
                f"  {compared.candidate:,} found, {compared.matched:,} of the original's {compared.reference:,} matched"
            )
            print(f"  worst pair {worst['corner']:.1e} px, {worst['score']:.1e} in score")


if __name__ == "__main__":
    main()
