"""Two processes against one: the same sums, statistics, steps, runs and detections; and how they end together."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from alignment_tests import trainers
from alignment_tests.nanodet_common import hand_made
from alignment_tests.processes import arrays
from jtmigrate.checkpoint.tree import read_tree, same_tree
from jtmigrate.errors import UserError
from nanodet_common.training.interruption import Interrupted
from nanodet_common.training.processes import ALONE, OneProcess, in_agreement

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = {"torch": "nanodet_ref_torch", "jittor": "nanodet_jittor"}
CHECKPOINTS = {"torch": "last.ckpt", "jittor": "last.pkl"}
LAUNCHERS = {
    "torch": (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"),
    "jittor": ("mpirun", "-np", "2", "--oversubscribe", "--bind-to", "none", sys.executable, "-m"),
}
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
LOSS, PART = 1e-6, 5e-6
"""Relative. Sums over halves of a batch round differently: 2e-7 is measured, 1e-6 in a part that Jittor adds up in
float32."""
FLOOR, TENSOR_FLOOR = 1.0, 4.0
"""Times the distance of one process's float32 gradients from the float64 ones: of all together, and of any tensor."""


def two(framework: str) -> tuple[str, ...]:
    """How a module is started in two processes; skips the test where that is impossible."""
    if framework == "jittor" and not (shutil.which("mpirun") and shutil.which("mpicc")):
        pytest.skip("no mpirun or no mpicc: apt-get install openmpi-bin libopenmpi-dev")
    return LAUNCHERS[framework]


def started(launcher: tuple[str, ...], *arguments: object, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*launcher, *map(str, arguments)],
        cwd=ROOT, env=os.environ | ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options,
    )  # fmt: skip


def finished(launcher: tuple[str, ...], *arguments: object, code: int = 0) -> str:
    """What a program printed, which has to end with this code."""
    with started(launcher, *arguments) as process:
        output = process.communicate()[0]
    assert process.returncode == code, output
    return output


@pytest.fixture(scope="module", params=PACKAGES)
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `alignment_tests.processes` found alone, in two processes, and in PyTorch's float64 from the same states."""
    folder, framework = tmp_path_factory.mktemp("processes"), request.param
    alone, teacher = (sys.executable, "-m"), ("--teacher", folder / "one")
    finished(alone, "alignment_tests.processes", framework, folder / "one")
    finished(two(framework), "alignment_tests.processes", framework, folder / "two", *teacher)
    finished(alone, "alignment_tests.processes", "torch", folder / "exact", *teacher, "--dtype", "float64")
    return {name: pickle.loads((folder / name).read_bytes()) for name in ("one", "two", "exact")}


@pytest.mark.slow
def test_sums_and_gathers(found: dict[str, Any]) -> None:
    """Exactly, dtypes and shapes too."""
    assert found["one"]["rank and size"] == [(0, 1)]
    assert found["two"]["rank and size"] == [(0, 2), (1, 2)]
    for shares in found["two"]["sums"]:
        for total, one, other in zip(shares, arrays(0), arrays(1), strict=True):
            assert (total.dtype, total.shape) == (one.dtype, one.shape)
            np.testing.assert_array_equal(total, one + other)


@pytest.mark.slow
def test_batch_norm_is_that_of_the_whole_batch(found: dict[str, Any]) -> None:
    """In float64 within 1e-12 of the largest value: outputs, gradients, and the running statistics, var unbiased."""
    for name, expected in found["one"]["batch norm"].items():
        np.testing.assert_allclose(
            found["two"]["batch norm"][name], expected, rtol=0, atol=1e-12 * np.abs(expected).max(), err_msg=name
        )


@pytest.mark.slow
def test_two_processes_make_the_step_of_one(found: dict[str, Any]) -> None:
    """From the same state each time: losses within `LOSS`, gradients within the floor, and weights that are the same
    bits in both processes."""
    for one, two, exact in zip(*(found[name]["steps"] for name in ("one", "two", "exact")), strict=True):
        assert two["same everywhere"]
        assert two["losses"]["loss"] == pytest.approx(one["losses"]["loss"], rel=LOSS)
        assert two["losses"] == pytest.approx(one["losses"], rel=PART)
        assert two["norm"] == pytest.approx(one["norm"], rel=LOSS)
        own, floor = distances(two["gradients"], one["gradients"]), distances(one["gradients"], exact["gradients"])
        assert np.linalg.norm(own) <= FLOOR * np.linalg.norm(floor)
        assert np.all(own <= TENSOR_FLOOR * floor)


def distances(tensors: list[np.ndarray], others: list[np.ndarray]) -> np.ndarray:
    """Euclidean, tensor by tensor."""
    return np.array([np.linalg.norm(a.astype(np.float64) - b) for a, b in zip(tensors, others, strict=True)])


class Canned(OneProcess):
    """The first of two, of which the other one gives what is written here."""

    def __init__(self, other: Any) -> None:
        super().__init__(rank=0, size=2)
        object.__setattr__(self, "other", other)

    def gather(self, value: Any) -> list[Any]:
        return [value, self.other]


def test_failures_are_shared() -> None:
    assert in_agreement(ALONE, lambda: 3) == in_agreement(Canned(None), lambda: 3) == 3
    with pytest.raises(UserError, match="of the other"):
        in_agreement(Canned(UserError("of the other")), lambda: 3)
    with pytest.raises(UserError, match="own"):
        in_agreement(Canned(Interrupted()), failing(UserError("own")))
    with pytest.raises(Interrupted):
        in_agreement(ALONE, failing(Interrupted()))


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


