"""Training steps of the port beside those of the reference, on real augmented batches.

    python -m alignment_tests.benchmarks.lockstep --voc VOCdevkit --train 2007:trainval --weights model.pth \\
        --out reports/training/lockstep [--steps 200] [--batch 8] [--exact-every 10] [--nudged 4] [--config NAME]
        [--load transfer]

Before every step the port takes over the reference's weights and moments. Compared then are the parts of the loss, the
assignment, the step that the port's optimizer takes with the reference's gradients, and every `--exact-every` steps the
step that it takes with its own, where the reference's float64 gradient says what it should be. How far rounding moves a
gradient is measured on the reference alone: once as it is, and `--nudged` times more with every weight moved to the
next float32 number, the least that it can be moved. (Whether an activation near zero falls on the other side is a
matter of luck, and changes a gradient at once: a single run shows what happened, not what can.) A prior that the two
assign differently is held against the margin of that decision. Another port goes on by itself from the same start: its
distance is the drift. Writes OUT.jsonl (a line a step), OUT.md and OUT.png.
"""

import argparse
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import nanodet_jittor.assigner
import nanodet_jittor.engine
import nanodet_jittor.optimizer
import nanodet_ref_torch.assigner
import nanodet_ref_torch.engine
from jtmigrate.files import write_text
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.jittor_optimizer import group_names
from nanodet_common.assignment_margin import assignment_margin
from nanodet_common.class_names import VOC_CLASSES
from nanodet_common.config import load_config
from nanodet_common.datasets.voc import read_voc
from nanodet_common.loader.batch import Batch
from nanodet_common.loader.loader import Loader
from nanodet_common.training.schedule import LearningRates
from nanodet_common.training.start import start_state

LOSS, GIVEN, OWN = 1e-5, 1e-6, 1e-3
"""Bars: relative error of a part of the loss; of a step with given gradients, in terms of a tensor's maximum; of a step
with own gradients, in terms of the learning rate."""
WELL_ABOVE = 100
"""Elements of a gradient that stand so many noise floors above zero are compared in their own step."""

Arrays = Mapping[str, np.ndarray]


class Step(NamedTuple):
    """What a trainer did: losses and gradients (after clipping), and its weights afterwards."""

    losses: Mapping[str, float]
    gradients: Arrays
    weights: Arrays
    assignment: tuple[np.ndarray, np.ndarray]
    decision: tuple[np.ndarray, np.ndarray, np.ndarray]
    """What the assignment was made by: cost, IoUs and usable pairs, each (images, priors, objects)."""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", default="nanodet-plus-m_320-voc-cpu")
    parser.add_argument("--voc", type=Path, required=True, help="folder of VOC2007, VOC2012")
    parser.add_argument("--train", default="2007:trainval", help="YEAR:SPLIT")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--load", default="transfer", choices=("full", "transfer", "backbone"))
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--exact-every", type=int, default=10)
    parser.add_argument("--nudged", type=int, default=4, help="further runs that measure the noise of a gradient")
    parser.add_argument("--out", type=Path, default=Path("reports/training/lockstep"))
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    with options.out.with_suffix(".jsonl").open("w") as log:
        for row in compare(options):
            rows.append(row)
            log.write(json.dumps(row) + "\n")
            log.flush()
            print(_line(row), flush=True)
    write_text(options.out.with_suffix(".md"), _summary(rows, options))
    _draw(rows, options.out.with_suffix(".png"))


