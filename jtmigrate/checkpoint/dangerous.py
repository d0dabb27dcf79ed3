"""Which of the globals that a pickle names are more than an unknown class."""

_DANGEROUS_MODULES = (
    *("os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "runpy", "code", "pty", "ctypes", "signal", "pip"),
    *("importlib", "imp", "pickle", "_pickle", "dill", "cloudpickle", "marshal", "operator", "functools", "timeit"),
    *("webbrowser", "urllib", "requests", "asyncio", "multiprocessing", "pdb", "bdb", "cProfile", "profile"),
)

_DANGEROUS_BUILTINS = (
    *("eval", "exec", "execfile", "compile", "open", "__import__", "getattr", "setattr", "delattr", "globals", "vars"),
    *("input", "breakpoint", "apply", "map", "filter"),
)


def is_dangerous(origin: str) -> bool:
    """Whether a global can run programs or code, or reach files and the network, when an ordinary loader calls it."""
    module, _, name = origin.rpartition(".")
    if module in ("builtins", "__builtin__"):
        return name in _DANGEROUS_BUILTINS
    return module.partition(".")[0] in _DANGEROUS_MODULES
