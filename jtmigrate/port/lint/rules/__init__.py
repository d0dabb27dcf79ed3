"""All rules, by theme."""

from jtmigrate.port.lint.rule import Rule
from jtmigrate.port.lint.rules import layers, modules, tensors, torch_code, training

RULES: tuple[Rule, ...] = (
    *tensors.RULES,
    *layers.RULES,
    *modules.RULES,
    *training.RULES,
    *torch_code.RULES,
)