@cache
def small_config() -> str:
    """The configuration of the small detector as a file's text: two images a batch, an epoch of two steps of four."""
    config = trainers.config()
    tree = yaml.safe_load(config.to_yaml())
    for part in ("train", "val"):
        tree["data"][part]["input_size"] = [hand_made.SIDE, hand_made.SIDE]
    tree["device"] |= {"batchsize_per_gpu": 2, "workers_per_gpu": 0}
    tree["schedule"] |= {"total_epochs": 2, "val_intervals": 1}
    return yaml.safe_dump(tree)


@pytest.fixture
def arguments(tmp_path: Path) -> list[object]:
    """Of `train`: the small detector on the hand-made pictures, validated with the same."""
    (tmp_path / "config.yml").write_text(small_config())
    voc = hand_made.voc_set(tmp_path / "voc")
    sets = ("--voc", voc, "--train", "val", "--val", "val", "--classes", ",".join(hand_made.NAMES))
    return ["train", "--config", tmp_path / "config.yml", *sets]


@pytest.mark.slow
@pytest.mark.parametrize("framework", PACKAGES)
def test_run_of_two_goes_on_as_it_began(framework: str, arguments: list[object], tmp_path: Path) -> None:
    """Stopped and resumed it is the same bits.

    Resumed by one process with batches twice as large it is the same run but for rounding, of which Adam makes up to a
    whole step where a gradient is nearly zero: within a twentieth of what the step moved.
    """
    program, last = PACKAGES[framework], CHECKPOINTS[framework]
    finished(two(framework), program, *arguments, "--out", tmp_path / "whole")
    log = [json.loads(line) for line in (tmp_path / "whole" / "log.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in log] == ["start", "train", "train", "validation", "train", "train", "validation"]
    expected = read_tree(tmp_path / "whole" / last).entries

    finished(two(framework), program, *arguments, "--out", tmp_path / "stopped", "--max-steps", 3)
    shutil.copytree(tmp_path / "stopped", tmp_path / "one")
    before = read_tree(tmp_path / "one" / last).entries["state_dict"]
    finished(two(framework), program, *arguments, "--out", tmp_path / "stopped", "--resume")
    assert same_tree(read_tree(tmp_path / "stopped" / last).entries, expected)

    finished((sys.executable, "-m"), program, *arguments, "--out", tmp_path / "one", "--resume", "--batch", 4)
    alone, whole = (
        list(state["state_dict"].values()) for state in (read_tree(tmp_path / "one" / last).entries, expected)
    )
    moved = distances(whole, list(before.values()))
    assert np.linalg.norm(distances(alone, whole)) <= 0.05 * np.linalg.norm(moved)


@pytest.mark.slow
@pytest.mark.parametrize("framework", PACKAGES)
def test_all_stop_when_one_is_asked_to(framework: str, arguments: list[object], tmp_path: Path) -> None:
    """SIGUSR1 to one of the two: both finish the step, the first saves, and all end with exit code 130."""
    many = ("--epochs", 500)
    with started(two(framework), PACKAGES[framework], *arguments, "--out", tmp_path / "run", *many) as process:
        log = tmp_path / "run" / "log.jsonl"
        while not (log.exists() and b'"step": 3' in log.read_bytes()):
            assert process.poll() is None, process.stdout.read()
            time.sleep(0.05)
        os.kill(workers(process.pid, PACKAGES[framework])[-1], signal.SIGUSR1)
        output = process.communicate()[0]
    assert "interrupted after step" in output
    # torchrun ends with 1 whatever its processes end with, and writes what that was.
    assert process.returncode == (130 if framework == "jittor" else 1)
    assert "130" in output
    state = read_tree(tmp_path / "run" / CHECKPOINTS[framework]).entries
    steps = [json.loads(line)["step"] for line in log.read_text().splitlines() if '"train"' in line]
    assert state["global_step"] == steps[-1] >= 3


def workers(launcher: int, module: str) -> list[int]:
    """The processes that a launcher started to run a module."""
    children = subprocess.run(["pgrep", "-P", str(launcher)], capture_output=True, text=True, check=True).stdout.split()
    return [int(child) for child in children if module in Path(f"/proc/{child}/cmdline").read_text()]


@pytest.mark.slow
@pytest.mark.parametrize("framework", PACKAGES)
def test_evaluation_of_two_is_that_of_one(framework: str, tmp_path: Path) -> None:
    """Detections and metrics, bit for bit, though eight pictures make three batches."""
    (tmp_path / "config.yml").write_text(small_config())
    weights = hand_made.write_weights(tmp_path / "weights.pth", tmp_path / "config.yml")
    model = ("--config", tmp_path / "config.yml", "--weights", weights, "--num-classes", 3)
    data = ("--voc", hand_made.voc_set(tmp_path / "voc"), "--split", "val", "--classes", ",".join(hand_made.NAMES))
    for name, launcher in (("one", (sys.executable, "-m")), ("two", two(framework))):
        written = ("--out", tmp_path / f"{name}.json", "--json", tmp_path / f"{name}-metrics.json")
        finished(launcher, PACKAGES[framework], "eval", *model, *data, "--batch", 3, "--workers", 0, *written)
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    one, other = (json.loads((tmp_path / f"{name}-metrics.json").read_text()) for name in ("one", "two"))
    assert values_of(one) == values_of(other)


def values_of(report: dict[str, Any]) -> list[Any]:
    """What an evaluation found out, without times."""
    return [(run["coco"], run["voc"]) for run in report["runs"].values()]
