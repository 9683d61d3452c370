"""npm: the node programs' packages, as their lock files name them, without install scripts."""

import hashlib
import pathlib
import re
import shutil
import subprocess

import debian
import stage
from project import Failure, ROOT, environment, source_files

_OLDEST_NODE = 18
_STAMP = ".millrace-lock"


def node():
    """The path of a node that is new enough, or None."""
    for candidate in (shutil.which("node"), "/usr/bin/node"):
        if not candidate or not pathlib.Path(candidate).exists():
            continue
        asked = subprocess.run([candidate, "--version"], text=True, capture_output=True)
        match = re.match(r"v(\d+)", asked.stdout)
        if match and int(match[1]) >= _OLDEST_NODE:
            return candidate
    return None


def install_node():
    """Installs Debian's node and npm unless the machine has its own."""
    wanted = ([] if node() else ["nodejs"]) + ([] if shutil.which("npm") else ["npm"])
    if wanted:
        debian.install(wanted)
    if not node():
        raise Failure(f"node {_OLDEST_NODE} or newer is needed, and the one on PATH is older")


def install_packages():
    """Brings the node_modules beside every package-lock.json up to that lock file."""
    for lock in source_files():
        if lock.name == "package-lock.json":
            _install(lock)


def _install(lock):
    folder = lock.parent
    stamp = folder / "node_modules" / _STAMP
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    stage.run(f"npm ci in {folder.relative_to(ROOT)}",
              ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=warn"],
              cwd=folder, env=environment(CI="true"))
    stamp.write_text(wanted)
