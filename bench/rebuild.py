"""One incremental build: touches the .cc of an operation and builds the program."""

import time

import programs
from figure import Figure

_TOUCHED = programs.ROOT / "src/services/sts/get_caller_identity.cc"


def measure(case):
    folder = programs.server_program().parent
    if not (folder / "build.ninja").is_file():
        raise programs.Unable("the program under test is in no build folder")
    _build(folder, {})
    times = []
    for _ in range(case.number("rounds", 3)):
        _TOUCHED.touch()
        times.append(_build(folder, {"CCACHE_DISABLE": "1"}))
    return [Figure("one operation's .cc, to the linked program", times, "s")]


def _build(folder, env):
    began = time.monotonic()
    programs.run(["ninja", "-C", folder, "millrace"], env)
    return time.monotonic() - began
