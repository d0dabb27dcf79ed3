"""Jittor's surroundings: what its import needs, what its kernels leave behind, and what `jtmigrate doctor` checks.

Nothing here imports jittor or torch.
"""

from jtmigrate.runtime.floating_point import restore_subnormals
from jtmigrate.runtime.kernel_compiler import compile_kernels_faster
from jtmigrate.runtime.mpi import ending_together
from jtmigrate.runtime.preparation import Note, Preparation, prepare
from jtmigrate.runtime.settling import import_of_jittor, settle

__all__ = [
    "Note",
    "Preparation",
    "compile_kernels_faster",
    "ending_together",
    "import_of_jittor",
    "prepare",
    "restore_subnormals",
    "settle",
]
