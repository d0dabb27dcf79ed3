"""Where the time of a training step goes, in both frameworks, and whether Jittor's memory stays level.

    python -m alignment_tests.benchmarks.training_step [--config nanodet-plus-m_320] [--batch 8] [--repeats 3]
    python -m alignment_tests.benchmarks.training_step --steps 200 --framework jittor

Every framework is measured in a process of its own. Parts are timed one after the other, each forced to its end, and
the median of the repetitions is taken; Jittor computes a whole step at once, so its parts may add up to more than that.
The second form takes so many steps with changing numbers of objects and prints memory and what Jittor keeps alive.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from jtmigrate.runtime.memory import resident_mb
from nanodet_common.config import Config, load_config
from nanodet_common.initialise import initial_state
from nanodet_common.loader.batch import Batch
from nanodet_common.schema import tensor_specs

FRAMEWORKS = ("torch", "jittor")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="nanodet-plus-m_320")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--objects", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--steps", type=int, default=0)
    parser.add_argument("--framework", choices=FRAMEWORKS)
    options = parser.parse_args()
    if options.framework is None:
        for name in FRAMEWORKS:
            command = [sys.executable, "-m", "alignment_tests.benchmarks.training_step", *sys.argv[1:]]
            subprocess.run([*command, "--framework", name], check=True)
    elif options.steps:
        _watch(options)
    else:
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    config = load_config(options.config)
    engine, finish = _engine(options.framework, config)
    package = "nanodet_ref_torch" if options.framework == "torch" else "nanodet_jittor"
    batch = made_up(config, options.batch, options.objects, seed=0)
    parts = {"whole step": lambda: engine.step(batch, 1.0, epoch=0), **_parts(engine, batch, package)}
    for part, run in parts.items():
        seconds = []
        for _ in range(1 + options.repeats):
            begin = time.perf_counter()
            finish(run())
            seconds.append(time.perf_counter() - begin)
        # The first compiles.
        print(f"{options.framework:7} {part:42} {1000 * median(seconds[1:]):8.0f} ms", flush=True)
    print(f"{options.framework:7} {'memory':42} {resident_mb():8.0f} MB", flush=True)


def _parts(engine: Any, batch: Batch, package: str) -> dict[str, Callable[[], Any]]:
    """Name -> what is timed; each returns what has to be computed."""
    model = engine.model
    images, gradients = (_torch_tools if engine.name == "torch" else _jittor_tools)(batch)
    whole = [model]
    detector = [model.backbone, model.fpn, model.head]
    clip_gradients = import_module(f"{package}.optimizer").clip_gradients
    return {
        "backbone, forward and backward": lambda: gradients(model.backbone(images), detector[:1]),
        "detector alone, forward and backward": lambda: gradients([model(images)], detector),
        "with the branch, forward": lambda: model.forward_train(images),
        "with the branch, forward and backward": lambda: gradients(model.forward_train(images), whole),
        "with losses, forward": lambda: model.loss(images, batch.boxes, batch.labels),
        "with losses, forward and backward": lambda: gradients(
            [model.loss(images, batch.boxes, batch.labels)[0]], whole
        ),
        "clipping": lambda: clip_gradients(engine.optimizer, 35.0),
        "AdamW": engine.optimizer.step,
        "average": lambda: engine.average.update(model),
    }


def _torch_tools(batch: Batch) -> tuple[Any, Callable[[Any, Any], Any]]:
    """The images, and the gradients of outputs by the parameters of modules."""
    import torch

    def gradients(outputs: Any, modules: Any) -> Any:
        parameters = [parameter for module in modules for parameter in module.parameters()]
        return torch.autograd.grad(sum(output.square().mean() for output in outputs), parameters)

    return torch.from_numpy(batch.images), gradients


def _jittor_tools(batch: Batch) -> tuple[Any, Callable[[Any, Any], Any]]:
    """The images, and the gradients of outputs by the parameters of modules."""
    import jittor as jt

    def gradients(outputs: Any, modules: Any) -> Any:
        parameters = [parameter for module in modules for parameter in module.parameters()]
        return jt.grad(sum((output * output).mean() for output in outputs), parameters)

    return jt.array(batch.images), gradients


def _watch(options: argparse.Namespace) -> None:
    """Steps, with a line for every tenth of them."""
    config = load_config(options.config)
    engine, _ = _engine(options.framework, config)
    for number in range(options.steps):
        objects = 1 + number * 7 % 23
        begin = time.perf_counter()
        report = engine.step(made_up(config, options.batch, objects, seed=number), 0.1, epoch=0)
        if number % max(1, options.steps // 10) == 0 or number == options.steps - 1:
            print(
                f"{options.framework:7} step {number + 1:4}: loss {report.losses['loss']:.3f}, "
                f"{time.perf_counter() - begin:.2f} s, {engine.memory_mb:.0f} MB{_alive(options.framework)}",
                flush=True,
            )


def _alive(framework: str) -> str:
    """What a framework keeps of its graph, and how many kernels it has compiled."""
    if framework == "torch":
        return ""
    import jittor as jt

    kernels = len(list((Path(jt.flags.cache_path) / "jit").glob("*.so")))
    found = jt.liveness_info()
    return f", {found['lived_ops']} operators and {found['lived_vars']} Vars alive, {kernels} kernels"


def _engine(framework: str, config: Config) -> tuple[Any, Callable[[Any], None]]:
    """A trainer with initial values, and how to wait for the end of what a part returned."""
    state = initial_state(tensor_specs(config.model.arch, training=True), 0)
    if framework == "torch":
        from nanodet_ref_torch.engine import Trainer

        return Trainer(config, state), lambda result: None
    import nanodet_jittor  # noqa: F401  (prepares Jittor)
    from nanodet_jittor.engine import Trainer as JittorTrainer

    import jittor as jt  # isort: skip

    return JittorTrainer(config, state), lambda result: jt.sync_all(True)


def made_up(config: Config, images: int, objects: int, *, seed: int) -> Batch:
    """Noise, and boxes of all sizes."""
    random = np.random.default_rng(seed)
    width, height = config.data.train.input_size
    classes = config.model.arch.head.num_classes
    corners = random.uniform(0, 0.7, (images, objects, 2))
    sizes = random.uniform(0.05, 0.3, (images, objects, 2))
    boxes = np.concatenate([corners, corners + sizes], axis=2) * (width, height, width, height)
    return Batch(
        random.standard_normal((images, 3, height, width), np.float32),
        tuple(boxes.astype(np.float32)),
        tuple(random.integers(0, classes, (images, objects))),
        (),
        (),
    )


if __name__ == "__main__":
    main()
