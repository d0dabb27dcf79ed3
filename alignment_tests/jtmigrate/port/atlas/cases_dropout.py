"""Dropout: nothing in evaluation; in training values differ, and tests of their own look at their distribution."""

from alignment_tests.jtmigrate.port.atlas.case import Case, Random, call


def _module(random: Random):
    return call(0.3, inplace=True, inputs=(random.standard_normal((3, 4, 5)),))


def _function(random: Random):
    return call(random.standard_normal((3, 4, 5)), 0.3, training=False)


def _training(random: Random):
    return call(random.standard_normal((3, 4, 5)), p=0.3, training=True)


def _certain(random: Random):
    return call(random.standard_normal((3, 4, 5)), 1.0, True)


MODULES = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
FUNCTIONS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")

CASES = {
    f"torch.nn.{name}": (Case(_module, training=False), Case(_module, gradient=False, values=False)) for name in MODULES
} | {
    f"torch.nn.functional.{name}": (Case(_function), Case(_training, gradient=False, values=False), Case(_certain))
    for name in FUNCTIONS
}