def compare(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """A row a step."""
    config = load_config(options.config)
    start = start_state(config, 0, options.weights, options.load).state
    exact_start = {
        name: array.astype(np.float64) if array.dtype == np.float32 else array for name, array in start.items()
    }
    reference = nanodet_ref_torch.engine.Trainer(config, start)
    exact = nanodet_ref_torch.engine.Trainer(config, exact_start, "float64")
    nudged = nanodet_ref_torch.engine.Trainer(config, start)
    led, free = (nanodet_jittor.engine.Trainer(config, start) for _ in range(2))
    year, _, split = options.train.partition(":")
    dataset = read_voc(options.voc / f"VOC{year}", [split], VOC_CLASSES)
    loader = Loader(
        dataset,
        config.data.train,
        batch_size=options.batch,
        workers=0,
        seed=0,
        augment=True,
        shuffle=True,
        drop_last=True,
    )
    rates = LearningRates(config.schedule, len(loader))
    for number, batch in enumerate(_endless(loader, options.steps)):
        begin, factor = time.perf_counter(), rates.factor(number)
        before = reference.state()
        led.load(before)
        theirs = take_step(led, batch, factor)
        ours = take_step(reference, batch, factor)
        led.load(before)
        given = _step_given(led, ours.gradients, factor)
        alone = free.step(batch, factor, epoch=0)
        row = {
            "step": number + 1,
            "loss": ours.losses["loss"],
            "loss_error": max(abs(theirs.losses[name] / value - 1) for name, value in ours.losses.items() if value),
            **_assignments(ours.assignment, theirs.assignment),
            "given_error": max(_of_maximum(ours.weights[name], array) for name, array in given.items()),
            "drift_loss": abs(alone.losses["loss"] / ours.losses["loss"] - 1),
            "drift_weights": _distance(ours.weights, free.state()["state_dict"], start),
        }
        if number % options.exact_every == 0 or row["assigned_otherwise"]:
            exact.load(_in_float64(before))
            truth = take_step(exact, batch, factor)
            if row["assigned_otherwise"]:
                row |= _margin(ours, theirs, truth)
            else:
                runs = [_nudged_step(nudged, before, batch, factor, seed) for seed in range(options.nudged)]
                runs = [run for run in runs if not _otherwise(ours.assignment, run.assignment).any()]
                for key, known in (("own", [ours]), ("own_nudged", [ours, *runs])):
                    row[key] = _own(before["state_dict"], ours, theirs, truth, known, _rates(factor, led))
        yield row | {"seconds": time.perf_counter() - begin}


def take_step(trainer: Any, batch: Batch, factor: float) -> Step:
    """One step of a trainer, and what it was made of."""
    package = nanodet_ref_torch if trainer.name == "torch" else nanodet_jittor
    with _recorded(package.assigner) as matches:
        report = trainer.step(batch, factor, epoch=0)
    arguments, assignment = matches[-1]
    positive, index = (np.asarray(part.numpy()) for part in assignment[:2])
    decision = tuple(np.asarray(part.numpy()) for part in arguments[:3])
    weights = trainer.state()["state_dict"]
    return Step(report.losses, _gradients(trainer), weights, (positive.astype(bool), index), decision)


@contextmanager
def _recorded(assigner: Any) -> Iterator[list[tuple[Any, Any]]]:
    """(arguments, result) of the module's `match`, call by call."""
    original, calls = assigner.match, []

    def match(*arguments: Any) -> Any:
        calls.append((arguments, original(*arguments)))
        return calls[-1][1]

    assigner.match = match
    try:
        yield calls
    finally:
        assigner.match = original


def _nudged_step(trainer: Any, state: Mapping[str, Any], batch: Batch, factor: float, seed: int) -> Step:
    """A step of the reference with every parameter a unit in the last place above or below what it is."""
    generator, weights = np.random.default_rng(seed), dict(state["state_dict"])
    for name, _ in trainer.model.named_parameters():
        towards = generator.choice(np.float32([-np.inf, np.inf]), weights[name].shape)
        weights[name] = np.asarray(np.nextafter(weights[name], towards))
    trainer.load({**state, "state_dict": weights})
    return take_step(trainer, batch, factor)


def _gradients(trainer: Any) -> Arrays:
    if trainer.name == "torch":
        return {name: each.grad.numpy().copy() for name, each in trainer.model.named_parameters()}
    groups = zip(group_names(trainer.optimizer, trainer.model), trainer.optimizer.param_groups, strict=True)
    return {name: var.numpy() for names, group in groups for name, var in zip(names, group["grads"], strict=True)}


def _step_given(trainer: Any, gradients: Arrays, factor: float) -> Arrays:
    """The parameters after a step with these gradients."""
    nanodet_jittor.optimizer.set_rate(trainer.optimizer, factor)
    JittorAdapter().give_gradients(trainer.optimizer, trainer.model, gradients)
    trainer.optimizer.step()
    after = trainer.state()["state_dict"]
    return {name: after[name] for name in gradients}


def _assignments(ours: tuple[np.ndarray, ...], theirs: tuple[np.ndarray, ...]) -> dict[str, int]:
    return {"assigned": int(ours[0].sum()), "assigned_otherwise": int(_otherwise(ours, theirs).sum())}


def _otherwise(ours: tuple[np.ndarray, ...], theirs: tuple[np.ndarray, ...]) -> np.ndarray:
    return (ours[0] != theirs[0]) | (ours[0] & (ours[1] != theirs[1]))


def _margin(ours: Step, theirs: Step, exact: Step) -> dict[str, float]:
    """How close the furthest of the decisions that differ was, and how far rounding moves a cost or a sum of IoUs."""
    cost, ious, usable = ours.decision
    margin = assignment_margin(cost, ious, usable.astype(bool))[_otherwise(ours.assignment, theirs.assignment)].max()
    possible = usable.astype(bool) & exact.decision[2].astype(bool)
    floor = np.abs(cost - exact.decision[0])[possible].max()
    return {"margin": float(margin), "margin_floor": float(floor)}


def _own(
    before: Arrays, ours: Step, theirs: Step, exact: Step, runs: Sequence[Step], rates: Mapping[str, float]
) -> dict[str, Any]:
    """The step with own gradients, of the elements whose exact gradient is well above its noise floor: the furthest
    that one of the reference's `runs` in float32 is from it.

    A weight cannot move by less than its own resolution, which at low rates is more than the bar: that much is allowed.
    """
    worst, compared, total, beyond = 0.0, 0, 0, 0
    for name, gradient in exact.gradients.items():
        noise = max(np.abs(gradient - run.gradients[name]).max() for run in runs)
        floor = max(noise, 2.0**-22 * np.abs(gradient).max())
        clear = np.abs(gradient) > WELL_ABOVE * floor
        error = np.abs(theirs.weights[name].astype(np.float64) - ours.weights[name])
        error = np.maximum(error - np.spacing(np.abs(before[name]).astype(np.float32)), 0)[clear] / rates[name]
        worst, beyond = max(worst, error.max(initial=0)), beyond + int((error > OWN).sum())
        compared, total = compared + int(clear.sum()), total + clear.size
    return {"error": float(worst), "beyond": beyond, "compared": compared, "elements": total}


def _rates(factor: float, trainer: Any) -> dict[str, float]:
    groups = zip(group_names(trainer.optimizer, trainer.model), trainer.optimizer.param_groups, strict=True)
    return {name: group["initial_lr"] * factor for names, group in groups for name in names}


def _of_maximum(expected: np.ndarray, found: np.ndarray) -> float:
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30))


