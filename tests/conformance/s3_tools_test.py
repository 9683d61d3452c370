"""S3 as s3cmd, rclone and s3fs use it: trees there and back, renames, parts, a mounted bucket."""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Server, environment
from server import wait_until
from tap import Skip, Tests, check, equal, refused

tests = Tests()

_MIB = 1024 * 1024
_SECONDS = 120


class World:
    def __init__(self, server):
        self.server = server
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tools-"))
        self.s3 = server.client("s3")
        self._s3cmd = self.folder / "s3cfg"
        self._s3cmd.write_text("\n".join((
            "[default]", f"access_key = {ACCESS_KEY_ID}", f"secret_key = {SECRET_ACCESS_KEY}",
            f"host_base = 127.0.0.1:{server.port}", f"host_bucket = 127.0.0.1:{server.port}",
            "use_https = False", f"bucket_location = {REGION}", "")))
        self._rclone = self.folder / "rclone.conf"
        self._rclone.write_text("\n".join((
            "[mill]", "type = s3", "provider = Other", f"access_key_id = {ACCESS_KEY_ID}",
            f"secret_access_key = {SECRET_ACCESS_KEY}", f"region = {REGION}",
            f"endpoint = {server.url}", "force_path_style = true", "")))

    def bucket(self, name):
        self.s3.create_bucket(Bucket=name)
        return name

    def s3cmd(self, *arguments):
        return _run("s3cmd", "-c", self._s3cmd, "--no-progress", *arguments)

    def rclone(self, *arguments):
        return _run("rclone", "--config", self._rclone, "--retries", "1", *arguments)

    def keys(self, bucket, **query):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, **query)
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))


def _run(*command):
    """The command's standard output; it must end with 0."""
    ran = subprocess.run([str(part) for part in command], text=True, errors="replace",
                         env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                         timeout=_SECONDS)
    equal(ran.returncode, 0, f"{command}: {ran.stdout} {ran.stderr}")
    return ran.stdout


def _plant(folder):
    """A tree whose names and sizes are awkward."""
    sizes = {"a.txt": 5, "empty": 0, "deep/er/b c+d%.bin": 40_000, "deep/é/ü.txt": 16_384,
             "deep/16385": 16_385, "big.bin": 17 * _MIB}
    for number, (name, size) in enumerate(sizes.items()):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(number).randbytes(size))
    return folder


