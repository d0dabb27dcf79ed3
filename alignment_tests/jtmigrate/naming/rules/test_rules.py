"""Rules applied and undone: bit for bit the same arrays, or an error that names the rule."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from alignment_tests.jtmigrate.naming.rules.parsed import rules
from jtmigrate.errors import UserError
from jtmigrate.naming.name_map import NameMap
from jtmigrate.naming.rules import Rule, apply_rules, reverse_rules
from jtmigrate.naming.schema import TensorSpec

Arrays = dict[str, np.ndarray]


def planned(some: tuple[Rule, ...], tensors: Arrays) -> NameMap:
    return apply_rules(some, {name: TensorSpec(array.shape, array.dtype.name) for name, array in tensors.items()})


def applied(some: tuple[Rule, ...], tensors: Arrays) -> Arrays:
    return planned(some, tensors).apply(tensors)


def assert_same(found: Arrays, expected: Arrays) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert (found[name].dtype, found[name].shape) == (array.dtype, array.shape), name
        assert found[name].tobytes() == array.tobytes(), name


def model() -> Arrays:
    random = np.random.RandomState(0)
    return {
        f"model.layers.{i}.{name}": random.standard_normal(shape).astype(np.float32)
        for i in range(2)
        for name, shape in (
            ("attn.qkv.weight", (12, 4)),
            ("attn.qkv.bias", (12,)),
            ("fc.kernel", (4, 6)),
            ("norm.gamma", (4,)),
        )
    }


EVERYTHING = r"""
[[rule]]
prefix = 'model.'
[[rule]]
rename = '^layers\.(\d+)\.'
to = 'blocks.\1.'
[[rule]]
split = 'blocks\.(\d+)\.attn\.qkv\.(weight|bias)'
into = ['blocks.\1.q.\2', 'blocks.\1.k.\2', 'blocks.\1.v.\2']
[[rule]]
concatenate = ['blocks\.(\d+)\.q\.weight', 'blocks\.(\d+)\.k\.weight']
into = 'blocks.\1.qk.weight'
axis = 1
[[rule]]
transpose = '.*\.kernel'
axes = [1, 0]
[[rule]]
rename = 'fc\.kernel$'
to = 'fc.weight'
[[rule]]
cast = '.*\.gamma'
from = 'float32'
to = 'float64'
"""


def test_one_of_each() -> None:
    tensors = model()
    found = applied(rules(EVERYTHING), tensors)
    qkv = tensors["model.layers.1.attn.qkv.weight"]
    assert_same(
        {name: array for name, array in found.items() if name.startswith("blocks.1.")},
        {
            "blocks.1.qk.weight": np.concatenate([qkv[:4], qkv[4:8]], axis=1),
            "blocks.1.v.weight": qkv[8:],
            "blocks.1.q.bias": tensors["model.layers.1.attn.qkv.bias"][:4],
            "blocks.1.k.bias": tensors["model.layers.1.attn.qkv.bias"][4:8],
            "blocks.1.v.bias": tensors["model.layers.1.attn.qkv.bias"][8:],
            "blocks.1.fc.weight": tensors["model.layers.1.fc.kernel"].T,
            "blocks.1.norm.gamma": tensors["model.layers.1.norm.gamma"].astype(np.float64),
        },
    )


def test_there_and_back() -> None:
    both_ways = rules(EVERYTHING)
    assert_same(applied(reverse_rules(both_ways), applied(both_ways, model())), model())
    assert reverse_rules(reverse_rules(both_ways)) == both_ways


shapes = arrays.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=6)
steps = st.lists(st.sampled_from(("rename", "prefix", "transpose", "split", "concatenate", "cast", "swap")), max_size=6)


@given(st.lists(shapes, min_size=1, max_size=3), steps, st.data())
def test_any_rules_there_and_back_are_bit_exact(
    some_shapes: list[tuple[int, ...]], kinds: list[str], data: st.DataObject
) -> None:
    """Random rules over random float32 arrays, NaN included."""
    tensors = {f"t{i}.w": data.draw(arrays.arrays(np.float32, shape)) for i, shape in enumerate(some_shapes)}
    some, text = (), ""
    for number, kind in enumerate(kinds):
        text += _random_rule(kind, number, _specs(planned(some, tensors), tensors), data)
        some = rules(text)
    assert_same(applied(reverse_rules(some), applied(some, tensors)), tensors)


def _specs(name_map: NameMap, tensors: Arrays) -> dict[str, TensorSpec]:
    return {
        name: name_map.recipes[name].spec if name in name_map.recipes else _spec(tensors[source.name])
        for name, source in name_map.pairs.items()
    }


def _spec(array: np.ndarray) -> TensorSpec:
    return TensorSpec(array.shape, array.dtype.name)


def _random_rule(kind: str, number: int, specs: dict[str, TensorSpec], data: st.DataObject) -> str:
    name = data.draw(st.sampled_from(sorted(specs)))
    spec = specs[name]
    axis = data.draw(st.integers(0, len(spec.shape) - 1))
    pattern = "^" + name.replace(".", r"\.") + "$"
    match kind:
        case "rename":
            return f"[[rule]]\nrename = '{pattern}'\nto = 'r{number}.w'\n"
        case "swap":
            return "[[rule]]\nrename = '^(\\w+)\\.(\\w+)$'\nto = '\\2.\\1'\n"
        case "prefix":
            return f"[[rule]]\nprefix = ''\nto = 'p{number}'\n"
        case "transpose":
            axes = data.draw(st.permutations(range(len(spec.shape))))
            return f"[[rule]]\ntranspose = '{pattern}'\naxes = {list(axes)}\n"
        case "cast":
            other = {"float32": "float64", "float64": "float32"}[spec.dtype]
            return f"[[rule]]\ncast = '{pattern}'\nfrom = '{spec.dtype}'\nto = '{other}'\n"
        case "split":
            if spec.shape[axis] < 2:
                return ""
            cut = data.draw(st.integers(1, spec.shape[axis] - 1))
            sizes = [cut, spec.shape[axis] - cut]
            into = f"['s{number}.a', 's{number}.b']"
            return f"[[rule]]\nsplit = '{pattern}'\ninto = {into}\naxis = {axis}\nsizes = {sizes}\n"
        case "concatenate":
            fitting = [other for other in specs if _fits(specs[other], spec, axis)]
            names = data.draw(st.lists(st.sampled_from(fitting), min_size=2, unique=True)) if fitting[1:] else []
            parts = ["^" + other.replace(".", r"\.") + "$" for other in names]
            sizes = [specs[other].shape[axis] for other in names]
            into = f"into = 'c{number}.w'\naxis = {axis}\nsizes = {sizes}\n"
            return f"[[rule]]\nconcatenate = {_literal(parts)}\n{into}" if names else ""


def _literal(texts: list[str]) -> str:
    return "[" + ", ".join(f"'{text}'" for text in texts) + "]"


def _fits(a: TensorSpec, b: TensorSpec, axis: int) -> bool:
    def rest(spec: TensorSpec) -> tuple:
        return (*spec.shape[:axis], *spec.shape[axis + 1 :], spec.dtype)

    return len(a.shape) == len(b.shape) and rest(a) == rest(b)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rename = 'x'\nto = 'y'", "rule 1 .rename 'x', to 'y'.: no name matches"),
        ("prefix = 'other.'", "no name matches"),
        ("rename = '[0-9]'\nto = '0'\nback = ['0', '0']", "would both be model.layers.0.attn.qkv.weight"),
        ("rename = '1'\nto = '0'\nback = ['0', '1']", "would both be"),
        ("rename = 'kernel$'\nto = 'gamma'", "the way back would not restore model.layers.0.norm.gamma"),
        ("prefix = 'model.layers.0.'", "model.layers.1.attn.qkv.weight does not begin with"),
        ("split = '(.*kernel)'\ninto = ['\\1a', '\\1b', '\\1c']", r"shape \(4, 6\) cannot be cut along axis 0 into 3"),
        ("split = '(.*kernel)'\ninto = ['\\1a', '\\1b']\nsizes = [1, 2]", "into parts of 1, 2"),
        ("split = '(.*gamma)'\ninto = ['\\1a', '\\1b']\naxis = 1", r"shape \(4,\) has no axis 1"),
        ("transpose = '.*gamma'\naxes = [1, 0]", r"gamma of shape \(4,\) has 1 axes, not 2"),
        ("cast = '.*'\nfrom = 'float64'\nto = 'float32'", "weight is float32, not float64"),
        ("concatenate = ['(.*)kernel', '(.*)bias']\ninto = '\\1x'", "lacks a part"),
        ("concatenate = ['(.*)fc.kernel', '(.*)norm.gamma']\ninto = '\\1x'", "because of '.'|does not fit"),
    ],
)
def test_what_cannot_be_done(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        applied(rules(f"[[rule]]\n{text}"), model())


def test_parts_of_other_sizes_have_to_be_said() -> None:
    tensors = {"a": np.zeros((2, 3)), "b": np.ones((1, 3))}
    text = "[[rule]]\nconcatenate = ['a', 'b']\ninto = 'ab'\n"
    with pytest.raises(UserError, match=r"have sizes \(2, 1\) along axis 0: say sizes = \[2, 1\]"):
        applied(rules(text), tensors)
    some = rules(text + "sizes = [2, 1]")
    assert_same(applied(reverse_rules(some), applied(some, tensors)), tensors)


def test_a_cast_that_would_change_a_value() -> None:
    some = rules("[[rule]]\ncast = 'a'\nfrom = 'float64'\nto = 'float16'")
    assert applied(some, {"a": np.full(2, 0.5)})["a"].dtype == np.float16
    with pytest.raises(UserError, match="a: a cast from float64 to float16 would change values"):
        applied(some, {"a": np.full(2, 0.1)})


def test_an_optional_rule_may_find_nothing() -> None:
    assert_same(applied(rules("[[rule]]\nrename = 'xx'\nto = 'zz'\noptional = true"), model()), model())


def test_names_that_are_left_out_are_told() -> None:
    found = planned(rules("[[rule]]\nprefix = 'model.layers.0.'\nrest = 'drop'"), model())
    assert len(found.pairs) == len(found.unused) == 4
    assert found.unused["model.layers.1.norm.gamma"] == "does not begin with model.layers.0."


def test_every_pair_has_its_reason() -> None:
    found = planned(rules(EVERYTHING), model())
    reason = found.pairs["blocks.0.qk.weight"].reason
    assert reason.startswith("prefix 'model.', to ''; rename ")
    assert "split" in reason
    assert "concatenate" in reason
    assert found.sources("blocks.0.qk.weight") == ("model.layers.0.attn.qkv.weight",) * 2
    assert planned((), model()).pairs["model.layers.0.norm.gamma"] == ("model.layers.0.norm.gamma", "same name")
