import pkgutil
import subprocess
import sys

import nanodet_common


def test_no_module_imports_a_framework():
    modules = [f"nanodet_common.{module.name}" for module in pkgutil.iter_modules(nanodet_common.__path__)]
    code = f"import sys, {', '.join(modules)}; print(sorted({{'torch', 'jittor', 'jtmigrate'}} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], env=_environment(), capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def _environment():
    return {"PYTHONPATH": ":".join(path for path in sys.path if path)}
