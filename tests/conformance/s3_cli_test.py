"""S3 as the `aws` command, boto3 and curl use it: trees, large files, presigned URLs,
conditions."""

import hashlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile

from server import Server, wait_until
from tap import Skip, Tests, check, equal, refused

tests = Tests()

_BUCKET = "conformance"
_MIB = 1024 * 1024
_LONG_AGO = 1_600_000_000
_LARGE = 100 * _MIB
_MEMORY_MAX = 256 * _MIB


class World:
    def __init__(self, server):
        self.server = server
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="s3-"))
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket=_BUCKET)

    def aws(self, *arguments):
        """The command's standard output; it must end with 0."""
        ran = self.server.aws(*map(str, arguments))
        equal(ran.returncode, 0, f"aws {arguments}: {ran.stderr}")
        return ran.stdout

    def keys(self, **query):
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=_BUCKET, **query)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def get(self, key, **query):
        return self.s3.get_object(Bucket=_BUCKET, Key=key, **query)["Body"].read()


def _fill(path, size, seed=1):
    """A file of `size` bytes that do not repeat. Answers their SHA-256."""
    source, digest = random.Random(seed), hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb") as out:
        while size > 0:
            piece = source.randbytes(min(size, 4 * _MIB))
            digest.update(piece)
            out.write(piece)
            size -= len(piece)
    return digest.hexdigest()


