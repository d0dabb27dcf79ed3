"""Change files at random until reading one of them does what it should not.

    python -m alignment_tests.fuzz.checkpoints [--minutes 10] [--seed 0] [--out FOLDER]

The seeds are a good file of every format and the corpus of hostile ones. A changed file may be read or refused with a
`UserError` of one line; anything else (another exception, code that runs, more than 2 seconds or 300 MB) is a finding,
which is written to the folder and makes the exit code 1. The seed of a run makes it repeatable.
"""

import argparse
import io
import os
import random
import re
import struct
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from alignment_tests.jtmigrate import hostile
from alignment_tests.jtmigrate.onnx_bytes import field, model, raw, tensor, varint
from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.errors import UserError
from jtmigrate.inspect import inspect

SECONDS = 2
MEGABYTES = 300
LARGEST_SEED = 100_000
INTERESTING = (0, 1, 2, 0x7F, 0x80, 0xFF, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**60, 2**62, 2**63, 2**64 - 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("fuzz-findings"))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.exit(_run(seeds(Path(folder)), chance, options.minutes * 60, options.out.absolute()))


def seeds(folder: Path) -> list[tuple[str, bytes]]:
    """Suffix and content of what is changed."""
    arrays = {
        "layer.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
        "layer.bias": np.ones(3, np.float16),
        "norm.num_batches_tracked": np.array(7),
        "mask": np.array([True, False]),
        "empty": np.zeros((0, 2), np.uint16),
    }
    arrays["tied"] = arrays["layer.weight"]
    found = []
    for suffix in (".pth", ".pkl", ".safetensors", ".npz"):
        path = folder / f"seed{suffix}"
        write_checkpoint(path, Checkpoint(arrays))
        found.append((suffix, path.read_bytes()))
    # Without its checksum, so that changes get further.
    found.append((".pkl", found[1][1][:-28]))
    weights = tensor("w", 1, (3, 4), raw(arrays["layer.weight"].tobytes()))
    found.append((".onnx", model(weights, tensor("n", 7, (2,), field(7, varint(1) + varint(300))))))
    found += [(".pth", hostile.archive()), (".pth", hostile.legacy())] * 3
    bad = [(suffix, content) for suffix, content in hostile.corpus().values() if len(content) < LARGEST_SEED]
    return found * (len(bad) // len(found)) + bad


def _run(files: list[tuple[str, bytes]], chance: random.Random, seconds: float, out: Path) -> int:
    end = time.monotonic() + seconds
    outcomes: Counter[str] = Counter()
    while time.monotonic() < end:
        suffix, content = chance.choice(files)
        content = changed(content, chance, files)
        outcome = judged(Path(f"a{suffix}"), content)
        outcomes[outcome] += 1
        if outcome not in ("read", "refused"):
            out.mkdir(exist_ok=True)
            (out / f"{outcomes.total()}{suffix}").write_bytes(content)
            print(f"{outcomes.total()}{suffix}: {outcome}", flush=True)
    print(dict(outcomes))
    return int(not set(outcomes) <= {"read", "refused"})


def judged(path: Path, content: bytes) -> str:
    """What came of looking into a file: "read", "refused", or what is wrong with that."""
    path.write_bytes(content)
    Path("/proc/self/clear_refs").write_text("5")
    started = time.process_time()
    try:
        inspect(path)
        outcome = "read"
    except UserError as error:
        outcome = "refused" if "\n" not in str(error) else "refused in several lines"
    except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
        outcome = f"raised {type(error).__name__}: {error}"[:200]
    if (took := time.process_time() - started) > SECONDS:
        outcome = f"took {took:.1f} s"
    if (megabytes := _peak_megabytes()) > MEGABYTES:
        outcome = f"took {megabytes:.0f} MB"
    if Path("made").exists():
        Path("made").rmdir()
        outcome = "executed"
    return outcome


def changed(content: bytes, chance: random.Random, files: list[tuple[str, bytes]]) -> bytes:
    """One to six changes, in a member of an archive half of the time."""
    if content.startswith(b"PK\x03\x04") and chance.random() < 0.5:
        try:
            return _repacked(content, chance, files)
        except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError, NotImplementedError, struct.error):
            pass
    data = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        _change(data, chance, files)
    return bytes(data)


def _repacked(content: bytes, chance: random.Random, files: list[tuple[str, bytes]]) -> bytes:
    """An archive whose checksums are right, with one member changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        chosen = chance.choice(old.namelist())
        for name in dict.fromkeys(old.namelist()):
            data = bytearray(old.read(name))
            if name == chosen:
                for _ in range(chance.randint(1, 6)):
                    _change(data, chance, files)
            new.writestr(zipfile.ZipInfo(name), bytes(data))
    return buffer.getvalue()


def _change(data: bytearray, chance: random.Random, files: list[tuple[str, bytes]]) -> None:
    place = chance.randint(0, len(data))
    length = chance.choice((1, 1, 2, 4, 8, 40))
    match chance.randrange(7):
        case 0:
            data[place : place + 1] = bytes([chance.randrange(256)])
        case 1:
            del data[place : place + length]
        case 2:
            data[place:place] = chance.randbytes(length)
        case 3:
            data[place:place] = data[place : place + length] * chance.choice((1, 2, 100))
        case 4:
            data[place : place + 8] = struct.pack("<Q", chance.choice(INTERESTING))
        case 5:
            data[place : place + 4] = struct.pack("<I", chance.choice(INTERESTING) & 0xFFFFFFFF)
        case 6:
            other = chance.choice(files)[1]
            begin = chance.randint(0, len(other))
            data[place : place + length] = other[begin : begin + length * 4]


def _peak_megabytes() -> float:
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024


if __name__ == "__main__":
    main()
