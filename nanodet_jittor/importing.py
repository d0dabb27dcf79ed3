"""Imports Jittor, in the way that `jtmigrate.runtime` prepares. Does nothing where it is not installed."""

from importlib.util import find_spec

from jtmigrate import runtime

if find_spec("jittor"):
    with runtime.import_of_jittor():
        import jittor  # noqa: F401
