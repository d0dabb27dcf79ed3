"""`train`: options, files, exit codes. The engine is a fake one; the data sets and the loader are real."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from alignment_tests.nanodet_common import hand_made
from alignment_tests.nanodet_common.command_line.conftest import Called, Material
from alignment_tests.nanodet_common.training.fake import FakeDetector
from jtmigrate.checkpoint.tree import read_tree, same_tree
from jtmigrate.cli.main import run
from nanodet_common.command_line.application import application
from nanodet_common.datasets.voc import read_voc
from nanodet_common.plot.json_lines import read_json_lines
from nanodet_common.training.engine import StepReport
from nanodet_common.training.sets import hold_out

Train = Callable[..., Called]


class Diverging(FakeDetector):
    """From its fourth step on."""

    def step(self, batch, factor, *, epoch):
        report = super().step(batch, factor, epoch=epoch)
        return report if self.updates < 4 else StepReport({"loss": float("nan")}, 1.0)


@pytest.fixture
def train(
    material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """Call `train` on the hand-made VOC set, eight pictures in batches of two, with these options more."""

    def call(
        *options: object, trainer: object = FakeDetector, data: tuple[object, ...] | None = None, config: object = None
    ) -> Called:
        names = ("--voc", material.voc, "--train", "val", "--classes", ",".join(hand_made.NAMES))
        usual = ("--config", material.config, "--out", tmp_path / "run", "--batch", 2, "--workers", 0, "--epochs", 2)
        arguments = [
            "train",
            *(("--config", config) if config else usual),
            *(names if data is None else data),
            *options,
        ]
        monkeypatch.setattr(sys, "argv", ["fake", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            run(application("Fake", "fake", None, lambda *_: None, trainer))
        written = capsys.readouterr()
        return Called(left.value.code, written.out, written.err)

    return call


def test_run_leaves_its_files(train: Train, tmp_path: Path, material: Material) -> None:
    called = train("--holdout", 0.25, "--weights", material.weights, "--load", "transfer", "--lr", 0.01)
    assert called.code == 0, called.err
    assert "images: 6" in called.out
    assert "fresh: head.gfl_cls (8), aux_head" in called.out
    run = tmp_path / "run"
    assert {path.name for path in run.iterdir()} == {
        ".lock", "config.yml", "environment.json", "events", "last.ckpt", "log.jsonl", "results.json",
        "weights_best.pth", "weights_last.pth",
    }  # fmt: skip
    config = yaml.safe_load((run / "config.yml").read_text())
    assert config["class_names"] == list(hand_made.NAMES)
    assert config["schedule"]["optimizer"]["lr"] == 0.01
    assert (config["schedule"]["total_epochs"], config["schedule"]["lr_schedule"]["T_max"]) == (2, 2)
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["kind"] for line in log] == ["start", *["train"] * 6, "validation"]
    session = json.loads((run / "environment.json").read_text())[0]
    assert session["weights"]["load"] == "transfer"
    assert (session["framework"], session["data"], session["step"]) == ("torch", {"train": 6, "val": 2}, 0)


@pytest.mark.parametrize("workers", [0, 1])
def test_pictures_that_break_off_are_left_out_or_end_the_run(
    train: Train, tmp_path: Path, material: Material, workers: int
) -> None:
    """One of the training set, and one of those that it is validated with."""
    voc = hand_made.voc_set(tmp_path / "voc")
    data = ("--voc", voc, "--train", "val", "--classes", ",".join(hand_made.NAMES), "--holdout", 0.25)
    training, validation = hold_out(read_voc(voc, ["val"], hand_made.NAMES), 0.25)
    broken = (training.images[0].file, validation.images[0].file)
    hand_made.break_off(*broken)
    called = train("--workers", workers, data=data)
    assert called.code == 0, called.err
    for file in broken:
        assert called.err.count(f"{file}: left out: not an image") == 1
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    kinds = [line["kind"] for line in log]
    assert (kinds.count("train"), kinds.count("validation"), kinds.count("left_out")) == (6, 1, 2)
    run = read_json_lines(tmp_path / "run" / "log.jsonl", "run")
    assert (run.damaged, len(run.series["loss"].values)) == (0, 6)

    called = train("--workers", workers, "--out", tmp_path / "other", "--on-problem", "fail", data=data)
    assert called.code == 2
    assert "broken image: not an image" in called.err.splitlines()[-1]


def test_stopped_and_resumed_ends_the_same(train: Train, tmp_path: Path) -> None:
    assert train("--seed", 3).code == 0
    expected = read_tree(tmp_path / "run" / "last.ckpt").entries
    other = ("--seed", 3, "--out", tmp_path / "other")
    called = train(*other, "--max-steps", 3)
    assert called.code == 0
    assert "stopped after step 3; --resume goes on from there" in called.err
    assert "going on after step 3" in train(*other, "--resume").out
    assert same_tree(read_tree(tmp_path / "other" / "last.ckpt").entries, expected)
    steps = [json.loads(line).get("step") for line in (tmp_path / "other" / "log.jsonl").read_text().splitlines()]
    assert len(json.loads((tmp_path / "other" / "environment.json").read_text())) == 2
    assert sorted(set(steps)) == list(range(7))


def test_seed_decides(train: Train, tmp_path: Path) -> None:
    for seed in (0, 1):
        train("--seed", seed, "--out", tmp_path / str(seed))
    first, second = (read_tree(tmp_path / str(seed) / "last.ckpt").entries["state_dict"] for seed in (0, 1))
    assert not same_tree(first, second)


def test_divergence_is_exit_code_1(train: Train, tmp_path: Path) -> None:
    called = train("--checkpoint-every", 2, trainer=Diverging)
    assert called.code == 1
    assert called.err.startswith("error: loss is nan in step 4 (epoch 2): the last good checkpoint is ")
    assert read_tree(tmp_path / "run" / "last.ckpt").entries["global_step"] == 3


def test_overfit_validates_with_what_it_learns(train: Train, tmp_path: Path) -> None:
    assert train("--overfit", 4).code == 0
    assert json.loads((tmp_path / "run" / "environment.json").read_text())[0]["data"] == {"train": 4, "val": 4}


def test_coco_file_names_its_own_classes(train: Train, material: Material, tmp_path: Path) -> None:
    annotations, pictures = material.coco
    called = train("--holdout", 0, data=("--coco", annotations, "--images", pictures))
    assert called.code == 0, called.err
    assert yaml.safe_load((tmp_path / "run" / "config.yml").read_text())["class_names"] == list(hand_made.NAMES)
    assert not (tmp_path / "run" / "weights_best.pth").exists()


def test_data_of_the_configuration(train: Train, material: Material, tmp_path: Path) -> None:
    """No option names any."""
    config = yaml.safe_load(material.config.read_text())
    annotations, pictures = map(str, material.coco)
    for part in ("train", "val"):
        config["data"][part] |= {"img_path": pictures, "ann_path": annotations}
    (tmp_path / "own.yml").write_text(yaml.safe_dump(config))
    assert train("--config", tmp_path / "own.yml", data=()).code == 0
    assert json.loads((tmp_path / "run" / "environment.json").read_text())[0]["data"] == {"train": 8, "val": 8}


def test_sets_of_the_configurations_voc_folder(train: Train, material: Material, tmp_path: Path) -> None:
    """`--train` without `--voc`."""
    names = ("--classes", ",".join(hand_made.NAMES))
    other = tmp_path / "other"
    shutil.copytree(material.voc, other)
    (other / "ImageSets" / "Main" / "few.txt").write_text("p0\np1\np2\np3\n")
    config = yaml.safe_load(material.config.read_text())
    for part in ("train", "val"):
        config["data"][part] |= {"name": "VocDataset", "img_path": str(other), "ann_path": "val"}
    (tmp_path / "own.yml").write_text(yaml.safe_dump(config))
    called = train("--config", tmp_path / "own.yml", "--train", "few", data=names)
    assert called.code == 0, called.err
    assert json.loads((tmp_path / "run" / "environment.json").read_text())[0]["data"] == {"train": 4, "val": 8}


@pytest.mark.parametrize("option", ["--train", "--val"])
def test_sets_of_no_voc_folder(train: Train, option: str) -> None:
    """The configuration's data are COCO's."""
    called = train(option, "val", data=())
    assert (called.code, called.err.count("\n")) == (2, 1)
    assert f"{option} names sets of VOC data, and the configuration's are COCO data: give their --voc" in called.err


def test_weights_and_folder_of_the_configuration(
    train: Train, material: Material, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the original's files name them; a run to go on with is named by options alone."""
    monkeypatch.chdir(tmp_path)
    config = yaml.safe_load(material.config.read_text()) | {"save_dir": "saved"}
    config["schedule"]["load_model"] = str(material.weights)
    (tmp_path / "own.yml").write_text(yaml.safe_dump(config))
    names = ("--voc", material.voc, "--train", "val", "--classes", ",".join(hand_made.NAMES))
    short = ("--batch", 2, "--workers", 0, "--epochs", 1)
    assert "aux_fpn (210); fresh: aux_head" in train(config="own.yml", data=(*names, *short)).out
    assert (tmp_path / "saved" / "results.json").exists()
    config["schedule"]["resume"] = "last.ckpt"
    (tmp_path / "own.yml").write_text(yaml.safe_dump(config))
    assert "schedule.resume is set; leave it out" in train(config="own.yml", data=names).err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--val", "val", "--holdout", 0.1], "two ways to validate"),
        (["--batch", 4, "--accumulate", 2], "one step takes 8: use a smaller --batch or --accumulate"),
        (["--batch", 30], "the training set has 7 images, and one step takes 30: use a smaller --batch"),
        (["--holdout", 1.5], "the share to hold out is 1.5; it must lie between 0 and 1"),
        (["--overfit", 9], "only 8 images of the data set have objects, and 9 are asked for"),
        (["--lr", 0], "schedule.optimizer.lr is 0"),
        (["--weights", "missing.pth"], "missing.pth"),
        (["--voc", "nowhere"], "nowhere"),
        (["--coco", "a.json", "--images", "b"], "two data sets: --voc is about VOC data, --coco about COCO data"),
        (["--load", "backbone"], "--load backbone takes weights out of a file: name it with --weights"),
    ],
)
def test_unusable_options_are_exit_code_2_and_leave_nothing(
    options: list[object], message: str, train: Train, tmp_path: Path
) -> None:
    called = train(*options)
    assert called.code == 2
    assert message in called.err
    assert called.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


