"""A boto3 newer than Debian 12's, for tests: .deps/newer-boto3, to be put on PYTHONPATH.

third_party/clients.lock.json pins its packages, which hold Python alone. What they need besides
(dateutil, jmespath, urllib3) is Debian's own, as installed with python3-boto3.
"""

import json
import shutil
import subprocess
import tarfile

import debian
from project import DEPS, Failure, ROOT

FOLDER = DEPS / "newer-boto3"
_LOCK = ROOT / "third_party/clients.lock.json"
_ROOT_IN_PACKAGE = "/usr/lib/python3/dist-packages/"
# botocore knows some 400 services in 100 MB; tests talk to these.
_SERVICES = {"cloudwatch", "iam", "kms", "logs", "s3", "sagemaker", "sagemaker-runtime", "sts"}
_CODE = (".py", ".pem")


def fetch():
    """Downloads and unpacks it unless what is pinned is there. Either whole or not at all."""
    text = _LOCK.read_text()
    lock = json.loads(text)
    stamp = FOLDER / "LOCK"
    wanted = text + " ".join(sorted(_SERVICES))
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    part = DEPS / "newer-boto3.part"
    shutil.rmtree(part, ignore_errors=True)
    for entry in lock["packages"]:
        _unpack(debian.download(entry["package"], entry["version"], lock["suite"],
                                entry["sha256"]), part)
    (part / "LOCK").write_text(wanted)
    shutil.rmtree(FOLDER, ignore_errors=True)
    part.rename(FOLDER)


def _is_kept(inside):
    parts = inside.split("/")
    if parts[0] not in ("boto3", "botocore", "s3transfer"):
        return False
    if parts[1:2] == ["data"] and parts[0] == "botocore":
        return len(parts) == 3 or parts[2] in _SERVICES
    return parts[1:2] == ["data"] or inside.endswith(_CODE)


def _unpack(package, target):
    count = 0
    reader = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE)
    with tarfile.open(fileobj=reader.stdout, mode="r|") as archive:
        for member in archive:
            _, found, inside = member.name.partition(_ROOT_IN_PACKAGE)
            if not found or not member.isfile() or not _is_kept(inside):
                continue
            path = (target / inside).resolve()
            if not path.is_relative_to(target.resolve()):
                raise Failure(f"{package.name} holds {member.name}, which leaves its folder")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(archive.extractfile(member).read())
            count += 1
    if reader.wait() != 0 or count == 0:
        raise Failure(f"{package} could not be unpacked")
