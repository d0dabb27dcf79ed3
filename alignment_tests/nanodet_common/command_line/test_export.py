"""`export` from either framework, and the ONNX file as a third detector."""

import json
from pathlib import Path
from shutil import copy

import numpy as np
import onnx
import pytest

from alignment_tests.nanodet_common import hand_made
from nanodet_common.command_line.application import application
from nanodet_common.engine import from_checkpoint
from nanodet_common.onnx.engine import OnnxEngine
from nanodet_common.weights import load_weights
from nanodet_jittor.engine import Engine as JittorEngine
from nanodet_ref_torch.engine import Engine as TorchEngine

pytestmark = pytest.mark.slow
CLASSES = ("--classes", ",".join(hand_made.NAMES))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Framework -> file, made when it is first asked for."""
    folder = tmp_path_factory.mktemp("onnx")
    return {framework: folder / f"{framework}.onnx" for framework in ("torch", "jittor")}


def exported_once(call, material, exported) -> Path:
    """The graph from torch, whichever test needs it first."""
    if not exported["torch"].exists():
        assert call("torch", "export", *material.model, "--out", exported["torch"], *CLASSES).code == 0
    return exported["torch"]


@pytest.mark.parametrize(("framework", "engine"), [("torch", TorchEngine), ("jittor", JittorEngine)])
def test_the_graph_computes_what_the_model_computes(call, material, exported, framework, engine):
    """Within 1e-5 of the largest value, for batches of any size; the file passes onnx's own check."""
    path = exported[framework]
    done = call(framework, "export", *material.model, "--out", path, *CLASSES)
    assert done.code == 0, done.err
    assert done.out.count("of the largest value") == 2
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    facts = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(facts["class_names"]) == list(hand_made.NAMES)
    assert facts["exported_by"].endswith(f"nanodet_{'ref_torch' if framework == 'torch' else 'jittor'}")
    assert len(facts["weights_sha256"]) == 64

    config, state = load_weights(str(material.config), material.weights)
    graph, ours = OnnxEngine(path), engine(config, state)
    assert graph.config.class_names == hand_made.NAMES
    for count in (1, 3):
        images = np.random.default_rng(count).standard_normal((count, 3, hand_made.SIDE, hand_made.SIDE))
        expected = ours.predict(images.astype(np.float32))
        assert np.abs(graph.predict(images.astype(np.float32)) - expected).max() <= 1e-5 * np.abs(expected).max()


def test_the_graph_evaluates_and_detects_without_a_configuration(call, material, exported, tmp_path):
    graph = exported_once(call, material, exported)
    found = {}
    for framework, model in (("torch", [*material.model, *CLASSES]), ("onnx", ["--weights", graph])):
        out = tmp_path / f"{framework}.json"
        options = ["--voc", material.voc, "--split", "val", "--workers", "0", "--json", out]
        done = call(framework, "eval", *model, *options)
        assert done.code == 0, done.err
        ((_, ran),) = json.loads(out.read_text())["runs"].items()
        found[framework] = ran["coco"]
    assert found["onnx"]["detections"] == found["torch"]["detections"]
    assert found["onnx"]["values"] == pytest.approx(found["torch"]["values"], abs=1e-4)
    picture = material.voc / "JPEGImages" / "p0.jpg"
    assert call("onnx", "infer", picture, "--weights", graph, "--out", tmp_path / "out").code == 0


def test_a_graph_of_something_else_is_not_written(call, material, exported, tmp_path):
    """An exporter that writes the graph of other weights."""
    graph = exported_once(call, material, exported)
    other = hand_made.write_weights(tmp_path / "other.pth", material.config, seed=1)
    app = application(
        "PyTorch", "nanodet_ref_torch", from_checkpoint(TorchEngine), lambda engine, config, path: copy(graph, path)
    )
    options = ["--config", material.config, "--weights", other, "--out", tmp_path / "wrong.onnx"]
    done = call(app, "export", *options)
    assert done.code == 1
    assert "not written" in done.out
    assert not (tmp_path / "wrong.onnx").exists()


def test_files_that_are_no_graph_of_ours(call, material, tmp_path):
    foreign = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("Relu", ["x"], ["y"])],
            "foreign",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])],
        ),
        opset_imports=[onnx.helper.make_opsetid("", 18)],
        ir_version=10,
    )
    onnx.save(foreign, tmp_path / "foreign.onnx")
    (tmp_path / "text.onnx").write_text("no graph")
    voc = ["--voc", material.voc, "--split", "val"]
    for name, complaint in (
        ("none.onnx", "no such file"),
        ("text.onnx", "not an ONNX file that can be run"),
        ("foreign.onnx", "not an ONNX file that `export` of this program wrote"),
    ):
        done = call("onnx", "eval", "--weights", tmp_path / name, *voc)
        assert done.code == 2
        assert complaint in done.err
        assert len(done.err.splitlines()) == 1
