"""Groups of parameters as the original's options make them."""

import re

from nanodet_common.config import load_config
from nanodet_common.config_training import OptimizerConfig, ParameterConfig
from nanodet_common.schema import tensor_specs
from nanodet_common.training.parameter_groups import parameter_groups

SHAPES = {
    "backbone.conv.weight": (4, 3, 3, 3),
    "backbone.bn.weight": (4,),
    "backbone.bn.bias": (4,),
    "head.gfl_cls.weight": (9, 4, 1, 1),
    "head.gfl_cls.bias": (9,),
    "aux_head.scales.0.scale": (1,),
}


def groups(**options: object) -> dict[tuple[float, float], tuple[str, ...]]:
    found = parameter_groups(SHAPES, OptimizerConfig(name="AdamW", lr=0.5, weight_decay=0.25, **options))
    return {(group.options["lr"], group.options["weight_decay"]): group.names for group in found}


def test_one_group_by_default() -> None:
    assert groups() == {(0.5, 0.25): tuple(SHAPES)}


def test_no_decay_of_norms() -> None:
    assert groups(no_norm_decay=True)[0.5, 0.0] == ("backbone.bn.weight", "backbone.bn.bias")


def test_no_decay_of_biases() -> None:
    assert groups(no_bias_decay=True)[0.5, 0.0] == ("backbone.bn.bias", "head.gfl_cls.bias")


def test_the_first_part_that_occurs_in_a_name_counts() -> None:
    parts = {"bn": ParameterConfig(decay_mult=2), "backbone": ParameterConfig(lr_mult=0.5)}
    assert groups(param_level_cfg=parts, no_bias_decay=True) == {
        (0.25, 0.25): ("backbone.conv.weight",),
        (0.5, 0.5): ("backbone.bn.weight",),
        (0.5, 0.0): ("backbone.bn.bias", "head.gfl_cls.bias"),
        (0.5, 0.25): ("head.gfl_cls.weight", "aux_head.scales.0.scale"),
    }


def test_recipe_for_processors_is_slow_with_what_was_loaded() -> None:
    config = load_config("nanodet-plus-m_320-voc-cpu")
    shapes = {name: spec.shape for name, spec in tensor_specs(config.model.arch, training=True).items()}
    found = {
        round(group.options["lr"], 9): {re.match(r"(\w+)(\.gfl_cls)?", name)[0] for name in group.names}
        for group in parameter_groups(shapes, config.schedule.optimizer)
    }
    assert found == {
        2e-5: {"backbone"},
        1e-4: {"fpn", "head", "aux_fpn"},
        4e-3: {"head.gfl_cls"},
        2e-3: {"aux_head", "aux_head.gfl_cls"},
    }
