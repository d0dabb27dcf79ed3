import copy
import hashlib
import json
from importlib import resources

import pytest
import yaml

from nanodet_common.class_names import COCO_CLASSES, VOC_CLASSES
from nanodet_common.config import known_configs, load_config
from nanodet_common.errors import InputError

# SHA-256 of the parsed original files (RangiLyu/nanodet at be9b4a9, config/*.yml) as JSON with sorted keys.
ORIGINALS = {
    "nanodet-plus-m-1.5x_320": "267802edf0254e77f2c7d69934572c62d538ca9fc35340e7f628fb93f50f3eb4",
    "nanodet-plus-m-1.5x_416": "7e895f89fbf02c490768cbfa03a8bc49dde8d2c3b21429da29a61bba42754a8e",
    "nanodet-plus-m_320": "e8f48fd7b316b5549d9818f44e18a03ab3042d4910df59b2c700821338be4025",
    "nanodet-plus-m_416": "19a69f7e6eef855b5300128c56ee69e618985d7b03874c797de14671132e9a7b",
}
OWN = ("nanodet-plus-m_320-voc", "nanodet-plus-m_320-voc-cpu", "nanodet-plus-m_256-voc-scratch", "tiny20")
REMOVED = object()
AUX_HEAD = {
    "name": "SimpleConvHead",
    "num_classes": 80,
    "strides": [8, 16, 32, 64],
    "reg_max": 7,
    "conv_type": "DWConv",
}


def content_of(name):
    return yaml.safe_load((resources.files("nanodet_common") / "configs" / f"{name}.yml").read_text())


def changed(path, value):
    """The m_320 configuration with one entry replaced, added or REMOVED."""
    content = copy.deepcopy(content_of("nanodet-plus-m_320"))
    *sections, key = path.split(".")
    section = content
    for name in sections:
        section = section[name]
    if value is REMOVED:
        del section[key]
    else:
        section[key] = value
    return content


@pytest.fixture
def load(tmp_path):
    """Write content as YAML and load it as a configuration."""

    def load(content):
        path = tmp_path / "config.yml"
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return load_config(path)

    return load


def test_known_configs_are_the_four_published_ones_and_our_own():
    assert set(known_configs()) == {*ORIGINALS, *OWN}


@pytest.mark.parametrize("name", OWN)
def test_own_configurations_are_of_voc_classes_and_of_the_published_detector(name):
    config, published = load_config(name), load_config("nanodet-plus-m_320", num_classes=20)
    assert config.class_names == VOC_CLASSES
    assert config.model.arch.model_copy(update={"aux_head": None, "detach_epoch": 0}) == (
        published.model.arch.model_copy(update={"aux_head": None, "detach_epoch": 0})
    )
    chosen = ("img_path", "ann_path", "input_size")
    assert config.data.val == published.data.val.model_copy(
        update={"name": "VocDataset", **{name: getattr(config.data.val, name) for name in chosen}}
    )


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_content_is_that_of_the_original_file(name):
    canonical = json.dumps(content_of(name), sort_keys=True)
    assert hashlib.sha256(canonical.encode()).hexdigest() == ORIGINALS[name]


@pytest.mark.parametrize("name", sorted(ORIGINALS))
def test_name_and_file_give_the_same_configuration(name, load):
    assert load(content_of(name)) == load_config(name)


def test_values_are_typed():
    config = load_config("nanodet-plus-m-1.5x_416")
    backbone = config.model.arch.backbone
    assert (backbone.stem_channels, backbone.stage_channels) == (24, (176, 352, 704))
    assert config.model.arch.head.strides == (8, 16, 32, 64)
    assert config.data.val.input_size == (416, 416)
    assert config.data.val.pipeline.mean == (103.53, 116.28, 123.675)
    assert config.data.val.pipeline.std == (57.375, 57.12, 58.395)
    assert config.schedule.lr_schedule.t_max == 300
    assert config.class_names == COCO_CLASSES


def test_configuration_is_immutable():
    with pytest.raises(ValueError, match="frozen"):
        load_config("nanodet-plus-m_320").grad_clip = 1.0


@pytest.mark.parametrize(("size", "channels"), [("0.5x", [48, 96, 192]), ("2.0x", [244, 488, 976])])
def test_other_sizes_of_the_backbone(size, channels, load):
    content = changed("model.arch.backbone.model_size", size)
    content["model"]["arch"]["fpn"]["in_channels"] = channels
    assert load(content).model.arch.backbone.out_channels == tuple(channels)


def test_number_of_classes_changes_both_heads_and_the_names():
    config = load_config("nanodet-plus-m_320", num_classes=20)
    assert config.model.arch.head.num_classes == config.model.arch.aux_head.num_classes == 20
    assert config.class_names == VOC_CLASSES
    assert config.with_num_classes(3).class_names == ("class 0", "class 1", "class 2")