def _tree(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def _blobs(world):
    return sorted(path.name for path in (world.server.data / "blobs").rglob("*") if path.is_file())


@tests.add("aws s3 sync carries a tree there and back, and then has nothing to do")
def _(world):
    there, back = world.folder / "there", world.folder / "back"
    sizes = {"a.txt": 5, "empty": 0, "deep/er/b c+d.bin": 40_000, "deep/é/ü.txt": 16_384,
             "deep/16385": 16_385, "big.bin": 9 * _MIB}
    for number, (name, size) in enumerate(sizes.items()):
        _fill(there / name, size, number)
        os.utime(there / name, (_LONG_AGO, _LONG_AGO))  # S3 knows seconds, a file's time is finer.
    world.aws("s3", "sync", there, f"s3://{_BUCKET}/tree")
    equal(sorted(world.keys(Prefix="tree/")), sorted(f"tree/{name}" for name in sizes))
    world.aws("s3", "sync", f"s3://{_BUCKET}/tree", back)
    equal(_tree(back), _tree(there))
    equal(world.aws("s3", "sync", there, f"s3://{_BUCKET}/tree"), "", "a second sync")
    exact = ("s3", "sync", "--exact-timestamps", f"s3://{_BUCKET}/tree", back)
    equal(world.aws(*exact), "", "times that were listed are the files' times")
    (there / "a.txt").unlink()
    out = world.aws("s3", "sync", "--delete", there, f"s3://{_BUCKET}/tree")
    check("delete: " in out and "upload" not in out, out)
    check("tree/a.txt" not in world.keys(Prefix="tree/"), "a.txt is gone")


@tests.add("aws s3 ls, cp, mv, rm")
def _(world):
    source = world.folder / "ls.txt"
    source.write_text("one line\n")
    world.aws("s3", "cp", source, f"s3://{_BUCKET}/ls/one.txt")
    world.aws("s3", "cp", f"s3://{_BUCKET}/ls/one.txt", f"s3://{_BUCKET}/ls/sub/two.txt")
    world.aws("s3", "mv", f"s3://{_BUCKET}/ls/one.txt", f"s3://{_BUCKET}/ls/three.txt")
    listed = world.aws("s3", "ls", f"s3://{_BUCKET}/ls/")
    check("PRE sub/" in listed and "three.txt" in listed and "one.txt" not in listed, listed)
    check(_BUCKET in world.aws("s3", "ls"), "the bucket is listed")
    equal(world.aws("s3", "cp", f"s3://{_BUCKET}/ls/sub/two.txt", "-"), "one line\n")
    world.aws("s3", "rm", "--recursive", f"s3://{_BUCKET}/ls/")
    equal(world.keys(Prefix="ls/"), [])


@tests.add("a bucket is made and removed, with what it holds by force")
def _(world):
    world.aws("s3", "mb", "s3://short-lived")
    world.aws("s3api", "wait", "bucket-exists", "--bucket", "short-lived")
    for number in range(3):
        world.s3.put_object(Bucket="short-lived", Key=str(number), Body=b"x")
    ran = world.server.aws("s3", "rb", "s3://short-lived")
    check(ran.returncode != 0 and "BucketNotEmpty" in ran.stderr, ran.stderr)
    world.aws("s3", "rb", "--force", "s3://short-lived")
    world.aws("s3api", "wait", "bucket-not-exists", "--bucket", "short-lived")


@tests.add("100 MiB in parts, and the server stays small")
def _(world):
    source, back = world.folder / "large", world.folder / "large.back"
    before = _blobs(world)
    digest = _fill(source, _LARGE)
    world.aws("s3", "cp", source, f"s3://{_BUCKET}/large")
    head = world.s3.head_object(Bucket=_BUCKET, Key="large")
    equal(head["ContentLength"], _LARGE)
    check(head["ETag"].endswith('-13"'), head["ETag"])
    world.aws("s3", "cp", f"s3://{_BUCKET}/large", back)
    equal(hashlib.sha256(back.read_bytes()).hexdigest(), digest)
    whole = hashlib.sha256()
    body = world.s3.get_object(Bucket=_BUCKET, Key="large")["Body"]
    for piece in body.iter_chunks(_MIB):
        whole.update(piece)
    equal(whole.hexdigest(), digest, "read at once, over all its parts")
    bytes_there = source.read_bytes()
    for first, last in ((0, 0), (8 * _MIB - 1, 8 * _MIB), (8 * _MIB, 16 * _MIB - 1),
                        (_LARGE - 10, _LARGE + 10), (5, 30 * _MIB)):
        equal(world.get("large", Range=f"bytes={first}-{last}"),
              bytes_there[first:last + 1], f"{first}-{last}")
    check(world.server.memory_bytes() < _MEMORY_MAX, f"{world.server.memory_bytes()} bytes")
    world.s3.copy_object(Bucket=_BUCKET, Key="large.copy", CopySource=f"{_BUCKET}/large")
    world.s3.delete_object(Bucket=_BUCKET, Key="large")
    equal(hashlib.sha256(world.get("large.copy")).hexdigest(), digest, "the copy outlives it")
    world.s3.delete_object(Bucket=_BUCKET, Key="large.copy")
    equal(_blobs(world), before, "its bytes are gone from the disk")


@tests.add("presigned URLs are read and written with curl, until they expire")
def _(world):
    curl = shutil.which("curl")
    if not curl:
        raise Skip("there is no curl")
    run = lambda *more: subprocess.run([curl, "-sS", *more], capture_output=True, timeout=60)
    world.s3.put_object(Bucket=_BUCKET, Key="pre signed", Body=b"for all", ContentType="text/x")
    s3 = world.server.client("s3", signature_version="s3v4")
    url = s3.generate_presigned_url("get_object", {
        "Bucket": _BUCKET, "Key": "pre signed", "ResponseContentType": "text/html"})
    ran = run("-D", "-", url)
    head, _, body = ran.stdout.partition(b"\r\n\r\n")
    check(b"200 OK" in head and b"text/html" in head and body == b"for all", ran.stdout)
    check(b"SignatureDoesNotMatch" in run(url + "&x=1").stdout, "a changed URL")
    put = s3.generate_presigned_url("put_object", {"Bucket": _BUCKET, "Key": "put"})
    ran = run("-X", "PUT", "--data-binary", "from curl", put)
    equal(ran.stdout, b"", "PUT answers no body")
    signed = world.aws("s3", "presign", f"s3://{_BUCKET}/pre signed").strip()
    equal(run(signed).stdout, b"for all", "a URL of the command's")
    equal(world.get("put"), b"from curl")
    brief = s3.generate_presigned_url("get_object", {"Bucket": _BUCKET, "Key": "put"}, ExpiresIn=1)
    wait_until("the end of the URL", lambda: b"AccessDenied" in run(brief).stdout)


@tests.add("metadata, headers, tags and checksums come back")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="meta", Body=b"hello", ContentType="text/plain",
                        CacheControl="max-age=1", ContentDisposition="inline",
                        ContentLanguage="de", ContentEncoding="x-own", Metadata={"Shop": "north"},
                        Tagging="a=1&b=2%203", StorageClass="STANDARD_IA",
                        ChecksumAlgorithm="SHA256")
    found = world.s3.get_object(Bucket=_BUCKET, Key="meta", ChecksumMode="ENABLED")
    equal(found["Body"].read(), b"hello")
    for name, value in (("ContentType", "text/plain"), ("CacheControl", "max-age=1"),
                        ("ContentDisposition", "inline"), ("ContentLanguage", "de"),
                        ("ContentEncoding", "x-own"), ("Metadata", {"shop": "north"}),
                        ("TagCount", 2), ("StorageClass", "STANDARD_IA"),
                        ("ChecksumSHA256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")):
        equal(found.get(name), value, name)
    tags = world.s3.get_object_tagging(Bucket=_BUCKET, Key="meta")["TagSet"]
    equal(tags, [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2 3"}])
    for kind in ("CRC32", "SHA1"):
        answer = world.s3.put_object(Bucket=_BUCKET, Key="sum", Body=b"hello",
                                     ChecksumAlgorithm=kind)
        listed = world.s3.head_object(Bucket=_BUCKET, Key="sum", ChecksumMode="ENABLED")
        equal(listed[f"Checksum{kind}"], answer[f"Checksum{kind}"], kind)
    plain = world.s3.put_object(Bucket=_BUCKET, Key="plain", Body=b"")
    equal(plain["ETag"], '"d41d8cd98f00b204e9800998ecf8427e"')
    equal(world.s3.head_object(Bucket=_BUCKET, Key="plain")["ContentType"], "binary/octet-stream")


@tests.add("a body that is not what its digests say is refused, and nothing of it stays")
def _(world):
    refused("BadDigest", world.s3.put_object, Bucket=_BUCKET, Key="bad", Body=b"hello",
            ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")
    refused("BadDigest", world.s3.put_object, Bucket=_BUCKET, Key="bad", Body=b"x" * 100_000,
            ChecksumSHA256="LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=")
    refused("NoSuchKey", world.s3.get_object, Bucket=_BUCKET, Key="bad")
    equal(world.server.staged(), [])


@tests.add("conditional reads and writes")
def _(world):
    first = world.s3.put_object(Bucket=_BUCKET, Key="cond", Body=b"1")["ETag"]
    refused("304", world.s3.get_object, Bucket=_BUCKET, Key="cond", IfNoneMatch=first)
    error = refused("PreconditionFailed", world.s3.get_object, Bucket=_BUCKET, Key="cond",
                    IfMatch='"other"')
    equal(error["Error"]["Condition"], "If-Match")
    refused("412", world.s3.head_object, Bucket=_BUCKET, Key="cond", IfMatch='"other"')
    error = refused("InvalidRange", world.s3.get_object, Bucket=_BUCKET, Key="cond",
                    Range="bytes=7-")
    equal(error["ResponseMetadata"]["HTTPStatusCode"], 416)
    equal(error["Error"]["ActualObjectSize"], "1")

    def put(header, value):
        def add(request, **_):
            request.headers.add_header(header, value)
        client = world.server.client("s3")
        client.meta.events.register("before-sign.s3.PutObject", add)
        return lambda: client.put_object(Bucket=_BUCKET, Key="cond", Body=b"2")

    refused("PreconditionFailed", put("If-None-Match", "*"))
    refused("PreconditionFailed", put("If-Match", '"other"'))
    put("If-Match", first)()
    equal(world.get("cond"), b"2")


@tests.add("listings: pages, groups, every Unicode key in the order of its bytes")
def _(world):
    world.s3.create_bucket(Bucket="listing")
    keys = ["a", "a b", "a/1", "a/2", "b+c", "b%2F", "z\u00e9", "\u4e2d\u6587", "\U0001f600/x",
            "\uffee", "q&<>'\"", "//", "x//y"]
    for key in keys:
        world.s3.put_object(Bucket="listing", Key=key, Body=b"")
    pages = world.s3.get_paginator("list_objects_v2").paginate(
        Bucket="listing", PaginationConfig={"PageSize": 2})
    found = [item["Key"] for page in pages for item in page.get("Contents", [])]
    equal(found, sorted(keys, key=lambda key: key.encode()))
    pages = world.s3.get_paginator("list_objects").paginate(
        Bucket="listing", Delimiter="/", PaginationConfig={"PageSize": 1})
    seen, groups = [], []
    for page in pages:
        seen += [item["Key"] for item in page.get("Contents", [])]
        groups += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
    equal(groups, ["/", "a/", "x/", "\U0001f600/"])
    equal(sorted(seen), sorted(key for key in keys if "/" not in key))
    for key in keys:
        world.s3.delete_object(Bucket="listing", Key=key)
    world.s3.delete_bucket(Bucket="listing")


@tests.add("1,000 keys go in one request, and a request for 1,001 is refused")
def _(world):
    for number in range(30):
        world.s3.put_object(Bucket=_BUCKET, Key=f"many/{number:04}", Body=b"x")
    objects = [{"Key": f"many/{number:04}"} for number in range(1000)]
    answer = world.s3.delete_objects(Bucket=_BUCKET, Delete={"Objects": objects})
    equal(len(answer["Deleted"]), 1000)
    equal(world.keys(Prefix="many/"), [])
    refused("MalformedXML", world.s3.delete_objects, Bucket=_BUCKET,
            Delete={"Objects": [*objects, {"Key": "more"}]})


@tests.add("multipart: parts out of order, copied ranges, checksums of parts, and its errors")
def _(world):
    s3, key = world.s3, "parts"
    upload = s3.create_multipart_upload(Bucket=_BUCKET, Key=key, ChecksumAlgorithm="SHA256")
    name = {"Bucket": _BUCKET, "Key": key, "UploadId": upload["UploadId"]}
    first, second = random.Random(5).randbytes(5 * _MIB), b"the end"
    refused("InvalidRequest", s3.upload_part, **name, PartNumber=1, Body=b"no checksum")
    part_2 = s3.upload_part(**name, PartNumber=2, Body=second, ChecksumAlgorithm="SHA256")
    s3.put_object(Bucket=_BUCKET, Key="parts.source", Body=b"xx" + first)
    part_1 = s3.upload_part_copy(**name, PartNumber=1, CopySource=f"{_BUCKET}/parts.source",
                                 CopySourceRange=f"bytes=2-{len(first) + 1}")["CopyPartResult"]
    equal(part_1["ETag"].strip('"'), hashlib.md5(first).hexdigest())
    listed = s3.list_parts(**name)
    equal([part["Size"] for part in listed["Parts"]], [len(first), len(second)])
    equal([item["UploadId"] for item in s3.list_multipart_uploads(Bucket=_BUCKET)["Uploads"]],
          [upload["UploadId"]])
    parts = [{"PartNumber": 1, "ETag": part_1["ETag"], "ChecksumSHA256": part_1["ChecksumSHA256"]},
             {"PartNumber": 2, "ETag": part_2["ETag"], "ChecksumSHA256": part_2["ChecksumSHA256"]}]
    complete = lambda some: s3.complete_multipart_upload(**name, MultipartUpload={"Parts": some})
    refused("InvalidPartOrder", complete, parts[::-1])
    refused("InvalidPart", complete, [{**parts[0], "ETag": '"00"'}])
    refused("InvalidRequest", complete, [{"PartNumber": 1, "ETag": part_1["ETag"]}])
    s3.delete_object(Bucket=_BUCKET, Key="parts.source")
    done = complete(parts)
    together = hashlib.md5(hashlib.md5(first).digest() + hashlib.md5(second).digest())
    equal(done["ETag"], f'"{together.hexdigest()}-2"')
    check(done["ChecksumSHA256"].endswith("-2"), done)
    equal(world.get(key), first + second)
    found = s3.get_object(Bucket=_BUCKET, Key=key, PartNumber=2)
    equal((found["Body"].read(), found["PartsCount"]), (second, 2))
    about = s3.get_object_attributes(Bucket=_BUCKET, Key=key,
                                     ObjectAttributes=["ETag", "ObjectParts", "ObjectSize"])
    equal(about["ObjectParts"]["TotalPartsCount"], 2)
    equal(complete(parts)["ETag"], done["ETag"], "the answer that was lost, again")
    upload = s3.create_multipart_upload(Bucket=_BUCKET, Key=key)
    s3.abort_multipart_upload(Bucket=_BUCKET, Key=key, UploadId=upload["UploadId"])
    refused("NoSuchUpload", s3.list_parts, Bucket=_BUCKET, Key=key, UploadId=upload["UploadId"])


@tests.add("errors name what they are about")
def _(world):
    error = refused("NoSuchKey", world.s3.get_object, Bucket=_BUCKET, Key="none")
    equal((error["Error"]["Key"], error["Error"]["Message"]),
          ("none", "The specified key does not exist."))
    error = refused("NoSuchBucket", world.s3.list_objects_v2, Bucket="nowhere-at-all")
    equal(error["Error"]["BucketName"], "nowhere-at-all")
    refused("404", world.s3.head_object, Bucket=_BUCKET, Key="none")
    refused("404", world.s3.head_bucket, Bucket="nowhere-at-all")
    refused("KeyTooLongError", world.s3.put_object, Bucket=_BUCKET, Key="k" * 1025, Body=b"")
    refused("InvalidStorageClass", world.s3.put_object, Bucket=_BUCKET, Key="k", Body=b"",
            StorageClass="GOLD")
    refused("AccessDenied", world.s3.get_object, Bucket=_BUCKET, Key="none",
            ExpectedBucketOwner="111111111111")
    refused("NotImplemented", world.s3.get_object_torrent, Bucket=_BUCKET, Key="k")


@tests.add("virtual-hosted style finds the bucket in the host")
def _(world):
    if not shutil.which("curl"):
        raise Skip("there is no curl")
    world.s3.put_object(Bucket=_BUCKET, Key="hosted", Body=b"by host")
    host, port = f"{_BUCKET}.localhost", world.server.port
    virtual = _virtual_client(f"http://localhost:{port}")
    url = virtual.generate_presigned_url("get_object", {"Bucket": _BUCKET, "Key": "hosted"})
    check(url.startswith(f"http://{host}:{port}/hosted?"), url)
    ran = subprocess.run(["curl", "-sS", "--resolve", f"{host}:{port}:127.0.0.1", url],
                         capture_output=True, timeout=60)
    equal(ran.stdout, b"by host", ran.stderr)


@tests.add("everything answered is there after kill -9")
def _(world):
    bodies = {f"kept/{size}": random.Random(size).randbytes(size)
              for size in (0, 1, 16_384, 16_385, 300_000, 6 * _MIB)}
    for key, body in bodies.items():
        world.s3.put_object(Bucket=_BUCKET, Key=key, Body=body)
    world.server.kill()
    world.server.start()
    world.s3 = world.server.client("s3")
    for key, body in bodies.items():
        check(world.get(key) == body, key)


def _virtual_client(url):
    """A client of another endpoint, in virtual-hosted style."""
    import boto3
    from botocore.config import Config
    from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
    session = boto3.session.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    return session.client("s3", endpoint_url=url, config=Config(
        signature_version="s3v4", s3={"addressing_style": "virtual"}))


def main():
    with Server() as server:
        world = World(server)
        try:
            return tests.run(world)
        finally:
            shutil.rmtree(world.folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
