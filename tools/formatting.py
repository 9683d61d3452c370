"""clang-format over every C++ file: writes it (`./dev fmt`), or names what it would change."""

import concurrent.futures
import subprocess

from project import ROOT, cores, source_files

_TOOL = "clang-format-19"
_AT_ONCE = 20


def _files():
    return [path for path in source_files(ROOT) if path.suffix in (".h", ".cc")]


def rewrite():
    files = _files()
    changed = _unformatted(files)
    if changed:
        subprocess.run([_TOOL, "-i", *changed], check=True, cwd=ROOT)
    print(f"fmt: {len(changed)} of {len(files)} files changed")
    return 0


def check(results):
    """One test: every file is as clang-format writes it."""
    wrong = [str(path.relative_to(ROOT)) for path in _unformatted(_files())]
    results.note("format", not wrong, "run ./dev fmt, which changes:\n  " + "\n  ".join(wrong))


def _unformatted(files):
    groups = [files[at:at + _AT_ONCE] for at in range(0, len(files), _AT_ONCE)]
    with concurrent.futures.ThreadPoolExecutor(cores()) as pool:
        return [path for group in pool.map(_wrong, groups) for path in group]


def _wrong(files):
    ran = subprocess.run([_TOOL, "--dry-run", *files], text=True, capture_output=True, cwd=ROOT)
    named = {line.split(":", 1)[0] for line in ran.stderr.splitlines()
             if "clang-format-violations" in line}
    return [path for path in files if str(path) in named]
