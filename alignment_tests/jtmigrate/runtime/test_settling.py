import subprocess
import sys

import pytest

KILL_CHILD = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
child.kill()
print("child", child.wait())
"""
INTERRUPT = """
import os, signal
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print("KeyboardInterrupt")
"""
OWN_HANDLER = """
import signal
signal.signal(signal.SIGINT, lambda *_: print("mine"))
"""
IMPORT_JITTOR = """
from jtmigrate import runtime
runtime.prepare()
import jittor
print("imported", flush=True)
"""


def run(program):
    """The exit code and what was printed after Jittor's import, which may tell of compiling."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout.partition("imported\n")[2].splitlines()


@pytest.mark.slow
def test_own_handlers_are_put_back():
    assert run(OWN_HANDLER + IMPORT_JITTOR + "runtime.settle()" + INTERRUPT) == (0, ["mine"])


SAFEGUARDS = """
import ssl, sys
print(sys.getrecursionlimit(), ssl._create_default_https_context().verify_mode.name)
"""


@pytest.mark.slow
@pytest.mark.parametrize("module", ["nanodet_jittor", "jtmigrate.frameworks.jittor_adapter", "jtmigrate.parity"])
def test_who_imports_jittor_settles_it(module):
    program = f"import {module}\nprint('imported', flush=True)" + KILL_CHILD + INTERRUPT + SAFEGUARDS
    assert run(program) == (0, ["child -9", "KeyboardInterrupt", "1000 CERT_REQUIRED"])


@pytest.mark.slow
def test_what_the_program_had_set_itself_is_kept():
    own = "import ssl, sys\nsys.setrecursionlimit(3000)\nssl._create_default_https_context = ssl.SSLContext"
    program = own + IMPORT_JITTOR.replace("runtime.prepare()", "import jtmigrate.parity")
    assert run(program + "print(sys.getrecursionlimit(), ssl._create_default_https_context is ssl.SSLContext)") == (
        0,
        ["3000 True"],
    )


@pytest.mark.slow
def test_jittor_alone_lifts_the_limit_and_trusts_every_certificate():
    """The reason for `import_of_jittor`; it can go when this fails."""
    assert run(IMPORT_JITTOR + SAFEGUARDS) == (0, ["1000000 CERT_NONE"])


COMPILERS = """
import multiprocessing, jittor_utils
print(len(multiprocessing.active_children()))
jittor_utils.run_cmds([], "", "")
print(len(multiprocessing.active_children()) > 0)
"""


@pytest.mark.slow
def test_compilers_are_ended_and_come_back_when_needed():
    program = IMPORT_JITTOR + "runtime.settle(); runtime.settle()" + COMPILERS
    assert run(program) == (0, ["0", "True"])


@pytest.mark.slow
@pytest.mark.parametrize("program", [KILL_CHILD, INTERRUPT])
def test_jittor_alone_ends_the_process(program):
    """The reason for `settle`; it can go when this fails."""
    assert run(IMPORT_JITTOR + program) == (1, [])


def test_nothing_happens_in_another_thread():
    program = "import threading, jtmigrate.runtime as r; t = threading.Thread(target=r.settle); t.start()"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stderr == b""
