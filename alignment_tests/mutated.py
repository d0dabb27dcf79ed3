"""Hypothesis strategies that damage the bytes of a file, and how many examples the tests of this kind run.

    JTMIGRATE_EXAMPLES=1000 python -m pytest alignment_tests/nanodet_common/datasets/test_fuzz.py

runs 1,000 examples of each; without the variable it is 100.
"""

import os
from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

FAR = 1 << 24
"""Positions are drawn up to here and taken modulo the size."""

fuzz_settings = settings(
    max_examples=int(os.environ.get("JTMIGRATE_EXAMPLES", "100")),
    deadline=timedelta(seconds=30),  # what takes longer than this hangs
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` after one to four flips, cuts, insertions, repetitions."""
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, FAR)) % (len(content) + 1)
        end = min(len(content), at + draw(st.integers(1, 64)))
        match draw(st.sampled_from(["flip", "insert", "delete", "repeat", "cut"])):
            case "flip" if at < len(content):
                content = content[:at] + bytes([content[at] ^ draw(st.integers(1, 255))]) + content[at + 1 :]
            case "insert":
                content = content[:at] + draw(st.binary(min_size=1, max_size=16)) + content[at:]
            case "delete":
                content = content[:at] + content[end:]
            case "repeat":
                content = content[:end] + content[at:end] + content[end:]
            case "cut":
                content = content[:at]
    return content
