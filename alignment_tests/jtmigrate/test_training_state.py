"""A run that changes its framework: K steps here and M there are the K + M steps of one of them.

Tolerance: float64, whose rounding after some steps is below 1e-12 of a tensor's maximum; 1e-9 is promised.
"""

from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np
import pytest
import torch

from alignment_tests.jtmigrate.frameworks import optimizers as both
from alignment_tests.jtmigrate.frameworks.optimizers import EVERYWHERE, PARITY_ONLY
from alignment_tests.jtmigrate.pairs import JittorCNN
from jtmigrate.checkpoint.tree import read_tree, same_tree, write_tree
from jtmigrate.errors import UserError
from jtmigrate.frameworks import jittor_optimizer
from jtmigrate.frameworks.jittor_adapter import JittorAdapter
from jtmigrate.frameworks.torch_adapter import TorchAdapter
from jtmigrate.optimizer_entry import from_entry
from jtmigrate.parity import optim as parity
from jtmigrate.training_state import resume_training, save_training

LIMIT = 1e-9
KINDS = EVERYWHERE | PARITY_ONLY
GRADIENTS = both.gradients(0, "float64", 7)
K, M = 3, 4


def warm_up(epoch: int) -> float:
    return min(1.0, (epoch + 1) / 5) * 0.9**epoch


