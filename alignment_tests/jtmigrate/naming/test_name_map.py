"""A name map applies both ways."""

from jtmigrate.naming.prefixes import unwrap


def test_there_and_back() -> None:
    values = {"module.b": 1, "module.a": 2}
    name_map = unwrap(values)
    unwrapped = name_map.apply(values)
    assert list(unwrapped.items()) == [("b", 1), ("a", 2)]
    assert list(name_map.reverse().apply(unwrapped).items()) == list(values.items())
