"""How many images/s the loader prepares with how many workers, how large those are, and whether memory grows.

    python -m alignment_tests.benchmarks.loader [--voc DIR] [--set test] [--images 500] [--workers 0 1 2] [--epochs 10]

Every line is measured in a process of its own, on the published configuration at 320 x 320 and batches of 8. The first
epoch, which starts the workers, is left out of images/s.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.config import load_config
from nanodet_common.datasets.voc import read_voc
from nanodet_common.loader.loader import Loader

VOC = Path(__file__).resolve().parents[3] / "shared" / "data" / "VOCdevkit" / "VOC2007"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--voc", type=Path, default=VOC)
    parser.add_argument("--set", default="test")
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--way", choices=["validation", "training"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.way:
        _measure(options, workers=options.workers[0], augment=options.way == "training")
        return
    for way in ("validation", "training"):
        for workers in options.workers:
            arguments = ["--voc", str(options.voc), "--set", options.set, "--images", str(options.images)]
            arguments += ["--epochs", str(options.epochs), "--workers", str(workers), "--way", way]
            subprocess.run([sys.executable, "-m", "alignment_tests.benchmarks.loader", *arguments], check=True)


def _measure(options: argparse.Namespace, *, workers: int, augment: bool) -> None:
    dataset = read_voc(options.voc, [options.set], VOC_CLASSES)
    dataset = replace(dataset, images=dataset.images[: options.images])
    config = load_config("nanodet-plus-m_320").data.train
    speeds, memory = [], []
    processor = _processor_seconds()
    with Loader(
        dataset, config, batch_size=8, workers=workers, seed=0, augment=augment, shuffle=True, drop_last=False
    ) as loader:
        begin = time.perf_counter()
        batches = loader.epoch(0)
        next(batches)
        first = time.perf_counter() - begin
        for _ in batches:
            pass
        for epoch in range(1, options.epochs + 1):
            begin = time.perf_counter()
            for _ in loader.epoch(epoch):
                pass
            speeds.append(len(dataset) / (time.perf_counter() - begin))
            memory.append(_megabytes("self", "RssAnon"))
        sizes = [
            f"{_megabytes(pid, 'Pss'):.0f} ({_megabytes(pid, 'Private_Dirty'):.0f} of its own)" for pid in _children()
        ]
    milliseconds = 1000 * (_processor_seconds() - processor) / len(dataset) / (options.epochs + 1)
    print(
        f"{options.way}, {workers} workers: {median(speeds):.0f} images/s ({min(speeds):.0f} to {max(speeds):.0f}), "
        f"{milliseconds:.1f} ms of CPU time an image, first batch after {first:.2f} s; "
        f"MB of the reader after the second epoch {memory[0]:.0f}, after the last {memory[-1]:.0f}"
        + (f", of each worker {', '.join(sizes)}" if sizes else "")
    )


def _processor_seconds() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def _megabytes(pid: str, what: str) -> float:
    file = "status" if what.startswith("Rss") else "smaps_rollup"
    return int(re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/{file}").read_text(), re.MULTILINE)[1]) / 1000


if __name__ == "__main__":
    main()
