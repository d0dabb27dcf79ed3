"""What one of several processes computes, to be compared with what one process computes alone.

    torchrun --nproc-per-node 2 -m alignment_tests.processes torch OUT [--steps 3] [--teacher FILE] [--dtype float64]
    mpirun -np 2 python -m alignment_tests.processes jittor OUT ...

Started without torchrun or mpirun it is the one process. The first process pickles into OUT what all of them found.
"""

import argparse
import pickle
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch  # before Jittor: both bring a oneDNN, and the other order can crash

from jtmigrate import runtime
from nanodet_common.loader.batch import Batch
from nanodet_common.training.processes import Processes

PACKAGES = {"torch": "nanodet_ref_torch", "jittor": "nanodet_jittor"}
IMAGES = 4
"""A step, of all processes."""
SEED_OF_WEIGHTS = 3


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("framework", choices=PACKAGES)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--teacher", type=Path, help="what one process left: every step begins with its state")
    parser.add_argument("--dtype", default="float32")
    options = parser.parse_args()
    package = PACKAGES[options.framework]
    with import_module(f"{package}.processes").join() as processes:
        found = {
            "rank and size": processes.gather((processes.rank, processes.size)),
            "sums": processes.gather([processes.sum(array) for array in arrays(processes.rank)]),
            "batch norm": batch_norm(options.framework, processes),
            "steps": steps(options, processes),
        }
    if processes.rank == 0:
        options.out.write_bytes(pickle.dumps(found))


def arrays(rank: int) -> list[np.ndarray]:
    """Of every dtype that is exchanged."""
    return [
        (np.arange(6).reshape(2, 3) + 10 * rank).astype(dtype) for dtype in ("float32", "float64", "int64", "uint8")
    ] + [np.array(rank + 0.5)]


def share(values: Any, processes: Processes) -> Any:
    """This process's part of what has an entry an image."""
    return values[processes.rank :: processes.size]


def batch_norm(framework: str, processes: Processes) -> dict[str, np.ndarray]:
    """Output and gradients of the images, gradients of the parameters, statistics, in float64."""
    random = np.random.default_rng(1)
    x, gradient = random.normal(3, 2, (2, IMAGES, 5, 4, 6))
    weight, bias = random.normal(1, 0.5, (2, 5))
    found = (_torch_batch_norm if framework == "torch" else _jittor_batch_norm)(
        share(x, processes), share(gradient, processes), weight, bias, processes
    )
    shares = processes.gather(found)
    whole = {}
    for name, value in found.items():
        if name.startswith("by "):
            whole[name] = sum(one[name] for one in shares)
        elif len(value) == len(share(x, processes)):
            whole[name] = np.empty_like(x)
            for rank, one in enumerate(shares):
                whole[name][rank :: processes.size] = one[name]
        else:
            whole[name] = value
    return whole


def _torch_batch_norm(x: Any, gradient: Any, weight: Any, bias: Any, processes: Processes) -> dict[str, np.ndarray]:
    from nanodet_ref_torch.batch_norm import synchronise

    model = torch.nn.Sequential(torch.nn.BatchNorm2d(5)).double()
    model.load_state_dict(
        {**model.state_dict(), "0.weight": torch.from_numpy(weight), "0.bias": torch.from_numpy(bias)}
    )
    synchronise(model, processes)
    given = torch.from_numpy(np.ascontiguousarray(x)).requires_grad_()
    y = model(given)
    y.backward(torch.from_numpy(np.ascontiguousarray(gradient)))
    module = model[0]
    return {
        "y": y.detach().numpy(),
        "x's gradient": given.grad.numpy(),
        "by weight": module.weight.grad.numpy(),
        "by bias": module.bias.grad.numpy(),
        "mean": module.running_mean.numpy(),
        "var": module.running_var.numpy(),
    }


def _jittor_batch_norm(x: Any, gradient: Any, weight: Any, bias: Any, processes: Processes) -> dict[str, np.ndarray]:
    import nanodet_jittor  # noqa: F401  (prepares Jittor)

    import jittor as jt  # isort: skip

    from jtmigrate.parity import nn
    from nanodet_jittor.batch_norm import synchronise

    with jt.flag_scope(auto_convert_64_to_32=0):
        model = nn.Sequential(nn.BatchNorm2d(5))
        model[0].float64()
        model.load_state_dict({"0.weight": weight, "0.bias": bias}, strict=False)
        synchronise(model, processes)
        module, given = model[0], jt.array(x)
        y = model(given)
        by_x, by_weight, by_bias = jt.grad((y * jt.array(gradient)).sum(), [given, module.weight, module.bias])
        found = {"y": y, "x's gradient": by_x, "by weight": by_weight, "by bias": by_bias}
        found |= {"mean": module.running_mean, "var": module.running_var}
        return {name: var.numpy() for name, var in found.items()}


def steps(options: argparse.Namespace, processes: Processes) -> list[dict[str, Any]]:
    """What every step reported, its gradients before clipping, the state before it, and how long it took."""
    from alignment_tests import trainers

    teacher = pickle.loads(options.teacher.read_bytes())["steps"] if options.teacher else None
    config = trainers.config()
    engine = trainers.trainer(options.framework, config, options.dtype, seed=SEED_OF_WEIGHTS, processes=processes)
    gradients = noted_gradients(options.framework)
    found = []
    for number in range(options.steps):
        if teacher:
            engine.load(in_precision(teacher[number]["state"], options.dtype))
        state = engine.state()
        whole = trainers.batch(seed=number, images=IMAGES)
        batch = Batch(*(share(part, processes) for part in whole))
        begun = time.perf_counter()
        report = engine.step(batch, 1.0, epoch=0)
        seconds = time.perf_counter() - begun
        after = engine.state()["state_dict"]
        found.append(
            {
                "losses": dict(report.losses), "norm": report.grad_norm, "gradients": gradients.pop(),
                "state": state, "seconds": seconds,
                "same everywhere": all(same(one, after) for one in processes.gather(after)),
            }
        )  # fmt: skip
        runtime.restore_subnormals()
    return found


def noted_gradients(framework: str) -> list[np.ndarray]:
    """A list into which every step puts its gradients as one vector, before they are clipped."""
    engine = import_module(f"{PACKAGES[framework]}.engine")
    clip, noted = engine.clip_gradients, []

    def note(optimizer: Any, max_norm: float) -> Any:
        groups = optimizer.param_groups
        gradients = (
            [parameter.grad for group in groups for parameter in group["params"]]
            if framework == "torch"
            else [gradient for group in groups for gradient in group["grads"]]
        )
        noted.append([gradient.numpy().copy() for gradient in gradients])
        return clip(optimizer, max_norm)

    engine.clip_gradients = note
    return noted


def in_precision(entry: Any, dtype: str) -> Any:
    """A state with its floating-point arrays in another precision."""
    if isinstance(entry, Mapping):
        return {key: in_precision(value, dtype) for key, value in entry.items()}
    return entry.astype(dtype) if isinstance(entry, np.ndarray) and entry.dtype.kind == "f" else entry


def same(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    """Whether the arrays are equal bit for bit."""
    return all(one[name].tobytes() == array.tobytes() for name, array in other.items())


if __name__ == "__main__":
    with runtime.ending_together():
        main()
