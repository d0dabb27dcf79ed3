"""What tensors are asked."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Named, call
from alignment_tests.jtmigrate.port.atlas.drawing import cube, matrix, method, one, pair

CASTS = ("float", "double", "half", "long", "int", "short", "char", "byte", "bool")
ATTRIBUTES = ("shape", "ndim", "dtype", "is_cuda")
STOP = {"gradient": False}

CASES = {
    **{key: cases for name in ATTRIBUTES for key, cases in method(name, one, **STOP).items()},
    **method("T", one),
    **method("mT", lambda r: call(cube(r))),
    **method("data", one, **STOP),
    **method("size", lambda r: call(cube(r)), lambda r: call(cube(r), dim=-1), **STOP),
    **method("dim", one, **STOP),
    **pair("numel", one, **STOP),
    **pair("is_floating_point", one, lambda r: call(np.arange(3)), **STOP),
    **method("element_size", one, **STOP),
    **method("is_contiguous", one, **STOP),
    **method("contiguous", one),
    **pair("clone", one),
    **pair("detach", one, **STOP),
    **method("detach_", one, **STOP),
    **method("requires_grad_", lambda r: call(matrix(r), False), **STOP),
    **method("to", lambda r: call(matrix(r), Named("torch.float64")), lambda r: call(matrix(r), "cpu"),
             lambda r: call(matrix(r), dtype=Named("torch.int32")),
             lambda r: call(matrix(r), np.ones(2)), lambda r: call(matrix(r), "cpu", Named("torch.float64"), True)),
    **method("type_as", lambda r: call(np.arange(3), np.ones(2)), **STOP),
    **method("cpu", one),
    **{key: cases for name in CASTS for key, cases in method(name, lambda r: call(abs(matrix(r)) * 3), **STOP).items()},
    **method("item", lambda r: call(np.array([0.5])), **STOP),
    **method("tolist", one, float32=1e-6, **STOP),
    **method("numpy", one, **STOP),
}  # fmt: skip