class TorchRun:
    """A model, its moving average, an optimizer and a schedule in PyTorch."""

    def __init__(self, kind: str, options: dict[str, Any], *, groups: bool = True):
        self.model, _ = both.models("float64")
        self.averaged, _ = both.models("float64")
        self.optimizer = both.torch_optimizer(kind, options, self.model, groups=groups)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, warm_up)

    def train(self, several: list[both.Gradients]) -> list[list[float]]:
        """Learning rates after every step."""
        rates = []
        for gradients in several:
            both.torch_steps(self.optimizer, self.model, [gradients])
            self.schedule.step()
            rates.append([group["lr"] for group in self.optimizer.param_groups])
            with torch.no_grad():
                for mean, new in zip(self.averaged.parameters(), self.model.parameters(), strict=True):
                    mean.mul_(0.5).add_(new, alpha=0.5)
        return rates

    def states(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return TorchAdapter().state(self.model), TorchAdapter().state(self.averaged)


class JittorRun:
    """The same in Jittor."""

    def __init__(self, kind: str, options: dict[str, Any], *, groups: bool = True):
        _, self.model = both.models("float64")
        _, self.averaged = both.models("float64")
        self.optimizer = both.jittor_optimizer(kind, options, self.model, groups=groups, stock=False)
        self.schedule = jt.optim.LambdaLR(self.optimizer, warm_up)

    def train(self, several: list[both.Gradients]) -> list[list[float]]:
        rates = []
        for gradients in several:
            both.jittor_steps(self.optimizer, self.model, [gradients])
            self.schedule.step()
            rates.append([group["lr"] for group in self.optimizer.param_groups])
            mean, new = self.states()[1], self.states()[0]
            JittorAdapter().assign(self.averaged, {name: 0.5 * mean[name] + 0.5 * new[name] for name in mean})
        return rates

    def states(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        return JittorAdapter().state(self.model), JittorAdapter().state(self.averaged)


def save(path: Path, run: TorchRun | JittorRun) -> None:
    parts = {"schedule": run.schedule, "averaged": run.averaged, "epoch": K, "step": 10 * K}
    save_training(path, run.model, run.optimizer, **parts)


def assert_continues(path: Path, run: TorchRun | JittorRun, whole: TorchRun | JittorRun) -> None:
    """`run`, resumed from the file, ends where `whole` has come to in one go."""
    resumed = resume_training(path, run.model, run.optimizer, schedule=run.schedule, averaged=run.averaged)
    assert resumed.weights
    assert (resumed.epoch, resumed.step) == (K, 10 * K)
    rates = whole.train(GRADIENTS)
    assert run.train(GRADIENTS[K:]) == rates[K:]
    for found, expected in zip(run.states(), whole.states(), strict=True):
        both.assert_close(found, expected, LIMIT)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("suffix", [".pth", ".pkl"])
def test_from_torch_to_jittor(tmp_path: Path, name: str, suffix: str) -> None:
    """The .pth as plain scripts write it, by `torch.save`; the .pkl by the toolkit."""
    run = TorchRun(*KINDS[name])
    run.train(GRADIENTS[:K])
    path = tmp_path / f"a{suffix}"
    if suffix == ".pth":
        entries = {
            "model": run.model.state_dict(),
            "optimizer": run.optimizer.state_dict(),
            "lr_scheduler": run.schedule.state_dict(),
            "ema": run.averaged.state_dict(),
        }
        torch.save({**entries, "epoch": K, "global_step": 10 * K}, path)
    else:
        save(path, run)
    assert_continues(path, JittorRun(KINDS[name][0], {}), TorchRun(*KINDS[name]))


@pytest.mark.parametrize("name", KINDS)
def test_from_jittor_to_torch(tmp_path: Path, name: str) -> None:
    run = JittorRun(*KINDS[name])
    run.train(GRADIENTS[:K])
    save(tmp_path / "a.ckpt", run)
    assert_continues(tmp_path / "a.ckpt", TorchRun(KINDS[name][0], {}), JittorRun(*KINDS[name]))


@pytest.mark.parametrize("name", ["AdamW", "SGD-momentum", "RMSprop-all"])
def test_torch_itself_takes_what_jittor_wrote(tmp_path: Path, name: str) -> None:
    """With `torch.load(weights_only=True)` and its own `load_state_dict`."""
    port, original, whole = JittorRun(*KINDS[name]), TorchRun(KINDS[name][0], {}), TorchRun(*KINDS[name])
    port.train(GRADIENTS[:K])
    save(tmp_path / "a.pth", port)
    entries = torch.load(tmp_path / "a.pth", weights_only=True)
    original.model.load_state_dict(entries["state_dict"])
    original.optimizer.load_state_dict(entries["optimizer"])
    original.schedule.load_state_dict(entries["lr_scheduler"])
    original.averaged.load_state_dict(entries["ema"])
    rates = whole.train(GRADIENTS)
    assert original.train(GRADIENTS[K:]) == rates[K:]
    for found, expected in zip(original.states(), whole.states(), strict=True):
        both.assert_close(found, expected, LIMIT)


def test_a_lightning_checkpoint(tmp_path: Path) -> None:
    run = TorchRun("AdamW", both.ADAM)
    run.train(GRADIENTS[:K])
    checkpoint = {
        "state_dict": {f"model.{name}": tensor for name, tensor in run.model.state_dict().items()},
        "optimizer_states": [run.optimizer.state_dict()],
        "lr_schedulers": [run.schedule.state_dict()],
        "epoch": K,
        "global_step": 10 * K,
        "callbacks": {"best": torch.tensor(1.0)},
        "hyper_parameters": torch.nn.ReLU(),
    }
    torch.save(checkpoint, tmp_path / "a.ckpt")
    port, whole = JittorRun("AdamW", {}), TorchRun("AdamW", both.ADAM)
    resumed = resume_training(tmp_path / "a.ckpt", port.model, port.optimizer, schedule=port.schedule)
    assert (resumed.epoch, resumed.step) == (K, 10 * K)
    rates = whole.train(GRADIENTS)
    assert port.train(GRADIENTS[K:]) == rates[K:]
    both.assert_close(port.states()[0], whole.states()[0], LIMIT)
    assert read_tree(tmp_path / "a.ckpt").left_behind == ("hyper_parameters",)


@pytest.mark.parametrize("lightning", [True, False])
def test_averaged_weights_wherever_they_are(tmp_path: Path, lightning: bool) -> None:
    """In a Lightning task, or as `torch.optim.swa_utils.AveragedModel` keeps them."""
    run = TorchRun("SGD", {})
    run.train(GRADIENTS[:K])
    weights, mean = run.model.state_dict(), run.averaged.state_dict()
    if lightning:
        both_copies = {"model.": weights, "avg_model.": mean}
        entries = {
            "state_dict": {prefix + name: array for prefix, some in both_copies.items() for name, array in some.items()}
        }
    else:
        entries = {"model": weights, "ema": torch.optim.swa_utils.AveragedModel(run.averaged).state_dict()}
    torch.save({**entries, "optimizer": run.optimizer.state_dict()}, tmp_path / "a.ckpt")
    port = JittorRun("SGD", {})
    assert resume_training(tmp_path / "a.ckpt", port.model, port.optimizer, averaged=port.averaged).averaged
    for found, expected in zip(port.states(), run.states(), strict=True):
        both.assert_close(found, expected, 0.0)


def test_buffers_in_a_jittor_optimizer_are_no_parameters(tmp_path: Path) -> None:
    """`Module.parameters()` of Jittor has the running statistics too, PyTorch's has not."""
    port = JittorCNN()
    optimizer = parity.SGD(port.parameters(), momentum=0.9)
    names = jittor_optimizer.group_names(optimizer, port)[0]
    assert not any("running" in name for name in names)
    optimizer.step(sum((var * var).sum() for name, var in port.named_parameters() if name in names))
    before = jittor_optimizer.read_optimizer(optimizer, port)
    save_training(tmp_path / "a.pkl", port, optimizer)
    other = JittorCNN()
    again = parity.SGD(other.parameters())
    resume_training(tmp_path / "a.pkl", other, again)
    both.assert_same_state(jittor_optimizer.read_optimizer(again, other), before, 0.0)


def test_a_schedule_of_milestones_keeps_them(tmp_path: Path) -> None:
    run = TorchRun("SGD", {})
    schedule = torch.optim.lr_scheduler.MultiStepLR(run.optimizer, [2, 4])
    torch.save({"state_dict": run.model.state_dict(), "lr_scheduler": schedule.state_dict()}, tmp_path / "a.pth")
    assert read_tree(tmp_path / "a.pth").entries["lr_scheduler"]["milestones"] == {2: 1, 4: 1}


def entries() -> dict[str, Any]:
    run = TorchRun("SGD", {"momentum": 0.9}, groups=False)
    run.train(GRADIENTS[:1])
    return {
        "state_dict": run.states()[0],
        "optimizer": {**run.optimizer.state_dict(), "state": {0: {"momentum_buffer": np.zeros((16, 6))}}},
        "lr_scheduler": {"last_epoch": 1},
    }


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        (lambda tree: tree.pop("optimizer"), "SGD", "a.pkl: holds no optimizer: none of optimizer, "),
        (lambda tree: tree.update(optimizer=[]), "SGD", "holds 0 of optimizer, and number 0"),
        (lambda tree: tree.update(optimizer={}), "SGD", "no state of a PyTorch optimizer"),
        (lambda tree: tree["optimizer"].update(param_groups=[{}]), "SGD", "no state of a PyTorch optimizer"),
        (lambda tree: tree["optimizer"].update(state={0: 1}), "SGD", "no state of a PyTorch optimizer"),
        (lambda tree: tree["optimizer"]["param_groups"][0].update(lr="a"), "SGD", "'a' is no option"),
        (
            lambda tree: tree["optimizer"]["state"].update({1: {"momentum_buffer": []}}),
            "SGD",
            "hidden.bias is no array",
        ),
        (lambda tree: None, "AdamW", "a.pkl: the checkpoint's optimizer has no betas, so it is not AdamW"),
        (lambda tree: tree["optimizer"]["param_groups"][0]["params"].pop(), "SGD", r"3 parameters in the .* and 4 in"),
        (
            lambda tree: tree["optimizer"]["param_groups"].append({"params": []}),
            "SGD",
            "2 parameter groups, the optimizer 1",
        ),
        (lambda tree: tree["optimizer"]["state"].update({9: {}}), "SGD", "a state for parameter 9"),
        (lambda tree: tree["optimizer"]["state"].update({1: {"exp_avg": 1.0}}), "SGD", "hidden.bias has exp_avg"),
        (
            lambda tree: tree["optimizer"]["state"].update({1: {"momentum_buffer": np.zeros((16, 6))}}),
            "SGD",
            r"momentum_buffer of hidden.bias has shape \(16, 6\)",
        ),
        (lambda tree: tree.pop("lr_scheduler"), "SGD", "holds no schedule"),
        (lambda tree: tree.update(lr_scheduler={"a": 1}), "SGD", "no state of a PyTorch schedule"),
        (lambda tree: tree["lr_scheduler"].update(T_max=3), "SGD", "schedule has T_max, which LambdaLR has not"),
        (lambda tree: tree["state_dict"].pop("out.bias"), "SGD", r"a.pkl: .* 1 missing \(out.bias\)"),
    ],
)
def test_what_does_not_fit(tmp_path: Path, change: Any, kind: str, message: str) -> None:
    tree = entries()
    tree["optimizer"]["param_groups"] = [dict(tree["optimizer"]["param_groups"][0])]
    change(tree)
    write_tree(tmp_path / "a.pkl", tree)
    run = JittorRun(kind, {}, groups=False)
    with pytest.raises(UserError, match=message):
        resume_training(tmp_path / "a.pkl", run.model, run.optimizer, schedule=run.schedule)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"ema": 3}, "holds no weights by name, but one int"), ({}, "the file holds no averaged weights")],
)
def test_averaged_weights_that_are_not_there(tmp_path: Path, change: dict, message: str) -> None:
    write_tree(tmp_path / "a.pkl", entries() | change)
    run = JittorRun("SGD", {}, groups=False)
    with pytest.raises(UserError, match=message):
        resume_training(tmp_path / "a.pkl", run.model, run.optimizer, averaged=run.averaged)


