"""Activations."""

from alignment_tests.jtmigrate.port.atlas.case import Call, Case, Random, call

def _relu(random: Random) -> Call:
    return call(inplace=True, inputs=(random.standard_normal((3, random.randint(2, 6))),))

CASES = {"torch.nn.ReLU": (Case(_relu),)}
