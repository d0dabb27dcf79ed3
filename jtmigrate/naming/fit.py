"""Bring tensors into the names, shapes and dtypes of a model, and say what does not fit."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from jtmigrate.allowances import jittor_lacks, same_shape
from jtmigrate.naming.cast import lossless_cast
from jtmigrate.naming.schema import TensorSpec
from jtmigrate.naming.validate import SchemaCheck, check_schema


@dataclass(frozen=True)
class Fit:
    """values  those tensors that fit, in the model's shape and dtype
    check   in what the others differ; a dtype only where a value would change
    """

    values: Mapping[str, np.ndarray]
    check: SchemaCheck


def fit(tensors: Mapping[str, np.ndarray], own: Mapping[str, np.ndarray]) -> Fit:
    """`tensors` for a model whose parameters and buffers are `own`.

    What cannot be the same in Jittor is no difference: () for (1,), and a counter of batches on one side only.
    """
    shaped = {
        name: array.reshape(own[name].shape) if name in own and same_shape(array, own[name]) else array
        for name, array in tensors.items()
        if name in own or not jittor_lacks(name)
    }
    expected = {
        name: TensorSpec(array.shape, array.dtype.name)
        for name, array in own.items()
        if name in tensors or not jittor_lacks(name)
    }
    check = check_schema(shaped, expected)
    cast = {name: lossless_cast(shaped[name], dtype) for name, _, dtype in check.dtypes}
    lossy = tuple(difference for difference in check.dtypes if cast[difference.name] is None)
    wrong = {difference.name for difference in (*check.shapes, *lossy)}
    return Fit(
        {name: cast.get(name, shaped[name]) for name in expected if name in shaped and name not in wrong},
        SchemaCheck(check.missing, check.unexpected, check.shapes, lossy),
    )