def test_weights_for_other_classes_name_the_way_out(train: Train, material: Material) -> None:
    called = train(
        "--weights",
        material.weights,
        data=("--voc", material.voc, "--train", "val", "--classes", "red brick,green_leaf"),
    )
    assert called.code == 2
    assert "use --load transfer" in called.err


def test_nothing_to_learn_from(train: Train, tmp_path: Path) -> None:
    empty = hand_made.voc_set(tmp_path / "empty", objects=False)
    assert "8 images and no object to learn from" in train("--voc", empty, "--holdout", 0).err


@pytest.mark.parametrize(("option", "purpose"), [("--train", "training"), ("--val", "validation")])
def test_a_set_without_images_is_named(train: Train, tmp_path: Path, option: str, purpose: str) -> None:
    voc = hand_made.voc_set(tmp_path / "voc")
    (voc / "ImageSets" / "Main" / "empty.txt").write_text("")
    sets = {"--train": "val", option: "empty"}
    data = ("--voc", voc, "--classes", ",".join(hand_made.NAMES), *(part for pair in sets.items() for part in pair))
    called = train(data=data)
    assert (called.code, called.err) == (2, f"error: the {purpose} set has no images: {voc}, empty\n")


def test_a_run_is_neither_overwritten_nor_gone_on_with_as_another(train: Train, tmp_path: Path) -> None:
    assert train("--max-steps", 3).code == 0
    saved = (tmp_path / "run" / "last.ckpt").read_bytes()
    assert "holds a run: go on with it (--resume), or give another --out" in train().err
    assert "the run was begun with schedule.optimizer.lr 0.001, not 0.5" in train("--resume", "--lr", 0.5).err
    assert "the run was begun with another training set" in train("--resume", "--holdout", 0.5).err
    assert (tmp_path / "run" / "last.ckpt").read_bytes() == saved


