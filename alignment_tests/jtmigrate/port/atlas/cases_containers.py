"""Containers, matrices and tables."""

import numpy as np

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call, made

MODULE, FUNCTION = "torch.nn.", "torch.nn.functional."


def _sequential(random: Random) -> Call:
    layers = (
        made("torch.nn.Linear", 5, 4),
        made("torch.nn.ReLU"),
        made("torch.nn.BatchNorm1d", 4),
        made("torch.nn.Linear", 4, 2),
    )
    return call(*layers, inputs=(random.standard_normal((random.randint(4, 7), 5)),))


def _labels(random: Random, classes: int, shape: tuple[int, ...]) -> np.ndarray:
    return random.randint(0, classes, shape)


def _bilinear(random: Random) -> Call:
    inputs = random.standard_normal((2, 3, 4)), random.standard_normal((2, 3, 5))
    return call(*inputs, random.standard_normal((2, 4, 5)), random.standard_normal(2))


CASES = {
    MODULE + "Sequential": (Case(_sequential),),
    MODULE + "Identity": (Case(lambda random: call(3, unused=True, inputs=(random.standard_normal((2, 3)),))),),
    MODULE + "Flatten": (
        Case(lambda random: call(inputs=(random.standard_normal((2, 3, 4, 5)),))),
        Case(lambda random: call(0, 1, inputs=(random.standard_normal((2, 3, 4)),))),
    ),
    MODULE + "Unflatten": (Case(lambda random: call(-1, (2, 3), inputs=(random.standard_normal((4, 6)),))),),
    MODULE + "Linear": (
        Case(lambda random: call(5, 3, inputs=(random.standard_normal((2, random.randint(2, 5), 5)),))),
        Case(lambda random: call(5, 3, bias=False, inputs=(random.standard_normal((4, 5)),))),
    ),
    MODULE + "Bilinear": (
        Case(lambda random: call(4, 5, 3, inputs=(random.standard_normal((6, 4)), random.standard_normal((6, 5))))),
    ),
    MODULE + "Embedding": (
        Case(lambda random: call(7, 4, inputs=(_labels(random, 7, (2, 5)),))),
        Case(lambda random: call(7, 4, padding_idx=-2, inputs=(_labels(random, 7, (20,)),))),
    ),
    MODULE + "EmbeddingBag": (
        Case(lambda random: call(7, 4, inputs=(_labels(random, 7, (3, 5)),))),
        Case(lambda random: call(7, 4, mode="sum", padding_idx=2, inputs=(_labels(random, 7, (3, 5)),))),
    ),
    FUNCTION + "linear": (
        Case(lambda random: call(*(random.standard_normal(shape) for shape in ((2, 3, 4), (5, 4), (5,))))),
        Case(lambda random: call(random.standard_normal(4), random.standard_normal((5, 4)))),
    ),
    FUNCTION + "bilinear": (Case(_bilinear),),
    FUNCTION + "embedding": (
        Case(lambda random: call(_labels(random, 7, (2, 5)), random.standard_normal((7, 3)), padding_idx=1)),
    ),
    FUNCTION + "one_hot": (
        Case(lambda random: call(_labels(random, 5, (2, 3)), 5), gradient=False),
        Case(lambda random: call(_labels(random, 5, (6,))), gradient=False),
    ),
    "torch.nn.utils.parameters_to_vector": (
        Case(lambda random: call([random.standard_normal((2, 3)), random.standard_normal(4)])),
    ),
    "torch.nn.utils.rnn.pad_sequence": (
        Case(lambda random: call([random.standard_normal((n, 3)) for n in (2, 4, 1)], batch_first=True)),
        Case(lambda random: call([random.standard_normal(n) for n in (2, 4)], padding_value=0.5)),
    ),
}
