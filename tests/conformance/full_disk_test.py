"""A disk that fills up: refused with AWS's error, nothing acknowledged lost, usable again after."""

import os
import subprocess
import sys
import tempfile

from botocore.exceptions import ClientError

from server import Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_DISK = "size=96m"
_BUCKET = "narrow"
_SIZES = (3_000_000, 500_000, 40_000, 16_000, 900)
_OBJECTS_MAX = 50_000


class _Disk:
    """A small file system of memory, where this user may mount one."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="disk-")
        self.mounted = os.geteuid() == 0 and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", _DISK, "millrace-test", self.folder],
            capture_output=True).returncode == 0

    def free(self):
        status = os.statvfs(self.folder)
        return status.f_bavail * status.f_frsize

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", self.folder], check=True)
        os.rmdir(self.folder)


class World:
    def __init__(self, disk, server):
        self.disk, self.server = disk, server
        self.s3 = server.client("s3", read_timeout=30)
        self.s3.create_bucket(Bucket=_BUCKET)
        self.written = {}
        self.refusals = []

    def put(self, key, size):
        """True where it was acknowledged."""
        body = (key.encode() * (size // len(key) + 1))[:size]
        try:
            self.s3.put_object(Bucket=_BUCKET, Key=key, Body=body)
        except ClientError as error:
            self.refusals.append(error.response)
            return False
        self.written[key] = body
        return True

    def read_all(self):
        for key, body in self.written.items():
            found = self.s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()
            check(found == body, f"{key} has {len(found)} of {len(body)} bytes")
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]


@tests.add("writes go on until the disk is full, then they are refused with an error of AWS")
def _(world):
    for size in _SIZES:
        number = 0
        while world.put(f"{size}-{number}", size):
            number += 1
            check(number < _OBJECTS_MAX, f"{number} objects of {size} bytes fit")
    check(len(world.written) > 5, f"only {len(world.written)} were written")
    check(world.refusals, "something was refused")
    for refusal in world.refusals:
        status = refusal["ResponseMetadata"]["HTTPStatusCode"]
        code = refusal["Error"]["Code"]
        check(status >= 500 and code in ("InternalError", "ServiceUnavailable", "SlowDown",
                                         "InsufficientStorage"), f"{status} {refusal['Error']}")


@tests.add("a full disk: what was acknowledged is readable, and nothing else is listed")
def _(world):
    equal(sorted(world.read_all()), sorted(world.written))
    equal(world.server.staged(), [], "staging")
    equal(world.server.client("sts").get_caller_identity()["Account"], "000000000000")


@tests.add("objects can be deleted although the disk is full")
def _(world):
    before = world.disk.free()
    large = [key for key in world.written if key.startswith(f"{_SIZES[0]}-")]
    for key in large:
        world.s3.delete_object(Bucket=_BUCKET, Key=key)
        del world.written[key]
    half = len(large) * _SIZES[0] // 2
    wait_until("room is made", lambda: world.disk.free() > before + half, seconds=30)
    equal(sorted(world.read_all()), sorted(world.written))


@tests.add("after that, writes work again")
def _(world):
    for number in range(3):
        check(world.put(f"again-{number}", _SIZES[1]), f"{world.refusals[-1:]}")
    equal(sorted(world.read_all()), sorted(world.written))


@tests.add("kill -9 and a start later, all of it is there still")
def _(world):
    world.server.kill()
    world.server.start()
    world.s3 = world.server.client("s3")
    equal(sorted(world.read_all()), sorted(world.written))
    check(world.put("last", _SIZES[2]), f"{world.refusals[-1:]}")


def main():
    disk = _Disk()
    try:
        if not disk.mounted:
            print("ok 1 a full disk # SKIP this user may not mount a small file system")
            return 0
        with Server(data=os.path.join(disk.folder, "data")) as server:
            if "s3" not in server.services():
                print("not ok 1 the services are there: s3 is missing")
                return 1
            return tests.run(World(disk, server))
    finally:
        disk.close()


if __name__ == "__main__":
    sys.exit(main())
