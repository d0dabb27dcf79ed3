"""Tensors that a name map makes of those of a file, fetched when they are asked for like any other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from jtmigrate.checkpoint.tensors import TensorLeaf, slices
from jtmigrate.naming.name_map import NameMap
from jtmigrate.naming.values import Value, with_sources


@dataclass(frozen=True)
class MadeTensor(TensorLeaf):
    """What a recipe makes of the tensors of a file: all of them are in memory while it does."""

    recipe: Value
    leaves: Mapping[str, TensorLeaf] = field(compare=False)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.recipe.spec.shape

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(self.recipe.spec.dtype)

    def pieces(self) -> Iterator[np.ndarray]:
        array = self.recipe.evaluate(lambda name: self.leaves[name].to_array())
        yield from slices(np.ascontiguousarray(array).reshape(-1))


def made_leaves(name_map: NameMap, leaves: Mapping[str, TensorLeaf]) -> dict[str, TensorLeaf]:
    """The tensors of a file under their target names. What is made alike of tied tensors is tied."""
    first: dict[TensorLeaf, str] = {}
    names = {name: first.setdefault(leaf, name) for name, leaf in leaves.items()}
    return {
        target: MadeTensor(with_sources(name_map.recipes[target], names), leaves)
        if target in name_map.recipes
        else leaves[source.name]
        for target, source in name_map.pairs.items()
    }
