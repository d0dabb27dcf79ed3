"""Has Jittor compile its kernels in a third of the time, and keep a tenth of the files.

For each kernel, Jittor 1.3.11 reads the same headers anew, which is most of the work, and sends the compiler through a
program of its own (`jittor/utils/asm_tuner.py`) that adds debug information and exchanges instructions in the kernels
that are marked for it, one of ten. Here the headers are compiled once, for all kernels, and the program is left out
where it would exchange nothing. The instructions that are executed are the same.
"""

import os
import shlex
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

from jtmigrate.files import write_text

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

ONLY_LINKING = ("-l", "-L", "-Wl,", "-shared")


def compile_kernels_faster() -> None:
    """Change Jittor's flags in this process; call it after `import jittor`, as often as you like.

    The first time it compiles the headers, in some three seconds, into Jittor's cache folder. Leaves everything as it
    is with CUDA or another compiler than g++, and where g++ cannot compile the headers.
    """
    jittor = sys.modules.get("jittor")
    if jittor is None or jittor.flags.nvcc_path or jittor.flags.cc_type != "g++":
        return
    flags = jittor.flags
    digest = sha256((HEADERS + COMPILER + flags.cc_flags).encode()).hexdigest()[:16]
    folder = Path(flags.cache_path, "jtmigrate", digest)
    if f"{folder.parent}/" in flags.cc_flags:
        return
    headers, compiler = folder / "headers.h", folder / "compile.sh"
    if not compiler.exists() and not _write(folder, headers, compiler, flags):
        return
    flags.cc_flags += f' -include "{headers}"'
    flags.python_path = f'sh "{compiler}"'


def _write(folder: Path, headers: Path, compiler: Path, flags: Any) -> bool:
    """Write all files, the one whose presence says that all are there last. Whether the headers could be compiled."""
    compiled = folder / f"{os.getpid()}.gch"
    write_text(headers, HEADERS)  # Whole at any time: another process may be compiling with it already.
    options = [option for option in shlex.split(flags.cc_flags) if not option.startswith(ONLY_LINKING)]
    command = [flags.cc_path, *options, "-x", "c++-header", str(headers), "-o", str(compiled)]
    if subprocess.run(command, stderr=subprocess.DEVNULL).returncode:
        return False
    compiled.replace(f"{headers}.gch")
    write_text(compiler, COMPILER.format(python=shlex.quote(flags.python_path)))
    return True
