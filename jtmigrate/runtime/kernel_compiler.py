"""Has Jittor compile its kernels in a third of the time, and keep a tenth of the files.

For each kernel, Jittor 1.3.11 reads the same headers anew, which is most of the work, and sends the compiler through a
program of its own (`jittor/utils/asm_tuner.py`) that adds debug information and exchanges instructions in the kernels
that are marked for it, one of ten. Here the headers are compiled once, for all kernels, and the program is left out
where it would exchange nothing. The instructions that are executed are the same.
"""

import shlex
from pathlib import Path
from typing import Any

from jtmigrate.files import write_text
from jtmigrate.runtime.gxx import compiled, flags_of_jittor, folder_for

HEADERS = """\
#define JIT 1
#include <algorithm>
#include <cmath>
#include <limits>
#include <assert.h>
#include "var.h"
#include "fused_op.h"
#include "executor.h"
#include "ops/op_register.h"
#include "ops/array_op.h"
#include "ops/binary_op.h"
#include "ops/broadcast_to_op.h"
#include "ops/reduce_op.h"
#include "ops/ternary_op.h"
#include "ops/unary_op.h"
#include "misc/cpu_math.h"
"""
"""What nearly all kernels include, and how."""

COMPILER = """\
#!/bin/sh
# Called as: asm_tuner.py --cc_path=COMPILER SOURCE OPTIONS...
compiler=${{2#--cc_path=}} source=$3
if grep -q @begin "$source"; then exec {python} "$@"; fi
shift 2
exec "$compiler" "$@"
"""


def compile_kernels_faster() -> None:
    """Change Jittor's flags in this process; call it after `import jittor`, as often as you like.

    The first time it compiles the headers, in some three seconds, into Jittor's cache folder. Leaves everything as it
    is with CUDA or another compiler than g++, and where g++ cannot compile the headers.
    """
    flags = flags_of_jittor()
    if flags is None:
        return
    folder = folder_for(flags, HEADERS, COMPILER)
    if f"{folder.parent}/" in flags.cc_flags:
        return
    headers, compiler = folder / "headers.h", folder / "compile.sh"
    if not compiler.exists() and not _write(headers, compiler, flags):
        return
    flags.cc_flags += f' -include "{headers}"'
    flags.python_path = f'sh "{compiler}"'


def _write(headers: Path, compiler: Path, flags: Any) -> bool:
    """Write all files, the one whose presence says that all are there last. Whether the headers could be compiled."""
    write_text(headers, HEADERS)  # Whole at any time: another process may be compiling with it already.
    if not compiled(flags, headers.with_name("headers.h.gch"), "-x", "c++-header", str(headers)):
        return False
    write_text(compiler, COMPILER.format(python=shlex.quote(flags.python_path)))
    return True
