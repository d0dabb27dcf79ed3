"""How fast and in how much memory large checkpoints are converted, against copying the file.

    python -m alignment_tests.benchmarks.conversion [--gigabytes 4] [--megabytes 200] [--folder DIR]

Makes one checkpoint of float32 tensors, converts it from format to format with and without proof, each conversion in a
process of its own, and prints seconds, speed relative to copying the source, and resident memory beyond an idle start.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from jtmigrate.checkpoint.tensors import ArrayTensor
from jtmigrate.checkpoint.writing import write_leaves
from jtmigrate.convert import convert
from jtmigrate.runtime.memory import peak_mb

WAYS = ((".pth", ".pkl"), (".pkl", ".safetensors"), (".safetensors", ".npz"), (".npz", ".pth"))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--gigabytes", type=float, default=4)
    parser.add_argument("--megabytes", type=float, default=200, help="size of the largest tensors")
    parser.add_argument("--folder", type=Path, help="where there is room for three such files")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(*_convert(*options.run))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _measure(Path(folder), options.gigabytes * 1e9, options.megabytes * 1e6)


def _measure(folder: Path, total: float, largest: float) -> None:
    _make(folder / "a.pth", total, largest)
    for number, (source, target) in enumerate(WAYS):
        src, dst = folder / f"a{source}", folder / f"a{target}" if number < len(WAYS) - 1 else folder / "b.pth"
        copying = _copy(src, folder / "copy")
        for proof in ("no proof", "proof"):
            _settle(dst)
            run = [sys.executable, "-m", "alignment_tests.benchmarks.conversion", "--run", str(src), str(dst), proof]
            done = subprocess.run(run, capture_output=True, text=True, check=True)
            seconds, busy, extra = map(float, done.stdout.split())
            print(
                f"{source} -> {target}, {proof}: {seconds:.1f} s ({busy:.1f} s of CPU time), copying "
                f"{copying:.1f} s, speed {copying / seconds:.2f} of it, {extra:.0f} MB beyond the start"
            )
        src.unlink()


def _make(path: Path, total: float, largest: float) -> None:
    """Tensors of four sizes; their values repeat, but not in a way that a file system could notice."""
    sizes = [int(largest / 4 * share) for share in (1, 0.5, 0.1, 0.01)]
    values = np.random.default_rng(0).standard_normal(sizes[0], np.float32)
    tensors, written = {}, 0
    while written < total:
        size = sizes[len(tensors) % len(sizes)]
        tensors[f"layer{len(tensors)}.weight"] = ArrayTensor(values[:size])
        written += size * 4
    write_leaves(path, tensors, prove=False)


def _settle(dst: Path) -> None:
    """Neither replacing an older file nor writing out what came before belongs to what is measured next."""
    dst.unlink(missing_ok=True)
    os.sync()


def _copy(src: Path, dst: Path) -> float:
    _settle(dst)
    started = time.perf_counter()
    subprocess.run(["cp", src, dst], check=True)
    seconds = time.perf_counter() - started
    dst.unlink()
    return seconds


def _convert(src: str, dst: str, proof: str) -> tuple[float, float, float]:
    """Seconds, seconds of CPU time, and MB of resident memory beyond what importing took."""
    before = peak_mb()
    started, used = time.perf_counter(), time.process_time()
    convert(src, dst, prove=proof == "proof")
    return time.perf_counter() - started, time.process_time() - used, peak_mb() - before


if __name__ == "__main__":
    main()