def _distance(ours: Arrays, theirs: Arrays, start: Arrays) -> float:
    """Of all weights together, in terms of the way that the reference has come."""
    names = [name for name, array in ours.items() if array.dtype.kind == "f"]

    def norm(a: Arrays, b: Arrays) -> float:
        return float(np.sqrt(sum(np.square(a[name].astype(np.float64) - b[name]).sum() for name in names)))

    return norm(ours, theirs) / norm(ours, start)


def _in_float64(entry: Any) -> Any:
    match entry:
        case dict():
            return {key: _in_float64(value) for key, value in entry.items()}
        case list() | tuple():
            return type(entry)(map(_in_float64, entry))
        case np.ndarray() if entry.dtype == np.float32:
            return entry.astype(np.float64)
        case _:
            return entry


def _endless(loader: Loader, count: int) -> Iterator[Batch]:
    epoch = 0
    while count > 0:
        for batch in loader.epoch(epoch):
            if count > 0:
                yield batch
            count -= 1
        epoch += 1


def _line(row: Mapping[str, Any]) -> str:
    own = f", own step {row['own']['error']:.1e} of the rate" if "own" in row else ""
    return (
        f"step {row['step']}: loss {row['loss']:.4f} ({row['loss_error']:.1e}), {row['assigned_otherwise']} of "
        f"{row['assigned']} assigned otherwise, given step {row['given_error']:.1e}{own}, "
        f"drift of loss {row['drift_loss']:.1e}, of weights {row['drift_weights']:.1e}, {row['seconds']:.1f} s"
    )


