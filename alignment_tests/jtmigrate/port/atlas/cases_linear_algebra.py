"""Products of matrices and vectors, and `torch.linalg`."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Random, call
from alignment_tests.jtmigrate.port.atlas.drawing import cube, function, matrix, pair


def _vectors(random: Random) -> Call:
    length = random.randint(2, 7)
    return call(random.standard_normal(length), random.standard_normal(length))


def _triples(random: Random) -> Call:
    """Not parallel to what `check` projects on, the first standard normal numbers of the same seed."""
    return call(matrix(random, 4, 3) + 1, matrix(random, 4, 3))


def _batches(random: Random) -> Call:
    return call(random.standard_normal((2, 3, 4)), random.standard_normal((2, 4, 5)))


def _scaled(*shapes: tuple[int, ...]):
    return lambda random: call(*(random.standard_normal(shape) for shape in shapes), beta=0.3, alpha=0.7)


def _definite(random: Random) -> np.ndarray:
    x = matrix(random, 3, 3)
    return x @ x.T + 3 * np.eye(3)


CASES = {
    **pair("matmul", lambda r: call(matrix(r, 3, 4), matrix(r, 4)), _batches,
           lambda r: call(cube(r)[..., :2], matrix(r, 2, 3)), lambda r: call(matrix(r, 3, 4), r.standard_normal(4))),
    **pair("mm", lambda r: call(matrix(r, 3, 4), matrix(r, 4))),
    **pair("bmm", _batches),
    **pair("mv", lambda r: call(matrix(r, 3, 4), r.standard_normal(4))),
    **pair("dot", _vectors),
    **pair("outer", _vectors),
    **function("einsum", lambda r: call("bij,bjk->bik", *_batches(r).args), lambda r: call("ij->j", [matrix(r)])),
    **function("tensordot", lambda r: call(matrix(r, 3, 4), matrix(r, 4), 1),
               lambda r: call(r.standard_normal((2, 3, 4)), matrix(r, 4, 2), dims=([2, 0], [0, 1]))),
    **pair("kron", lambda r: call(matrix(r), matrix(r))),
    **pair("addmm", _scaled((3, 5), (3, 4), (4, 5)),
           lambda r: call(r.standard_normal(5), matrix(r, 3, 4), matrix(r, 4, 5))),
    **pair("addmv", _scaled((3,), (3, 4), (4,))),
    **pair("addr", _scaled((3, 4), (3,), (4,))),
    **pair("baddbmm", _scaled((2, 3, 5), (2, 3, 4), (2, 4, 5))),
    **pair("addbmm", _scaled((3, 5), (2, 3, 4), (2, 4, 5))),
    **pair("cross", _triples,
           lambda r: call(matrix(r, 3, 2) + 1, matrix(r, 3, 2), 0)),
    **pair("diag", lambda r: call(matrix(r)), lambda r: call(r.standard_normal(3), 1),
           lambda r: call(matrix(r, 3, 5), -1)),
    **pair("diagonal", lambda r: call(cube(r), 0, 1, 2)),
    **function("diag_embed", lambda r: call(matrix(r))),
    **pair("trace", lambda r: call(matrix(r, 3, 3))),
    **function("cdist", lambda r: call(r.standard_normal((2, 3, 4)), r.standard_normal((2, 5, 4))),
               lambda r: call(matrix(r, 3, 4), matrix(r, 5, 4), p=1.0), float64=1e-12, float32=1e-5),
    **function("linalg.norm", lambda r: call(matrix(r)), lambda r: call(cube(r), dim=-1, keepdim=True)),
    **function("linalg.vector_norm", lambda r: call(cube(r), 2, 1), lambda r: call(matrix(r), float("inf"))),
    **function("linalg.cross", _triples),
    **function("linalg.inv", lambda r: call(_definite(r)), float64=1e-12, float32=1e-5),
    **function("linalg.det", lambda r: call(_definite(r)), float64=1e-12, float32=1e-5),
    **function("linalg.solve", lambda r: call(_definite(r), matrix(r, 3)), float64=1e-12, float32=1e-5),
    **function("linalg.cholesky", lambda r: call(_definite(r)), float64=1e-12, float32=1e-5),
}  # fmt: skip
