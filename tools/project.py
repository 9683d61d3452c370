"""Where things are in the project, and the one way to fail with a message."""

import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEPS = ROOT / ".deps"
PRESETS = ("dev", "release", "asan", "tsan", "fuzz", "gcc")

_LEFT_OUT = {"node_modules", "__pycache__"}


class Failure(Exception):
    """What went wrong and what to do about it, for the person at the terminal."""


def build_folder(preset):
    return ROOT / ("build" if preset == "dev" else f"build-{preset}")


def source_files(root=ROOT):
    """Every file of the project under `root`, sorted: nothing built, downloaded or hidden."""
    found = []
    for folder, folders, files in os.walk(root):
        here = pathlib.Path(folder)
        folders[:] = sorted(name for name in folders if _belongs(here == root, name))
        found += [here / name for name in files if name[0] != "." or name == ".npmrc"]
    return sorted(found)


def _belongs(at_root, name):
    if at_root and (name == "build" or name.startswith("build-")):
        return False
    return name not in _LEFT_OUT and (name[0] != "." or name == ".ci")


def shared_data():
    """The optional data and vectors, or None. MILLRACE_SHARED names it, else ../shared."""
    named = os.environ.get("MILLRACE_SHARED")
    folder = pathlib.Path(named) if named else ROOT.parent / "shared"
    return folder.resolve() if folder.is_dir() else None


def environment(**more):
    """The environment of every program started: the data when there is any, ccache's rules."""
    env = dict(os.environ, CCACHE_BASEDIR=str(ROOT), CCACHE_NOHASHDIR="1", LC_ALL="C.UTF-8")
    shared = shared_data()
    if shared:
        env["MILLRACE_SHARED"] = str(shared)
    env.update(more)
    return env


def cores():
    """How many things to do at once; MILLRACE_JOBS overrides it."""
    return max(1, int(os.environ.get("MILLRACE_JOBS") or len(os.sched_getaffinity(0))))
