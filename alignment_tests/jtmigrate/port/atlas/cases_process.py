"""Constants, and questions about the process."""

from alignment_tests.jtmigrate.port.atlas.case import call
from alignment_tests.jtmigrate.port.atlas.drawing import function

CASES = {
    **{
        key: cases
        for name in ("inf", "nan", "pi", "e", "jit.is_scripting")
        for key, cases in function(name, lambda r: call(), gradient=False).items()
    },
}