def test_schedules_that_count_otherwise(tmp_path: Path) -> None:
    write_tree(tmp_path / "a.pkl", entries())
    run = JittorRun("SGD", {}, groups=False)
    schedule = jt.lr_scheduler.StepLR(run.optimizer, 2)
    with pytest.raises(UserError, match=r"jittor\.lr_scheduler\.StepLR does not count as PyTorch's schedules do"):
        resume_training(tmp_path / "a.pkl", run.model, run.optimizer, schedule=schedule)


def test_names_of_parameters_decide_where_the_file_has_them() -> None:
    tree = entries()
    state = tree["optimizer"]
    names = list(both.SHAPES)
    stored = [f"module.{name}" for name in reversed(names)]
    group = {
        **state["param_groups"][0],
        "params": [3, 2, 1, 0],
        "param_names": stored,
    }
    found = from_entry({**state, "param_groups": [group]}, "SGD", [names])
    assert found.groups[0].names == tuple(reversed(names))
    assert set(found.slots) == {"hidden.weight"}


def test_trees_around_both_formats(tmp_path: Path) -> None:
    tied = np.arange(6, dtype=np.float32).reshape(2, 3)
    tree = {
        "state_dict": {"a": tied, "b": tied, "0d": np.array(3), "empty": np.zeros((0, 2))},
        "nested": [1, 2.5, (True, None, "ünï"), {3: {"x": -1}}, float("nan"), [], {}, ()],
    }
    write_tree(tmp_path / "a.pth", tree)
    write_tree(tmp_path / "b.pkl", read_tree(tmp_path / "a.pth").entries)
    found = read_tree(tmp_path / "b.pkl").entries
    assert same_tree(found, tree)
    assert found["state_dict"]["a"] is found["state_dict"]["b"]
    loaded = torch.load(tmp_path / "a.pth", weights_only=True)
    assert loaded["state_dict"]["a"].data_ptr() == loaded["state_dict"]["b"].data_ptr()
    assert loaded["nested"][2] == (True, None, "ünï")
    assert jt.load(str(tmp_path / "b.pkl"))["nested"][3] == {3: {"x": -1}}


