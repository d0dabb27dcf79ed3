import json

import pytest

from alignment_tests.golden import PUBLISHED_CONFIGS
from nanodet_common.config import known_configs, load_config
from nanodet_common.errors import InputError
from nanodet_common.schema import num_classes_of, tensor_specs


def arch_of(name, num_classes=20):
    return load_config(name, num_classes=num_classes).model.arch


@pytest.mark.parametrize("name", PUBLISHED_CONFIGS)
def test_names_order_shapes_and_dtypes_are_those_of_the_original(name, shared):
    expected = json.loads((shared / "golden" / f"{name}.names.json").read_text())["names"]
    specs = tensor_specs(arch_of(name), training=True)
    assert [[tensor, list(spec.shape), spec.dtype] for tensor, spec in specs.items()] == expected


@pytest.mark.parametrize("name", known_configs())
def test_inference_model_lacks_only_the_auxiliary_branch(name):
    arch = arch_of(name)
    complete = tensor_specs(arch, training=True)
    inference = tensor_specs(arch, training=False)
    assert list(inference.items()) == [item for item in complete.items() if not item[0].startswith("aux_")]
    assert len(inference) < len(complete)


def test_lighter_auxiliary_head_has_depthwise_towers():
    specs = tensor_specs(arch_of("nanodet-plus-m_320-voc-cpu"), training=True)
    prefix = "aux_head.cls_convs.1."
    assert {name.removeprefix(prefix): spec.shape for name, spec in specs.items() if name.startswith(prefix)} == {
        "depthwise.weight": (192, 1, 3, 3),
        "pointwise.weight": (192, 192, 1, 1),
        **dict.fromkeys(("dwnorm.weight", "dwnorm.bias", "pwnorm.weight", "pwnorm.bias"), (192,)),
    }


@pytest.mark.parametrize("num_classes", [1, 20, 80])
def test_number_of_classes_is_read_from_the_head(num_classes):
    specs = tensor_specs(arch_of("nanodet-plus-m_320", num_classes), training=False)
    assert num_classes_of({name: spec.shape for name, spec in specs.items()}, reg_max=7) == num_classes


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"fc.weight": (10, 10)}, "no tensor 'head.gfl_cls.0.bias'"),
        ({"head.gfl_cls.0.bias": (32,)}, r"has shape \(32,\), expected \(32 \+ number of classes,\)"),
        ({"head.gfl_cls.0.bias": ()}, r"has shape \(\)"),
    ],
)
def test_other_checkpoints_have_no_number_of_classes(shapes, message):
    with pytest.raises(InputError, match=message):
        num_classes_of(shapes, reg_max=7)
