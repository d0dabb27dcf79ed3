"""New tensors. Of random ones, and of those whose contents are arbitrary, dtype and shape are compared."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Named, call
from alignment_tests.jtmigrate.port.atlas.drawing import function, matrix, method, one

INT32, FLOAT64 = Named("torch.int32"), Named("torch.float64")
PLACED = {"device": "cpu", "requires_grad": False}
FREE = {"values": False, "gradient": False}
STOP = {"gradient": False}
ROUNDED = {"gradient": False, "float64": 2e-7}
"""PyTorch makes float32 numbers in either precision, and rounds on the way."""

CASES = {
    **function("zeros", lambda r: call(2, 3), lambda r: call((2, 3), dtype=INT32, **PLACED), **STOP),
    **function("ones", lambda r: call(2, 3), lambda r: call([2, 3], dtype=INT32, **PLACED), **STOP),
    **function("empty", lambda r: call(2, 3), lambda r: call((2, 3), dtype=INT32, **PLACED), **FREE),
    **function("full", lambda r: call((2, 3), 0.3), lambda r: call((2,), 1), lambda r: call((2,), True),
               lambda r: call((2,), 0.3, dtype=FLOAT64, **PLACED), **ROUNDED),
    **function("arange", lambda r: call(r.randint(3, 9)), lambda r: call(7, 1, -2), lambda r: call(0, 1, 0.1),
               lambda r: call(0.5, 3, step=0.3, dtype=FLOAT64), **ROUNDED),
    **function("linspace", lambda r: call(-1, 1, 7), lambda r: call(0, 0.3, steps=4, dtype=FLOAT64), **ROUNDED),
    **function("logspace", lambda r: call(-1, 1, 5), lambda r: call(0, 3, 4, base=2.0, dtype=FLOAT64), **ROUNDED),
    **function("eye", lambda r: call(3), lambda r: call(2, 4, dtype=INT32), **STOP),
    **function("tril_indices", lambda r: call(3, 4), lambda r: call(3, 3, -1), **STOP),
    **function("triu_indices", lambda r: call(3, 4, offset=1), **STOP),
    **function("tensor", lambda r: call([[0.1, 2.0], [3, 4]]), lambda r: call([1, 2, 3]), lambda r: call(0.3),
               lambda r: call([True, False]), lambda r: call([0.1], dtype=FLOAT64, **PLACED), **ROUNDED),
    **function("as_tensor", lambda r: call([0.1, 2.0]), lambda r: call([1, 2], dtype=FLOAT64, device="cpu"), **ROUNDED),
    **function("zeros_like", one, lambda r: call(matrix(r), dtype=INT32, device="cpu"), **STOP),
    **function("ones_like", one, lambda r: call(matrix(r), dtype=INT32), **STOP),
    **function("empty_like", one, lambda r: call(matrix(r), dtype=INT32), **FREE),
    **function("full_like", lambda r: call(matrix(r), 0.3), lambda r: call(matrix(r), 3, dtype=INT32), **STOP),
    **method("new_zeros", lambda r: call(matrix(r), 2, 3), lambda r: call(matrix(r), (2, 3), dtype=INT32), **STOP),
    **method("new_ones", lambda r: call(matrix(r), 2, 3), **STOP),
    **method("new_empty", lambda r: call(matrix(r), 2, 3), **FREE),
    **method("new_full", lambda r: call(matrix(r), (2, 3), 0.3), **STOP),
    **method("new_tensor", lambda r: call(matrix(r), [0.1, 2.0]), **STOP),
    **function("rand", lambda r: call(2, 3), lambda r: call((2, 3), dtype=FLOAT64, **PLACED), **FREE),
    **function("randn", lambda r: call(2, 3), lambda r: call((2, 3), dtype=FLOAT64), **FREE),
    **function("rand_like", one, lambda r: call(matrix(r), dtype=FLOAT64), **FREE),
    **function("randn_like", one, **FREE),
    **function("randint", lambda r: call(5, (2, 3)), lambda r: call(2, 5, size=(2, 3)), **FREE),
    **function("randint_like", lambda r: call(matrix(r), 5), lambda r: call(matrix(r), 2, 5), **FREE),
    **function("randperm", lambda r: call(r.randint(3, 9)), **FREE),
    **function("normal", lambda r: call(0.0, 1.0, (2, 3)), lambda r: call(matrix(r, 2, 3), np.ones((2, 3))), **FREE),
    **function("bernoulli", lambda r: call(r.uniform(size=(2, 3))), lambda r: call(np.ones((2, 3))), **FREE),
    **function("multinomial", lambda r: call(np.array([0.1, 0.5, 0.4]), 2), **FREE),
}  # fmt: skip
