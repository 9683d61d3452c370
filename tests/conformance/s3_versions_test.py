"""Versions, delete markers and object lock as boto3 and `aws` see them, also after kill -9."""

import datetime
import json
import random
import sys

from botocore.exceptions import ClientError

from raw import Request
from server import Server
from tap import Tests, check, equal, refused

tests = Tests()

_BUCKET = "versions"
_LOCKED = "locked"
_FAR = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)


class World:
    def __init__(self, server):
        self.server = server
        self.connect()
        self.s3.create_bucket(Bucket=_BUCKET)
        self.s3.create_bucket(Bucket=_LOCKED, ObjectLockEnabledForBucket=True)
        self.s3.put_bucket_versioning(
            Bucket=_BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def connect(self):
        self.s3 = self.server.client("s3")

    def put(self, key, body, bucket=_BUCKET, **more):
        return self.s3.put_object(Bucket=bucket, Key=key, Body=body, **more)["VersionId"]

    def get(self, key, version=None):
        named = {"VersionId": version} if version else {}
        return self.s3.get_object(Bucket=_BUCKET, Key=key, **named)["Body"].read()

    def versions(self, prefix="", page=1000, bucket=_BUCKET):
        """(key, version, latest, marker), by key and then from the newest."""
        found = []
        pages = self.s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": page})
        for answer in pages:
            for name, marker in (("Versions", False), ("DeleteMarkers", True)):
                found += [(item["Key"], item["VersionId"], item["IsLatest"], marker,
                           item["LastModified"]) for item in answer.get(name, [])]
        found.sort(key=lambda item: (item[0], not item[2]))
        return [item[:4] for item in found]


def _failure(function, **named):
    try:
        function(**named)
    except ClientError as error:
        return error.response
    raise AssertionError("it was not refused")


@tests.add("a delete marker hides, answers with its headers, and its removal restores")
def _(world):
    one = world.put("k", b"1")
    two = world.put("k", b"2")
    check(one != two, "versions differ")
    marker = world.s3.delete_object(Bucket=_BUCKET, Key="k")
    equal(marker["DeleteMarker"], True)
    for function in (world.s3.get_object, world.s3.head_object):
        answer = _failure(function, Bucket=_BUCKET, Key="k")["ResponseMetadata"]
        equal(answer["HTTPStatusCode"], 404)
        equal(answer["HTTPHeaders"]["x-amz-delete-marker"], "true")
        equal(answer["HTTPHeaders"]["x-amz-version-id"], marker["VersionId"])
        answer = _failure(function, Bucket=_BUCKET, Key="k",
                          VersionId=marker["VersionId"])["ResponseMetadata"]
        equal(answer["HTTPStatusCode"], 405)
        equal(answer["HTTPHeaders"]["x-amz-delete-marker"], "true")
        equal(answer["HTTPHeaders"]["allow"], "DELETE")
        check("last-modified" in answer["HTTPHeaders"], "Last-Modified")
    equal(world.get("k", one), b"1")
    world.s3.delete_object(Bucket=_BUCKET, Key="k", VersionId=marker["VersionId"])
    equal(world.get("k"), b"2")


@tests.add("pages of every size have every version once, in order")
def _(world):
    source = random.Random(3)
    for _ in range(40):
        key = f"pages/{source.randrange(6)}"
        if source.random() < 0.3:
            world.s3.delete_object(Bucket=_BUCKET, Key=key)
        else:
            world.put(key, b"x")
    whole = world.versions("pages/")
    equal(len(whole), 40)
    equal(sum(item[2] for item in whole), len({item[0] for item in whole}), "one is the latest")
    for page in (1, 2, 3, 7):
        equal(sorted(world.versions("pages/", page)), sorted(whole), f"pages of {page}")


@tests.add("the aws command lists, reads and empties")
def _(world):
    version = world.put("cli", b"one")
    world.put("cli", b"two")
    aws = world.server.aws
    listed = json.loads(aws("s3api", "list-object-versions", "--bucket", _BUCKET,
                            "--prefix", "cli").stdout)
    equal([item["IsLatest"] for item in listed["Versions"]], [True, False])
    ran = aws("s3api", "get-object", "--bucket", _BUCKET, "--key", "cli",
              "--version-id", version, "/dev/null")
    equal(ran.returncode, 0, ran.stderr)
    ran = aws("s3", "rm", f"s3://{_BUCKET}/cli")
    equal(ran.returncode, 0, ran.stderr)
    equal([item[3] for item in world.versions("cli")], [True, False, False])


def _copy_if(s3, headers, **arguments):
    """CopyObject with conditions on its target, which the SDKs of some years cannot say."""
    def say(params, **_):
        params["headers"].update(headers)
    s3.meta.events.register("before-call.s3.CopyObject", say)
    try:
        return s3.copy_object(**arguments)
    finally:
        s3.meta.events.unregister("before-call.s3.CopyObject", say)


@tests.add("a copy restores an earlier version, and its conditions are on the target")
def _(world):
    one = world.put("copy", b"1")
    world.put("copy", b"2")
    source = {"Bucket": _BUCKET, "Key": "copy", "VersionId": one}
    answer = world.s3.copy_object(Bucket=_BUCKET, Key="copy", CopySource=source)
    equal(answer["CopySourceVersionId"], one)
    equal(world.get("copy"), b"1")
    copy = {"Bucket": _BUCKET, "CopySource": source}
    absent, other = {"If-None-Match": "*"}, {"If-Match": '"00"'}
    refused("PreconditionFailed", _copy_if, world.s3, absent, Key="copy", **copy)
    refused("PreconditionFailed", _copy_if, world.s3, other, Key="copy", **copy)
    refused("NoSuchKey", _copy_if, world.s3, other, Key="copy-new", **copy)
    _copy_if(world.s3, absent, Key="copy-new", **copy)


@tests.add("object lock holds, whoever asks, and is passed by who may")
def _(world):
    lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": _FAR}
    version = world.put("k", b"1", _LOCKED, **lock)
    answer = world.s3.head_object(Bucket=_LOCKED, Key="k")
    equal(answer["ObjectLockMode"], "GOVERNANCE")
    equal(answer["ObjectLockRetainUntilDate"], _FAR)
    named = {"Bucket": _LOCKED, "Key": "k", "VersionId": version}
    refused("AccessDenied", world.s3.delete_object, **named)
    world.s3.put_object_legal_hold(LegalHold={"Status": "ON"}, **named)
    refused("AccessDenied", world.s3.delete_object, BypassGovernanceRetention=True, **named)
    world.s3.put_object_legal_hold(LegalHold={"Status": "OFF"}, **named)
    world.s3.delete_object(BypassGovernanceRetention=True, **named)
    equal(world.versions(bucket=_LOCKED), [])


@tests.add("what a bucket locks by itself comes with a digest, parts too")
def _(world):
    bucket = "locks-itself"
    world.s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    world.s3.put_object_lock_configuration(Bucket=bucket, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}})
    upload = world.s3.create_multipart_upload(Bucket=bucket, Key="m")["UploadId"]
    for path, query, what in (("/k", "", b"Put Object"),
                              ("/m", f"partNumber=1&uploadId={upload}", b"Put Part")):
        sent = Request(world.server, "s3", "PUT", f"/{bucket}{path}", query, body=b"1")
        answer = sent.sign().send()
        equal((answer.status, answer.code), (400, "InvalidRequest"))
        check(b"header is required for " + what + b" requests with Object Lock" in answer.body,
              answer.body)
        sent = Request(world.server, "s3", "PUT", f"/{bucket}{path}", query, body=b"1",
                       headers={"content-md5": "xMpCOKC5I4INzFCab3WEmw=="})
        equal(sent.sign().send().status, 200)


@tests.add("after kill -9 every version is there")
def _(world):
    put = {world.put("crash", bytes([65 + i]) * (40_000 if i % 2 else 10)): i for i in range(8)}
    marker = world.s3.delete_object(Bucket=_BUCKET, Key="crash")["VersionId"]
    before = world.versions("crash")
    world.server.kill()
    world.server.start()
    world.connect()
    equal(world.versions("crash"), before)
    for version, i in put.items():
        equal(world.get("crash", version)[:1], bytes([65 + i]))
    check((("crash", marker, True, True)) in before, "the marker is the latest")


def main():
    with Server() as server:
        return tests.run(World(server))


if __name__ == "__main__":
    sys.exit(main())
