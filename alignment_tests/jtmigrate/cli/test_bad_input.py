"""Every bad input of every command: one line on stderr, exit code 2, no result, nothing written."""

import json
import sys

import cv2
import numpy as np
import pytest

from jtmigrate.checkpoint import Checkpoint, write_checkpoint
from jtmigrate.cli import main
from jtmigrate.presets import align_report, nanodet
from nanodet_common.config import known_configs

MODELS = """
import sys


def original():
    import torch
    return torch.nn.Sequential(torch.nn.Linear(4, 3))


def port():
    import jittor as jt
    return jt.nn.Sequential(jt.nn.Linear(4, 3))


def lacks_a_package():
    import no_such_package


def fails():
    raise ZeroDivisionError("too few classes")


def nothing_else():
    pass


def a_class():
    return dict


def ends():
    sys.exit(0)


def ends_in_forward():
    import torch

    class Ends(torch.nn.Module):
        def forward(self, x):
            sys.exit(0)

    return Ends()


def loss(model, output):
    sys.exit(0)


def training():
    import torch
    from jtmigrate.frameworks.training import Training

    return Training(lambda model: sys.exit(0))
"""

DIFF = ("diff", "--image", "photo.jpg")
CONVERT = ("convert", "good.pth", "new.pkl")
TRACE = ("trace", "--framework", "torch", "--input", "x.npz", "--out", "new.trace")
REPORT = ("align_report", "--out", "report", "--image", "photo.jpg")


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A folder of files, each good or bad in one way."""
    folder = tmp_path_factory.mktemp("material")
    _, state = nanodet.settings(None, num_classes=3, weights=None)
    other = {"conv1.weight": np.zeros((64, 3, 7, 7), np.float32), "fc.bias": np.zeros(1000, np.float32)}
    _, wide = nanodet.settings("nanodet-plus-m-1.5x_416", num_classes=None, weights=None)
    for name, tensors in {"good.pth": state, "wide.pth": wide, "other.pth": other}.items():
        write_checkpoint(folder / name, Checkpoint(tensors))
    content = (folder / "good.pth").read_bytes()
    (folder / "cut.pth").write_bytes(content[: len(content) // 2])
    (folder / "text.pth").write_text("not a checkpoint")
    (folder / "long.safetensors").write_bytes((2**60).to_bytes(8, "little") + b"{}")
    (folder / "folder.pth").mkdir()
    (folder / "folder.pth" / "none").mkdir()
    (folder / "texts").mkdir()
    (folder / "texts" / "readme.txt").write_text("no program")
    cv2.imwrite(str(folder / "photo.jpg"), np.zeros((48, 64, 3), np.uint8))
    (folder / "cut.jpg").write_bytes((folder / "photo.jpg").read_bytes()[:30])
    np.savez(folder / "x.npz", np.zeros((2, 4), np.float32))
    np.savez(folder / "words.npz", np.zeros(2), words=np.array(["one", "two"]))
    np.savez(folder / "days.npz", np.zeros(2), np.zeros(2, "datetime64[D]"))
    np.savez(folder / "waves.npz", np.zeros(2, np.complex64))
    np.savez(folder / "objects.npz", np.array([None]))
    (folder / "cut.npz").write_bytes((folder / "x.npz").read_bytes()[:60])
    (folder / "pair.py").write_text(MODELS)
    (folder / "broken.py").write_text("def original(:\n")
    (folder / "ends.py").write_text("import sys\n\nsys.exit(0)\n")
    (folder / "raises.py").write_text("{}['nothing']\n")
    (folder / "schema.json").write_text(json.dumps({"conv.weight": {"shape": [1], "dtype": "float32"}}))
    (folder / "broken.json").write_text("{")
    return folder


@pytest.fixture
def refused(material, monkeypatch, capsys):
    """A function that runs a command line in that folder and returns its complaint and the lines before it."""
    monkeypatch.chdir(material)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    before = sorted(material.rglob("*"))

    def refused(*arguments):
        app, arguments = (align_report.app, arguments[1:]) if arguments[0] == "align_report" else (main.app, arguments)
        monkeypatch.setattr(sys, "argv", ["jtmigrate", *arguments])
        with pytest.raises(SystemExit) as left:
            main.run(app)
        assert left.value.code == 2
        written = capsys.readouterr()
        assert written.out == ""
        assert [path for path in material.rglob("*") if path not in before and "__pycache__" not in str(path)] == []
        *stages, complaint = written.err.splitlines()
        assert complaint.startswith("error: ")
        return complaint, stages

    return refused


def any_two(torch="pair:original", jittor="pair:port", inputs="x.npz"):
    return ("diff", "--torch", torch, "--jittor", jittor, "--input", inputs)


def looking(source):
    """Both ways to inspect a file."""
    yield "inspect", source
    yield "inspect", source, "--schema"


def reading(source):
    """Each command, asked to read a checkpoint; `convert` checks it against a configuration, as the others do."""
    yield *DIFF, "--weights", source
    yield "convert", source, "new.pkl", "--config", nanodet.DEFAULT_CONFIG
    yield *REPORT, "--weights", source


def overwriting():
    """Each command, asked to write over what it reads."""
    yield *DIFF, "--json", "photo.jpg"
    yield *DIFF, "--weights", "good.pth", "--evidence", "good.pth"
    yield *any_two(), "--junit", "x.npz"
    yield *any_two(), "--html", "pair.py"
    yield *any_two(), "--except", "text.pth", "--write-baseline", "text.pth"
    yield *any_two(), "--baseline", "schema.json", "--json", "schema.json"
    yield "trace", "--framework", "torch", "--torch", "pair:original", "--input", "x.npz", "--out", "x.npz"
    yield "trace", "--framework", "jittor", "--replay-of", "text.pth", "--out", "./text.pth"
    yield "compare", "text.pth", "cut.pth", "--json", "text.pth"
    yield "compare", "text.pth", "cut.pth", "--html", "cut.pth"
    yield "match", "good.pth", "wide.pth", "--out", "good.pth"
    yield "match", "good.pth", "wide.pth", "--json", "wide.pth"
    yield "match", "good.pth", "pair.py:original", "--out", "pair.py"
    yield "lint", "pair.py", "--out", "pair.py"
    yield "lint", ".", "--out", "pair.py"
    yield "port", "pair.py", "--out", "new", "--diff", "pair.py"
    yield *CONVERT, "--schema", "schema.json", "--report", "schema.json"
    yield "eval", "--weights", "good.pth", "--coco", "schema.json", "--json", "schema.json"
    yield "bench", "--weights", "good.pth", "--json", "good.pth"


SHAPES = "backbone.stage2.0.branch1.2.weight: (88, 24, 1, 1) in the file, (58, 24, 1, 1) in the target"
NAMES = "missing (backbone.conv1.0.weight, backbone.conv1.1.weight, backbone.conv1.1.bias, ...); 2 unexpected"
KNOWN = f"the known names are {', '.join(known_configs())}"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        *((line, "none.pth: no such file") for line in reading("none.pth")),
        *((line, "text.pth: neither a PyTorch checkpoint nor") for line in reading("text.pth")),
        *((line, "cut.pth: damaged or truncated zip archive") for line in reading("cut.pth")),
        *((line, "folder.pth: cannot be read: Is a directory") for line in reading("folder.pth")),
        *((line, "none.pth: no such file") for line in looking("none.pth")),
        *((line, "text.pth: neither a PyTorch checkpoint nor") for line in looking("text.pth")),
        *((line, "cut.pth: damaged or truncated zip archive") for line in looking("cut.pth")),
        *((line, "folder.pth: cannot be read: Is a directory") for line in looking("folder.pth")),
        *((line, "long.safetensors: damaged or truncated: a header of") for line in looking("long.safetensors")),
        *((line, "cut.npz: damaged or truncated zip archive") for line in looking("cut.npz")),
        *((line, SHAPES) for line in reading("wide.pth")),
        *((line, NAMES) for line in reading("other.pth")),
        ((*DIFF, "--weights", "good.pth", "--num-classes", "20"), "head has 3 classes, but --num-classes says 20"),
        ((*CONVERT, "--config", nanodet.DEFAULT_CONFIG, "--num-classes", "20"), "head has 3 classes"),
        ((*DIFF, "--config", "m_416"), KNOWN),
        ((*DIFF, "--config", "m_416", "--weights", "good.pth"), "error: no configuration 'm_416'"),
        ((*CONVERT, "--config", "m_416"), KNOWN),
        ((*REPORT, "--config", "m_416"), KNOWN),
        (("diff", "--image", "none.jpg"), "none.jpg: cannot read the image: No such file"),
        (("diff", "--image", "text.pth"), "text.pth: not an image that OpenCV can decode"),
        (("diff", "--image", "cut.jpg"), "cut.jpg: not an image that OpenCV can decode"),
        ((*REPORT, "--image", "cut.jpg"), "cut.jpg: not an image that OpenCV can decode"),
        (("diff",), "nothing to compare"),
        ((*any_two(), "--weights", "good.pth"), "--weights means nothing with no --image"),
        ((*any_two(), "--mode", "isolated", "--dtype", "float64"), "float32 only"),
        (any_two(torch="pair"), "'pair' names no factory: give MODULE:FACTORY"),
        (any_two(jittor="pair"), "'pair' names no factory: give MODULE:FACTORY"),
        (any_two(jittor="pair:"), "'pair:' names no factory"),
        (any_two(torch="no.such.module:f"), "cannot import no.such.module"),
        (any_two(jittor="no.such.module:f"), "cannot import no.such.module"),
        (any_two(jittor="nofile.py:f"), "cannot import nofile.py"),
        (any_two(inputs="none.npz"), "no such file: none.npz"),
        (any_two(inputs="pair.py"), "pair.py is not an .npz"),
        (any_two(inputs="cut.npz"), "cut.npz is not an .npz"),
        (any_two(inputs="good.pth"), "good.pth is not an .npz but another zip archive, such as a checkpoint"),
        (any_two(inputs="objects.npz"), "objects.npz is not an .npz of plain arrays"),
        (any_two(inputs="words.npz"), "words.npz: array words is <U3, which the frameworks do not share"),
        (any_two(inputs="days.npz"), "days.npz: array arr_1 is datetime64[D]"),
        (("match", "pair:original", "pair:port", "--input", "waves.npz"), "waves.npz: array arr_0 is complex64"),
        ((*DIFF, "--json", "photo.jpg/a.json"), "cannot write photo.jpg/a.json: Not a directory"),
        ((*DIFF, "--html", "folder.pth"), "cannot write folder.pth: Is a directory"),
        ((*CONVERT, "--report", "photo.jpg/a.json"), "cannot write photo.jpg/a.json: Not a directory"),
        (("align_report", "--out", "photo.jpg"), "cannot write photo.jpg/report.json: Not a directory"),
        (("convert", "good.pth", "none/new.pkl"), "none/new.pkl: cannot be written: No such file"),
        (("convert", "good.pth", "folder.pth"), "folder.pth: cannot be written"),
        (("convert", "good.pth", "new.foo"), "unknown suffix '.foo'"),
        (("convert", "good.pth", "good.pth"), "is the source too"),
        *((line, "is read by this command too: give the result another name") for line in overwriting()),
        ((*DIFF, "--json", "a", "--html", "none/../a"), "a: two results would be written there"),
        ((*DIFF, "--repro", "new", "--json", "new/repro.py"), "new/repro.py: two results would be written there"),
        ((*DIFF, "--repro", "photo.jpg"), "cannot write photo.jpg/repro.py: Not a directory"),
        (("port", "pair.py", "--out", "new", "--diff", "new/a.diff"), "new/a.diff: lies in new"),
        (("lint", "good.pth"), "no Python file in good.pth: give .py files"),
        (("lint", "good.pth", "folder.pth/none"), "folder.pth/none: the folder is empty"),
        (("lint", "good.pth", "texts"), "no Python file in good.pth, texts"),
        (("port", "good.pth", "--out", "new"), "no Python file in good.pth: give a .py file"),
        (("port", "texts", "--out", "new"), "no Python file in texts"),
        ((*CONVERT, "--schema", "schema.json"), "missing (conv.weight)"),
        ((*CONVERT, "--schema", "broken.json"), "broken.json: not a JSON file"),
        ((*CONVERT, "--schema", "schema.json", "--config", "m"), "--config and --schema name two targets"),
        ((*CONVERT, "--num-classes", "3"), "describe a --config"),
        ((*CONVERT, "--ema"), "no averaged weights"),
        ((*CONVERT, "--report", "a.txt"), "unknown suffix '.txt' for a report"),
        (("convert", "folder.pth", "out", "--to", ".pkl"), "folder.pth: holds no checkpoint"),
        (("convert", "folder.pth", "out", "--to", ".exe"), "unknown suffix '.exe'"),
        (("convert", "folder.pth", "out", "--to", ".pkl", "--config", "m"), "--config describes one checkpoint"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_it_is_known_before_anything_runs(refused, arguments, complaint):
    found, stages = refused(*arguments)
    assert complaint in found
    assert stages == []


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (any_two(torch="broken:original"), "cannot import broken: it raised SyntaxError: invalid syntax (broken.py"),
        (any_two(torch="raises.py:original"), "cannot import raises.py: it raised KeyError: 'nothing'"),
        (any_two(torch="pair:nothing"), "pair has no function 'nothing'"),
        (any_two(torch="pair:lacks_a_package"), "the factory raised ModuleNotFoundError: No module named 'no_such"),
        (any_two(torch="pair:port"), "pair:port returned a jittor.Module, not a torch.nn.Module: give it to --jittor"),
        (any_two(torch="pair:nothing_else"), "pair:nothing_else returned NoneType, not a torch.nn.Module: return the"),
        (any_two(torch="pair:a_class"), "error: pair:a_class returned the class dict, not a torch.nn.Module: return"),
        (any_two(jittor="pair:original"), "pair:original returned a torch.nn.Module, not a jittor.Module: give it to"),
        (any_two(jittor="pair:nothing_else"), "pair:nothing_else returned NoneType, not a jittor.Module: return the"),
        (("match", "pair:nothing_else", "good.pth"), "returned NoneType, no torch.nn.Module or jittor.Module: return"),
        (
            (*any_two(), "--steps", "1", "--train-torch", "pair:a_class", "--train-jittor", "pair:training"),
            "error: pair:a_class returned type, not a jtmigrate.frameworks.training.Training",
        ),
        (any_two(jittor="raises:port"), "cannot import raises: it raised KeyError"),
        (any_two(jittor="pair.py:fails"), "pair.py:fails: the factory raised ZeroDivisionError: too few classes"),
        (any_two(torch="pair:ends"), "error: pair:ends: the factory ended the program (SystemExit: 0) (pair.py:"),
        (any_two(torch="ends:build"), "error: ends:build: cannot import ends: it ended the program (SystemExit: 0)"),
        (any_two(torch="pair:ends_in_forward"), "torch: the model (Ends) ended the program (SystemExit: 0) (pair.py"),
        ((*any_two(), "--backward", "--loss-torch", "pair:loss"), "pair:loss: the loss ended the program"),
        (
            (*any_two(), "--steps", "1", "--train-torch", "pair:training", "--train-jittor", "pair:training"),
            "pair:training: build_optimizer ended the program (SystemExit: 0)",
        ),
        (("match", "pair:ends", "good.pth"), "error: pair:ends: the factory ended the program"),
        ((*CONVERT, "--model", "pair:ends"), "error: pair:ends: the factory ended the program"),
        ((*TRACE, "--torch", "pair:ends"), "error: pair:ends: the factory ended the program"),
    ],
)
def test_what_only_running_the_factories_tells(refused, arguments, complaint):
    found, stages = refused(*arguments)
    assert complaint in found
    assert all(stage.endswith(" ...") for stage in stages)


@pytest.mark.parametrize(
    ("arguments", "module", "extra"),
    [((*DIFF, "--html", "a.html"), "jinja2", "report"), (DIFF, "torch", "torch")],
)
def test_a_package_that_is_not_installed(refused, monkeypatch, arguments, module, extra):
    for name in [name for name in sys.modules if name.startswith(("jtmigrate.report.", "jtmigrate.frameworks."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    found, _ = refused(*arguments)
    assert found == f"error: {module} is not installed: pip install 'jtmigrate[{extra}]'"
