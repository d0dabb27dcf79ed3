"""Workers and parents that die, programs that are interrupted: an error or an end, no hang, nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nanodet_common.errors import LoaderError
from nanodet_common.loader import process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

ROOT = Path(__file__).resolve().parents[3]

READER = """
import sys, time
from pathlib import Path
import numpy as np
{imports}
from nanodet_common.config import load_config
from nanodet_common.datasets.dataset import Dataset, ImageRecord
from nanodet_common.errors import InputError
from nanodet_common.loader.loader import Loader

image = Path(sys.argv[1])
nothing = (np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool))
records = tuple(ImageRecord(number, image, (60, 40), *nothing) for number in range(1000))
loader = Loader(
    Dataset(records, ("cat",)), load_config("nanodet-plus-m_320").data.train,
    batch_size=4, workers=2, seed=0, augment=True, shuffle=True, drop_last=False,
)
try:
    with loader:
        for number, batch in enumerate(loader.epoch(0)):
            if number == 0:
                pids = [worker._process.pid for pool in loader._pools for worker in pool._workers]
                print("workers", *pids, flush=True)
            time.sleep(0.01)
except InputError as error:
    sys.exit(f"error: {{error}}")
except KeyboardInterrupt:
    sys.exit(130)
"""
"""A plain script without a main guard."""

JITTOR = "from jtmigrate import runtime; runtime.prepare(); import jittor"


class Reader:
    """The script in a process group of its own, and the ids of its workers."""

    def __init__(self, image, tmp_path, imports=""):
        script = tmp_path / "reader.py"
        script.write_text(READER.format(imports=imports))
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(image)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            process_group=0,
        )
        lines = iter(self.process.stdout.readline, "")
        self.workers = next(list(map(int, line.split()[1:])) for line in lines if line.startswith("workers"))

    def end(self):
        """Its exit code and what it wrote to stderr."""
        _, errors = self.process.communicate(timeout=30)
        return self.process.returncode, errors


@pytest.fixture
def image(dataset):
    return dataset.images[0].file


def alive(pid):
    try:
        return "nanodet_common.loader.worker" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False


def wait_for_end(pids):
    until = time.monotonic() + 10
    while any(map(alive, pids)) and time.monotonic() < until:
        time.sleep(0.02)
    return [pid for pid in pids if alive(pid)]


def kill(loader, number):
    (pool,) = loader._pools
    pid = pool._workers[number]._process.pid
    os.kill(pid, signal.SIGKILL)
    return wait_for_end([pid])


@pytest.mark.parametrize("number", [0, 1])
def test_killed_worker_ends_the_epoch_with_an_error(number, load):
    with load(workers=2, batch_size=2) as loader:
        epoch = loader.epoch(0)
        next(epoch)
        assert kill(loader, number) == []
        message = rf"\d\d\d\.png: worker process {number} was killed by SIGKILL .* \(batch \d of epoch 0\)$"
        with pytest.raises(LoaderError, match=message):
            list(epoch)
        # New workers take its place.
        assert len(list(loader.epoch(1))) == len(loader)


def test_worker_that_hangs_ends_the_epoch_with_an_error(load, monkeypatch):
    monkeypatch.setattr(process, "SECONDS_TO_END", 0.2)
    with load(workers=2, batch_size=2, patience=60) as loader:
        epoch = loader.epoch(0)
        next(epoch)
        (pool,) = loader._pools
        pool._patience = 0.5  # no longer needed to start
        os.kill(pool._workers[1]._process.pid, signal.SIGSTOP)
        message = r"\d\d\d\.png: worker process 1 has not prepared this image in 0.5 seconds.* \(batch \d of epoch 0\)$"
        with pytest.raises(LoaderError, match=message):
            list(epoch)
        assert wait_for_end([worker._process.pid for worker in pool._workers]) == []


def test_worker_that_cannot_start(load, monkeypatch, capfd):
    monkeypatch.setattr(process, "PROGRAM", "raise SystemExit('no numpy here')")
    with load(workers=1) as loader, pytest.raises(LoaderError, match="worker process 0 ended with exit code 1"):
        next(loader.epoch(0))
    assert "no numpy here" in capfd.readouterr().err


def test_ctrl_c_in_a_terminal(image, tmp_path):
    reader = Reader(image, tmp_path)
    os.killpg(reader.process.pid, signal.SIGINT)
    assert reader.end() == (130, "")
    assert wait_for_end(reader.workers) == []


def test_killed_parent_leaves_no_worker(image, tmp_path):
    reader = Reader(image, tmp_path)
    reader.process.kill()
    assert wait_for_end(reader.workers) == []
    assert reader.end() == (-signal.SIGKILL, "")


def test_parent_told_to_end_leaves_no_worker(image, tmp_path):
    reader = Reader(image, tmp_path)
    reader.process.terminate()
    assert wait_for_end(reader.workers) == []
    assert reader.end() == (-signal.SIGTERM, "")


def test_shared_memory_has_no_name(load):
    before = set(os.listdir("/dev/shm"))
    with load(workers=2) as loader:
        next(loader.epoch(0))
        assert set(os.listdir("/dev/shm")) == before


@pytest.mark.slow
def test_killed_worker_where_jittor_is_imported(image, tmp_path):
    """Jittor's own handler of SIGCHLD would end the process without a word of ours."""
    reader = Reader(image, tmp_path, imports=JITTOR)
    os.kill(reader.workers[1], signal.SIGKILL)
    code, errors = reader.end()
    assert code == 1
    assert f"error: {image}: worker process 1 was killed by SIGKILL before" in errors
    assert "Caught SIGCHLD" not in errors
    assert wait_for_end(reader.workers) == []


@pytest.mark.slow
def test_ctrl_c_where_the_detector_is_imported(image, tmp_path):
    reader = Reader(image, tmp_path, imports="import nanodet_jittor")
    os.killpg(reader.process.pid, signal.SIGINT)
    code, errors = reader.end()
    assert code == 130, errors
    assert wait_for_end(reader.workers) == []


def test_worker_imports_no_framework():
    program = (
        "import sys, nanodet_common.loader.worker; "
        "print({'torch', 'jittor', 'matplotlib', 'scipy', 'pycocotools'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout == "set()\n", done.stderr


def test_workers_find_the_package_from_any_folder(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with load(workers=1) as loader:
        assert len(next(loader.epoch(0)).images) == 4