def _tree(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


@tests.add("s3cmd makes a bucket, syncs a tree there and back, and removes both")
def _(world):
    there, back = _plant(world.folder / "s3cmd"), world.folder / "s3cmd-back"
    back.mkdir()
    world.s3cmd("mb", "s3://s3cmd")
    check("s3://s3cmd" in world.s3cmd("ls"), "the new bucket is listed")
    world.s3cmd("sync", f"{there}/", "s3://s3cmd/tree/")
    equal(world.keys("s3cmd"), sorted(f"tree/{name}" for name in _tree(there)))
    world.s3cmd("sync", "s3://s3cmd/tree/", f"{back}/")
    equal(_tree(back), _tree(there))
    equal(world.s3cmd("sync", f"{there}/", "s3://s3cmd/tree/").count("upload:"), 0)
    world.s3cmd("del", "--recursive", "--force", "s3://s3cmd")
    equal(world.keys("s3cmd"), [])
    world.s3cmd("rb", "s3://s3cmd")
    check("s3://s3cmd" not in world.s3cmd("ls"), "the removed bucket is not listed")


@tests.add("s3cmd copies, moves, tells about objects and writes in parts")
def _(world):
    world.bucket("s3cmd-objects")
    big = world.folder / "big"
    big.write_bytes(random.Random(9).randbytes(20 * _MIB))
    world.s3cmd("put", "--multipart-chunk-size-mb=5", big, "s3://s3cmd-objects/big",
                "--add-header=x-amz-meta-origin:mill", "--mime-type=application/x-grain")
    info = world.s3cmd("info", "s3://s3cmd-objects/big")
    check("application/x-grain" in info and "x-amz-meta-origin" in info, info)
    check(world.s3.head_object(Bucket="s3cmd-objects", Key="big")["ETag"].endswith('-4"'),
          "four parts")
    world.s3cmd("cp", "s3://s3cmd-objects/big", "s3://s3cmd-objects/copy")
    world.s3cmd("mv", "s3://s3cmd-objects/copy", "s3://s3cmd-objects/moved")
    equal(world.keys("s3cmd-objects"), ["big", "moved"])
    back = world.folder / "moved"
    world.s3cmd("get", "s3://s3cmd-objects/moved", back)
    equal(back.read_bytes(), big.read_bytes())
    check("40M" in world.s3cmd("du", "-H", "s3://s3cmd-objects"), "two objects of 20 MiB")


@tests.add("s3cmd's signed URL is read without a key")
def _(world):
    world.bucket("s3cmd-signed")
    world.s3.put_object(Bucket="s3cmd-signed", Key="a b", Body=b"grain")
    url = world.s3cmd("signurl", "s3://s3cmd-signed/a b", "+600").strip()
    equal(_run("curl", "-sS", "--fail", url), "grain")


@tests.add("rclone syncs a tree, checks every hash, and serves parts of a file")
def _(world):
    there, back = _plant(world.folder / "rclone"), world.folder / "rclone-back"
    world.rclone("mkdir", "mill:rclone")
    world.rclone("sync", "--s3-upload-cutoff", "8Mi", "--s3-chunk-size", "5Mi", there,
                 "mill:rclone/tree")
    world.rclone("check", there, "mill:rclone/tree")
    world.rclone("sync", "mill:rclone/tree", back)
    equal(_tree(back), _tree(there))
    equal(world.rclone("cat", "--offset", "16380", "--count", "5", "mill:rclone/tree/deep/16385"),
          (there / "deep/16385").read_bytes()[16380:].decode("utf-8", "replace"))
    (there / "a.txt").unlink()
    world.rclone("sync", there, "mill:rclone/tree")
    check("tree/a.txt" not in world.keys("rclone"), "what is gone there is gone here")
    world.rclone("moveto", "mill:rclone/tree/empty", "mill:rclone/moved")
    check("moved" in world.rclone("lsf", "mill:rclone"), "the moved file is listed")
    world.rclone("purge", "mill:rclone")
    check("rclone/" not in world.rclone("lsd", "mill:"), "the bucket is gone")


@tests.add("s3fs mounts a bucket: files, folders, renames, rewriting, large files")
def _(world):
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        raise Skip("this machine allows no FUSE")
    bucket, mount = world.bucket("mounted"), world.folder / "mount"
    mount.mkdir()
    keys = world.folder / "keys"
    keys.write_text(f"{ACCESS_KEY_ID}:{SECRET_ACCESS_KEY}")
    keys.chmod(0o600)
    options = (f"passwd_file={keys},url={world.server.url},use_path_request_style,"
               f"endpoint={REGION},multipart_size=10,retries=1")
    started = subprocess.run(["s3fs", bucket, str(mount), "-o", options], text=True,
                             env=environment(), capture_output=True, timeout=_SECONDS)
    if started.returncode and "fuse" in started.stderr + started.stdout:
        raise Skip(f"this machine allows no mount: {started.stderr}")
    equal(started.returncode, 0, started.stderr)
    try:
        wait_until("the mount", lambda: os.path.ismount(mount))
        tree = _plant(mount / "tree")
        equal(_tree(tree), _tree(_plant(world.folder / "plain")))
        (tree / "a.txt").rename(tree / "renamed.txt")
        with open(tree / "renamed.txt", "ab") as file:
            file.write(b" and more")
        (tree / "deep").rename(tree / "moved")
        equal(sorted(path.name for path in tree.iterdir()),
              ["big.bin", "empty", "moved", "renamed.txt"])
        shutil.rmtree(tree / "moved")
        check(not (tree / "moved").exists(), "a removed folder is gone")
    finally:
        _run("fusermount", "-u", mount)
    equal(world.s3.get_object(Bucket=bucket, Key="tree/renamed.txt")["Body"].read()[5:],
          b" and more")
    refused("404", lambda: world.s3.head_object(Bucket=bucket, Key="tree/a.txt"))


def main():
    with Server() as server:
        world = World(server)
        try:
            return tests.run(world)
        finally:
            shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
