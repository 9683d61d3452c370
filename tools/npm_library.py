"""Fetches a native library that npm's packages carry: npm_library.py NAME prints its folder.

third_party/npm_libraries.lock.json pins each package and its SHA-512. `npm pack` downloads without
running anything; what the lock file names is unpacked into .deps/<name>-<version>, which all
presets share. Nothing is fetched when it is there.
"""

import base64
import hashlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile

from project import DEPS, Failure, ROOT

_LOCK = ROOT / "third_party/npm_libraries.lock.json"


def fetch_all():
    """Fetches what the lock file names, so that the build itself needs no network."""
    lock = json.loads(_LOCK.read_text())
    for name in lock:
        if name != "comment":
            fetch(name, lock)


def fetch(name, lock, deps=DEPS, machine=None):
    """Returns the folder with the library's files. Either whole or not at all."""
    entry = lock.get(name)
    machine = machine or platform.machine()
    if not isinstance(entry, dict) or machine not in entry:
        raise Failure(f"third_party/npm_libraries.lock.json has no {name} for {machine}")
    parts = [entry["headers"], entry[machine]]
    wanted = json.dumps(parts, sort_keys=True)
    folder = deps / f"{name}-{entry['version']}-{machine}"
    stamp = folder / "LOCK"
    if stamp.is_file() and stamp.read_text() == wanted:
        return folder
    deps.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=deps) as work:
        made = pathlib.Path(work) / "made"
        for part in parts:
            unpack(download(part["package"], work), part, made)
        (made / "LOCK").write_text(wanted)
        shutil.rmtree(folder, ignore_errors=True)
        made.rename(folder)
    return folder


def download(package, work):
    packed = subprocess.run(["npm", "pack", "--silent", "--ignore-scripts", package], cwd=work,
                            text=True, capture_output=True, stdin=subprocess.DEVNULL)
    if packed.returncode != 0:
        raise Failure(f"npm pack {package} failed: {packed.stderr.strip()}")
    return pathlib.Path(work) / packed.stdout.split()[-1]


def unpack(archive, part, target):
    """Checks the archive and unpacks what `extract` names: a file, or a folder with a slash."""
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != part["integrity"]:
        raise Failure(f"{part['package']} has sha512-{digest}, pinned is {part['integrity']}")
    found = set()
    with tarfile.open(archive) as files:
        for member in files:
            for source, into in part["extract"].items():
                inside = member.name.removeprefix(source) if source.endswith("/") else ""
                if not member.isfile() or not member.name.startswith(source):
                    continue
                path = pathlib.Path(os.path.normpath(target / (into + inside)))
                if not path.is_relative_to(target):
                    raise Failure(f"{part['package']} holds {member.name}, which leaves its folder")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(files.extractfile(member).read())
                found.add(source)
    missing = set(part["extract"]) - found
    if missing:
        raise Failure(f"{part['package']} holds no {', '.join(sorted(missing))}")


if __name__ == "__main__":
    try:
        print(fetch(sys.argv[1], json.loads(_LOCK.read_text())))
    except Failure as failure:
        sys.exit(f"npm_library: {failure}")
