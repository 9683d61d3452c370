"""AWS's published service models, pinned: .deps/models/<service>/<date>/service-2.json."""

import json
import shutil
import subprocess
import tarfile

import debian
from project import DEPS, Failure, ROOT

MODELS = DEPS / "models"
_LOCK = ROOT / "third_party/models.lock.json"
_KEPT = ("service-2.json", "service-2.sdk-extras.json", "paginators-1.json", "waiters-2.json")
_MARK = "/botocore/data/"


def fetch():
    """Fetches and unpacks them unless the pinned version is there. Either whole or not at all."""
    lock = json.loads(_LOCK.read_text())
    version = f"{lock['package']} {lock['version']} {lock['sha256']}\n"
    stamp = MODELS / "VERSION"
    if stamp.is_file() and stamp.read_text() == version:
        return
    package = debian.download(lock["package"], lock["version"], lock["suite"], lock["sha256"])
    part = DEPS / "models.part"
    shutil.rmtree(part, ignore_errors=True)
    count = _unpack(package, part)
    (part / "VERSION").write_text(version)
    shutil.rmtree(MODELS, ignore_errors=True)
    part.rename(MODELS)
    print(f"models: {count} services of {lock['package']} {lock['version']}")


def _unpack(package, target):
    count = 0
    reader = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=reader.stdout, mode="r|") as archive:
        for member in archive:
            _, found, inside = member.name.partition(_MARK)
            if not found or not member.isfile() or inside.rpartition("/")[2] not in _KEPT:
                continue
            path = (target / inside).resolve()
            if not path.is_relative_to(target.resolve()):
                raise Failure(f"{package.name} holds {member.name}, which leaves its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
            count += path.name == "service-2.json"
    if reader.wait() != 0 or count == 0:
        raise Failure(f"{package} could not be unpacked")
    return count
