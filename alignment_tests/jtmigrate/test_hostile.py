"""No file makes a command run code, fill the memory, or keep anybody waiting; each is refused in one line.

The corpus is converted in one process under a limit of its address space. Each file's peak memory is measured
there, and its CPU time: nothing here waits for anything, and a busy machine must not fail the test.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from alignment_tests.jtmigrate.hostile import corpus

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 2
MEGABYTES = 300

RUNNER = """
import contextlib, io, json, os, re, resource, sys, time
from pathlib import Path
from jtmigrate.cli import main
import jtmigrate.convert, jtmigrate.report.conversion

def status(key):
    return int(re.search(key + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

limit = int(status("VmSize") + 1024) << 20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
results = {}
for path in sorted(Path("corpus").iterdir()):
    Path("/proc/self/clear_refs").write_text("5")
    sys.argv = ["jtmigrate", *sys.argv[1:2], str(path), *(["out.pth"] if sys.argv[1] == "convert" else [])]
    stderr, code, started = io.StringIO(), 0, time.process_time()
    with contextlib.redirect_stderr(stderr), contextlib.redirect_stdout(io.StringIO()):
        try:
            main.main()
        except SystemExit as error:
            code = error.code
        except BaseException as error:
            code = repr(error)[:300]
    results[path.name] = code, stderr.getvalue(), time.process_time() - started, status("VmHWM")
    if os.path.exists("made"):
        results[path.name] = "executed", "", 0, 0
        os.rmdir("made")
json.dump(results, sys.stdout)
"""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The folder of the corpus, and the name of each file in it."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "corpus").mkdir()
    names = {}
    for number, (name, (suffix, content)) in enumerate(corpus().items()):
        (folder / "corpus" / f"{number:04}{suffix}").write_bytes(content)
        names[f"{number:04}{suffix}"] = name
    (folder / "corpus" / "w.bin").write_bytes(bytes(4))
    return folder, names


def run(folder: Path, command: str) -> dict[str, Any]:
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", RUNNER, command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.slow
def test_every_file_is_refused_in_one_line_at_once_and_in_little_memory(files: tuple[Path, dict[str, str]]) -> None:
    folder, names = files
    assert len(names) > 200
    results = run(folder, "convert")
    wrong = {
        f"{path} {names[path]}": (code, text, round(seconds, 2), round(megabytes))
        for path, (code, text, seconds, megabytes) in results.items()
        if path in names
        and not (
            code == 2
            and text.startswith("error: ")
            and text.count("\n") == 1
            and len(text) < 1000
            and seconds < SECONDS
            and megabytes < MEGABYTES
        )
    }
    assert wrong == {}
    assert set(names) <= set(results)


@pytest.mark.slow
def test_inspect_executes_nothing_either(files: tuple[Path, dict[str, str]]) -> None:
    folder, names = files
    results = run(folder, "inspect")
    assert {names[path]: found for path, found in results.items() if path in names and found[0] not in (0, 2)} == {}
    assert not (folder / "made").exists()