def _summary(rows: list[dict[str, Any]], options: argparse.Namespace) -> str:
    assigned, otherwise = (sum(row[key] for row in rows) for key in ("assigned", "assigned_otherwise"))
    alike = [row for row in rows if not row["assigned_otherwise"]] or rows
    worst = {key: max(alike, key=lambda row: row[key]) for key in ("loss_error", "given_error")}
    table = [
        (
            "parts of the loss, relative, where the assignment is the same",
            f"{LOSS:.0e}",
            worst["loss_error"]["loss_error"],
            worst["loss_error"]["step"],
        ),
        (
            "step with the reference's gradients",
            f"{GIVEN:.0e}",
            worst["given_error"]["given_error"],
            worst["given_error"]["step"],
        ),
    ]
    lines = [
        f"# {len(rows)} training steps in lockstep",
        "",
        f"`python -m alignment_tests.benchmarks.lockstep --config {options.config} --load {options.load} "
        f"--train {options.train} --batch {options.batch} --steps {options.steps} --exact-every {options.exact_every} "
        f"--nudged {options.nudged}`",
        "",
        "| quantity | bar | worst | in step |",
        "| --- | --- | --- | --- |",
        *(f"| {name} | {bar} | {error:.1e} | {step} |" for name, bar, error, step in table),
    ]
    floors = {
        "own": "of the reference as it is",
        "own_nudged": f"of the reference as it is and {options.nudged} times with nudged weights",
    }
    exact = [row for row in rows if "own" in row]
    if exact:
        lines += [
            "",
            f"The step with its own gradients, in terms of the rate (bar {OWN:.0e}), in {len(exact)} steps, for the "
            f"elements whose float64 gradient is {WELL_ABOVE} times above its noise floor:",
            "",
            "| noise floor | elements compared | excluded | beyond the bar | worst | in step |",
            "| --- | --- | --- | --- | --- | --- |",
            *(_own_row(exact, key, name) for key, name in floors.items()),
        ]
    lines += [
        "",
        f"Assignment: {otherwise} of {assigned:,} positive priors assigned otherwise.",
        *(
            f"Step {row['step']}: {row['assigned_otherwise']}, decided by {row['margin']:.1e}, where rounding moves "
            f"the reference's own costs by up to {row['margin_floor']:.1e}; parts of the loss "
            f"{row['loss_error']:.1e} apart."
            for row in rows
            if "margin" in row
        ),
        "",
        f"Each on its own: after {len(rows)} steps the loss differs by {rows[-1]['drift_loss']:.1e}, the weights by "
        f"{rows[-1]['drift_weights']:.1e} of the way they have come.",
        "",
        f"![drift]({options.out.with_suffix('.png').name})",
        "",
    ]
    return "\n".join(lines)


def _own_row(rows: list[dict[str, Any]], key: str, floor: str) -> str:
    total = {part: sum(row[key][part] for row in rows) for part in ("compared", "elements", "beyond")}
    worst = max(rows, key=lambda row: row[key]["error"])
    return (
        f"| {floor} | {total['compared']:,} of {total['elements']:,} | {1 - total['compared'] / total['elements']:.1%} "
        f"| {total['beyond']:,} | {worst[key]['error']:.1e} | {worst['step']} |"
    )


def _draw(rows: list[dict[str, Any]], path: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots()
    steps = [row["step"] for row in rows]
    for key, name in (
        ("drift_weights", "weights, each on its own"),
        ("drift_loss", "loss, each on its own"),
        ("loss_error", "parts of the loss, led"),
        ("given_error", "step with the same gradients"),
    ):
        axes.plot(steps, [max(row[key], 1e-9) for row in rows], label=name, linewidth=1)
    axes.set(yscale="log", xlabel="step", ylabel="relative difference", title="Jittor against PyTorch, step by step")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