def test_another_validation_is_refused(train: Train, tmp_path: Path) -> None:
    assert train("--max-steps", 3, "--val", "val").code == 0
    assert "begun with another validation set; give --val" in train("--resume", "--holdout", 0).err
    assert train("--resume", "--max-steps", 4, "--val", "val").code == 0
    without = ("--out", tmp_path / "without", "--max-steps", 3)
    assert train(*without, "--holdout", 0).code == 0
    assert "begun with no validation set" in train(*without, "--resume", "--val", "val").err


def test_other_start_weights_are_refused(train: Train, material: Material, tmp_path: Path) -> None:
    begun = ("--weights", material.weights, "--load", "transfer")
    same = shutil.copy(material.weights, tmp_path / "same.pth")
    other = hand_made.write_weights(tmp_path / "other.pth", material.config, seed=7)
    assert train("--max-steps", 3, *begun).code == 0
    for options, message in (
        (("--weights", other, "--load", "transfer"), f"begun with --weights {material.weights}, not {other}"),
        (("--weights", same, "--load", "backbone"), "begun with --load transfer, not backbone"),
        (("--weights", tmp_path / "gone.pth", "--load", "transfer"), "gone.pth: No such file or directory; to go on"),
    ):
        called = train("--resume", *options)
        assert (called.code, called.err.count("\n")) == (2, 1)
        assert message in called.err
    assert train("--resume", "--max-steps", 4).code == 0
    assert train("--resume", "--max-steps", 5, "--weights", same, "--load", "transfer").code == 0
    assert train("--out", tmp_path / "fresh", "--max-steps", 3).code == 0
    assert "begun without --weights" in train("--out", tmp_path / "fresh", "--resume", "--weights", same).err


def test_resume_where_nothing_was_saved_begins(train: Train, tmp_path: Path) -> None:
    """As after a kill before the first checkpoint."""
    assert train("--max-steps", 1).code == 0
    (tmp_path / "run" / "last.ckpt").unlink()
    assert train("--resume").code == 0


def test_resume_where_no_run_is_is_refused(train: Train, tmp_path: Path) -> None:
    """A folder that is spelt wrong does not begin training anew."""
    called = train("--resume")
    assert (called.code, called.err.count("\n")) == (2, 1)
    assert f"{tmp_path / 'run'} holds no run to go on with: leave out --resume, or check --out" in called.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", ["log.jsonl", "results.json", "weights_best.pth", "last.pkl"])
def test_files_of_others_are_not_overwritten(train: Train, tmp_path: Path, name: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / name).write_text("precious")
    called = train()
    assert (called.code, called.err.count("\n")) == (2, 1)
    assert "give another --out" in called.err
    assert (tmp_path / "run" / name).read_text() == "precious"