def test_same_number_of_classes_keeps_the_names(load):
    names = [f"animal {i}" for i in range(80)]
    config = load(changed("class_names", names))
    assert config.with_num_classes(80).class_names == tuple(names)


def test_number_of_classes_must_be_positive():
    with pytest.raises(InputError, match="number of classes is 0"):
        load_config("nanodet-plus-m_320", num_classes=0)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("typo", 1, "typo is an unknown key; accepted: save_dir, model, data"),
        ("model.arch.backbone.pretrain", False, "model.arch.backbone.pretrain is an unknown key; accepted: name, "),
        ("model.weight_averager.rate", 1, "model.weight_averager.rate is an unknown key; accepted: name, decay"),
        (
            "model.arch.backbone",
            {"name": "MobileNetV2", "width_mult": 1.0},
            "model.arch.backbone.name is 'MobileNetV2'; accepted: 'ShuffleNetV2'",
        ),
        ("model.arch.fpn.name", "PAN", "model.arch.fpn.name is 'PAN'; accepted: 'GhostPAN'"),
        ("model.arch.fpn.use_depthwise", False, "model.arch.fpn.use_depthwise is False; accepted: True"),
        ("model.arch.head.norm_cfg.type", "GN", "model.arch.head.norm_cfg.type is 'GN'; accepted: 'BN'"),
        ("model.arch.head.conv_type", "Conv", "model.arch.head.conv_type is 'Conv'; accepted: 'DWConv'"),
        ("model.arch.backbone.model_size", "3.0x", "model.arch.backbone.model_size is '3.0x'; accepted: '0.5x', "),
        ("model.arch.backbone.out_stages", [2, 4], "out_stages is (2, 4); accepted: neighbouring stages"),
        ("model.arch.head", REMOVED, "model.arch.head is missing"),
        ("model.arch.head.reg_max", "many", "model.arch.head.reg_max is 'many'; "),
        ("model.arch.fpn.in_channels", [1, 2, 3], "fpn.in_channels is (1, 2, 3), but backbone.out_stages requires"),
        ("model.arch.fpn.out_channels", 98, "head.input_channel is 96, but fpn.out_channels requires 98"),
        ("model.arch.aux_head.input_channel", 96, "aux_head.input_channel is 96, but twice fpn.out_channels"),
        ("model.arch.aux_head.num_classes", 20, "aux_head.num_classes is 20, but head.num_classes requires 80"),
        ("model.arch.head.strides", [8, 16, 32], "head.strides is (8, 16, 32), but backbone.out_stages with"),
        ("data.val.input_size", [320, 300], "data.val.input_size.1 is 300; "),
        ("schedule.optimizer.name", "SGD", "schedule.optimizer.name is 'SGD'; accepted: 'AdamW'"),
        (
            "schedule.optimizer.param_level_cfg",
            {"fpn": {"lr_mul": 1}},
            "param_level_cfg.fpn.lr_mul is an unknown key; acc",
        ),
        ("schedule.warmup.name", "sine", "schedule.warmup.name is 'sine'; accepted: 'constant', 'linear' or 'exp'"),
        ("schedule.lr_schedule.name", "StepLR", "lr_schedule.name is 'StepLR'; accepted: 'CosineAnnealingLR', 'Mul"),
        ("schedule.lr_schedule", {"milestones": [3]}, "schedule.lr_schedule.name is missing"),
        ("schedule.lr_schedule.gama", 1, "schedule.lr_schedule.gama is an unknown key; accepted: name, T_max, eta_min"),
        (
            "schedule.lr_schedule",
            {"name": "MultiStepLR", "milestones": [4, 3]},
            "schedule.lr_schedule.milestones: (4, 3) does not rise",
        ),
        ("model.arch.aux_head", AUX_HEAD | {"input_channel": 96 + 16}, "input_channel is 112, but conv_type DWConv"),
        ("class_names", ["cat"], "class_names has 1 names, but model.arch.head.num_classes is 80"),
    ],
)
def test_refusal_names_the_entry_in_one_line(path, value, message, load):
    with pytest.raises(InputError) as refusal:
        load(changed(path, value))
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ["- a\n- list\n", "", "model: [", "\x00"])
def test_other_files_are_refused_in_one_line(text, load):
    with pytest.raises(InputError, match=r"config\.yml: not ") as refusal:
        load(text)
    assert "\n" not in str(refusal.value)


def test_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no configuration 'nanodet-m'.*nanodet-plus-m_320, nanodet-plus-m_320-voc, "):
        load_config("nanodet-m")


@pytest.mark.parametrize("name", known_configs())
def test_text_of_a_configuration_gives_the_same(name, load):
    config = load_config(name, num_classes=2).with_class_names(["cat", "dog"])
    assert load(config.to_yaml()) == config