@pytest.mark.parametrize(
    ("tree", "name", "message"),
    [
        ({"a": {1, 2}}, "a.pkl", "a is a set, neither plain nor an array"),
        ({"a": [{(1,): 2}]}, "a.pth", r"a\.0 has the key \(1,\)"),
        ({"a": 1}, "a.npz", r"written as \.pkl, \.pth"),
    ],
)
def test_what_has_no_place_in_a_file(tmp_path: Path, tree: Any, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        write_tree(tmp_path / name, tree)
    assert not list(tmp_path.iterdir())


def test_hostile_trees(tmp_path: Path) -> None:
    """One that contains itself, one that is too deep, and one that would take all memory or time to unfold."""
    cyclic: dict[str, Any] = {"state_dict": {"a": torch.zeros(1)}}
    cyclic["self"] = [cyclic]
    torch.save(cyclic, tmp_path / "a.pth")
    assert "self" in str(read_tree(tmp_path / "a.pth").left_behind)
    deep: list[Any] = []
    for _ in range(210):
        deep = [deep]
    torch.save({"state_dict": {"a": torch.zeros(1)}, "b": deep}, tmp_path / "d.pth")
    with pytest.raises(UserError, match="nested deeper than 200"):
        read_tree(tmp_path / "d.pth")
    doubled: list[Any] = [torch.zeros(1)]
    for _ in range(100):
        doubled = [doubled, doubled]
    torch.save({"state_dict": {"a": torch.zeros(1)}, "b": doubled}, tmp_path / "b.pth")
    with pytest.raises(UserError, match="few that repeat each other"):
        read_tree(tmp_path / "b.pth")
    large = torch.zeros(1).expand(1 << 24)
    torch.save({**cyclic, "b": {str(i): large[i:] for i in range(4)}}, tmp_path / "c.pth")
    with pytest.raises(UserError, match="repeat what is stored once"):
        read_tree(tmp_path / "c.pth")
