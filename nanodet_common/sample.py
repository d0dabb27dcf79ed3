"""A photograph to try things on, for those who have none at hand."""

from pathlib import Path


def sample_photograph() -> Path:
    """A photograph of a person that comes with matplotlib."""
    from matplotlib import cbook

    return Path(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
