"""Jittor modules and functions with PyTorch's exact semantics, for any port to use.

`nn` mirrors `torch.nn`, `functional` mirrors `torch.nn.functional`, `optim` mirrors `torch.optim`, `data` mirrors
`torch.utils.data`: same names, arguments, defaults and results, forward, backward and in float64. Where Jittor already
does the same, its own class is handed through. Everything here is tested against PyTorch in
`alignment_tests/jtmigrate/parity`.
"""

from jtmigrate import runtime

with runtime.import_of_jittor():
    import jittor  # noqa: F401
