"""Rules that turn the tensors of one checkpoint into those of another, each with its reverse.

A list of rules is applied from the first to the last; the way back is the reverse of each from the last to the first.
Nothing is silent: a rule without effect, two results of one name and a step that could not be undone are errors.
"""

from collections.abc import Mapping, Sequence

from jtmigrate.errors import UserError
from jtmigrate.naming.name_map import NameMap, Source
from jtmigrate.naming.rules.rule import Effect, Rule, Values
from jtmigrate.naming.schema import Schema
from jtmigrate.naming.values import Taken

_UNTOUCHED = "same name"


def reverse_rules(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The way back. Raises UserError if a rule has none."""
    return tuple(rule.reverse() for rule in reversed(rules))


def apply_rules(rules: Sequence[Rule], schema: Schema) -> NameMap:
    """What every target name is made of, given names, shapes and dtypes of the source; no array is touched.

    Raises UserError, which names the rule, if a rule has no effect (unless it is optional), makes two tensors of one
    name, does not fit a shape or dtype, or could not be undone.
    """
    values: Values = {name: Taken(name, spec) for name, spec in schema.items()}
    unused: dict[str, str] = {}
    reasons = dict.fromkeys(schema, (_UNTOUCHED,))
    for number, rule in enumerate(rules, start=1):
        try:
            effect = rule.apply(values)
            _check(rule, values, effect)
        except UserError as error:
            raise UserError(f"rule {number} ({rule}): {error}") from error
        for name, why in effect.dropped.items():
            unused.update(dict.fromkeys(values[name].sources, why))
        reasons = {name: _reasons(name, rule, effect, reasons) for name in effect.values}
        values = effect.values
    pairs = {name: Source(value.sources[0], "; ".join(reasons[name])) for name, value in values.items()}
    recipes = {name: value for name, value in values.items() if not isinstance(value, Taken)}
    return NameMap(pairs, unused, recipes)


def _check(rule: Rule, before: Values, effect: Effect) -> None:
    if not effect.origins and not rule.optional:
        raise UserError("no name matches, so it does nothing; `optional = true` allows that")
    back = rule.reverse().apply(effect.values).values
    for name, value in before.items():
        if name not in effect.dropped and back.get(name) != value:
            raise UserError(f"the way back would not restore {name}: make the pattern more particular")


def _reasons(name: str, rule: Rule, effect: Effect, reasons: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The rules that a tensor has been through, each once."""
    if name not in effect.origins:
        return reasons[name]
    earlier = (reason for origin in effect.origins[name] for reason in reasons[origin] if reason != _UNTOUCHED)
    return tuple(dict.fromkeys((*earlier, str(rule))))
