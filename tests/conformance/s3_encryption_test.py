"""Encryption as boto3, the `aws` command and a browser's form ask for it; and what lies on the
disk."""

import base64
import hashlib
import pathlib
import sys
import tempfile
import urllib.error
import urllib.request

from server import Server
from tap import Tests, check, equal, refused

tests = Tests()
_NEEDED = ("s3", "kms")
_BUCKET = "sealed"
_KEY = bytes(range(32))
_OTHER = bytes(reversed(range(32)))
_MIB = 1024 * 1024
_NEEDLE = b"plain text that a search would find; "
# On both sides of the size from which an object is a file of its own.
_SIZES = (len(_NEEDLE), 9_000, 300_000)


def _plain(size):
    return (_NEEDLE * (size // len(_NEEDLE) + 1))[:size]


def _customer(key, prefix=""):
    return {f"{prefix}SSECustomerAlgorithm": "AES256", f"{prefix}SSECustomerKey": key}


def _advance(server, seconds):
    url = f"{server.url}/_millrace/clock?advance={seconds}"
    with urllib.request.urlopen(urllib.request.Request(url, method="POST")):
        pass


def _files_with(folder, text):
    return [str(path) for path in pathlib.Path(folder).rglob("*")
            if path.is_file() and text in path.read_bytes()]


def _parts(s3, key, first, second, **how):
    """An object in two parts, the second a copy of an object."""
    per_part = {name: value for name, value in how.items() if name.startswith("SSECustomer")}
    upload = s3.create_multipart_upload(Bucket=_BUCKET, Key=key, **how)["UploadId"]
    which = {"Bucket": _BUCKET, "Key": key, "UploadId": upload}
    one = s3.upload_part(PartNumber=1, Body=first, **which, **per_part)["ETag"]
    s3.put_object(Bucket=_BUCKET, Key="source", Body=second, **_customer(_OTHER))
    two = s3.upload_part_copy(PartNumber=2, CopySource=f"{_BUCKET}/source", **which, **per_part,
                              **_customer(_OTHER, "CopySource"))["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(MultipartUpload={"Parts": [
        {"PartNumber": 1, "ETag": one}, {"PartNumber": 2, "ETag": two}]}, **which)


@tests.add("no plain text of an encrypted object is in the data directory", needs=_NEEDED)
def _(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=_BUCKET)
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    kinds = {"usual": {}, "s3": {"ServerSideEncryption": "AES256"},
             "kms": {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key},
             "service": {"ServerSideEncryption": "aws:kms"}, "own": _customer(_KEY)}
    for kind, how in kinds.items():
        reads = how if kind == "own" else {}
        for size in _SIZES:
            name, body = f"{kind}-{size}", _plain(size)
            answer = s3.put_object(Bucket=_BUCKET, Key=name, Body=body, **how)
            equal(answer["ETag"].strip('"') == hashlib.md5(body).hexdigest(),
                  kind in ("usual", "s3"), f"{name}: the etag is the digest")
            got = s3.get_object(Bucket=_BUCKET, Key=name, **reads)
            equal(got["Body"].read(), body, name)
            begin = size // 2
            part = s3.get_object(Bucket=_BUCKET, Key=name, Range=f"bytes={begin}-{begin + 9}",
                                 **reads)["Body"].read()
            equal(part, body[begin:begin + 10], name)
        first, second = _plain(5 * _MIB), _plain(100_000)
        _parts(s3, f"{kind}-parts", first, second, **how)
        got = s3.get_object(Bucket=_BUCKET, Key=f"{kind}-parts", **reads)["Body"].read()
        equal(hashlib.sha256(got).digest(), hashlib.sha256(first + second).digest(), kind)
    for source in kinds:
        for target, how in kinds.items():
            opens = _customer(_KEY, "CopySource") if source == "own" else {}
            reads = how if target == "own" else {}
            s3.copy_object(Bucket=_BUCKET, Key="copy", CopySource=f"{_BUCKET}/{source}-300000",
                           **opens, **how)
            got = s3.get_object(Bucket=_BUCKET, Key="copy", **reads)["Body"].read()
            equal(got, _plain(300_000), f"{source} to {target}")
    equal(_files_with(server.data, _NEEDLE), [])
    server.kill()
    server.start()
    equal(_files_with(server.data, _NEEDLE), [])
    for secret in (_KEY, _OTHER, base64.b64encode(_KEY)):
        equal(_files_with(server.data, secret), [], "a customer's key is kept")
    s3 = server.client("s3")
    equal(s3.get_object(Bucket=_BUCKET, Key="own-parts",
                        **_customer(_KEY))["ContentLength"], 5 * _MIB + 100_000)


@tests.add("objects may be kept plain, and nothing then says that they are encrypted",
           needs=_NEEDED)
def _(_):
    with Server(arguments=["--plain-objects"]) as server:
        s3 = server.client("s3")
        s3.create_bucket(Bucket=_BUCKET)
        answer = s3.put_object(Bucket=_BUCKET, Key="plain", Body=_plain(9_000))
        check("ServerSideEncryption" not in answer, "a plain object is called encrypted")
        check(_files_with(server.data, _NEEDLE), "the search finds what is plain")
        refused("ServerSideEncryptionConfigurationNotFoundError", s3.get_bucket_encryption,
                Bucket=_BUCKET)
        answer = s3.put_object(Bucket=_BUCKET, Key="asked", Body=b"x",
                               ServerSideEncryption="AES256")
        equal(answer["ServerSideEncryption"], "AES256")


@tests.add("KMS: the errors of keys, and a key's end", needs=_NEEDED)
def _(server):
    s3, kms = server.client("s3"), server.client("kms")
    key = kms.create_key()["KeyMetadata"]
    kms.create_alias(AliasName="alias/sealed", TargetKeyId=key["KeyId"])
    how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/sealed"}
    answer = s3.put_object(Bucket=_BUCKET, Key="going", Body=b"bytes", **how)
    equal(answer["SSEKMSKeyId"], key["Arn"])
    equal(s3.get_object(Bucket=_BUCKET, Key="going")["Body"].read(), b"bytes")
    kms.disable_key(KeyId=key["KeyId"])
    refused("KMS.DisabledException", s3.get_object, Bucket=_BUCKET, Key="going")
    refused("KMS.DisabledException", s3.put_object, Bucket=_BUCKET, Key="k", Body=b"", **how)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    refused("KMS.KMSInvalidStateException", s3.get_object, Bucket=_BUCKET, Key="going")
    _advance(server, 8 * 24 * 3600)
    s3 = server.client("s3")
    refused("KMS.NotFoundException", s3.get_object, Bucket=_BUCKET, Key="going")
    equal(s3.head_object(Bucket=_BUCKET, Key="going")["ContentLength"], 5)


@tests.add("the aws command: --sse, --sse-kms-key-id, --sse-c, and copies between them",
           needs=_NEEDED)
def _(server):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sealed-"))
    body = _plain(9 * _MIB)  # The command sends it in parts.
    (folder / "body").write_bytes(body)
    (folder / "key").write_bytes(_KEY)
    key = server.client("kms").create_key()["KeyMetadata"]["KeyId"]
    own = ["--sse-c", "AES256", "--sse-c-key", f"fileb://{folder}/key"]

    def aws(*arguments):
        ran = server.aws(*map(str, arguments))
        equal(ran.returncode, 0, f"aws {arguments}: {ran.stderr}")

    def arrives(source, *how):
        aws("s3", "cp", f"s3://{_BUCKET}/{source}", folder / "back", *how)
        equal(hashlib.sha256((folder / "back").read_bytes()).digest(),
              hashlib.sha256(body).digest(), source)

    aws("s3", "cp", folder / "body", f"s3://{_BUCKET}/cli-kms", "--sse", "aws:kms",
        "--sse-kms-key-id", key)
    arrives("cli-kms")
    aws("s3", "cp", folder / "body", f"s3://{_BUCKET}/cli-own", *own)
    arrives("cli-own", *own)
    check(server.aws("s3", "cp", f"s3://{_BUCKET}/cli-own", str(folder / "back")).returncode != 0,
          "the object was read without its key")
    aws("s3", "cp", f"s3://{_BUCKET}/cli-own", f"s3://{_BUCKET}/cli-copy", "--sse", "AES256",
        "--sse-c-copy-source", "AES256", "--sse-c-copy-source-key", f"fileb://{folder}/key")
    arrives("cli-copy")


@tests.add("presigned URLs and forms", needs=_NEEDED)
def _(server):
    s3 = server.client("s3", signature_version="s3v4")
    old = server.client("s3", signature_version="s3")
    key = server.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=_BUCKET, Key="signed", Body=b"bytes", ServerSideEncryption="aws:kms",
                  SSEKMSKeyId=key)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": _BUCKET, "Key": "signed"})
    with urllib.request.urlopen(url) as answer:
        equal(answer.read(), b"bytes")
        equal(answer.headers["x-amz-server-side-encryption-aws-kms-key-id"], key)
    # AWS: a key of KMS wants Signature Version 4.
    url = old.generate_presigned_url("get_object", Params={"Bucket": _BUCKET, "Key": "signed"})
    try:
        urllib.request.urlopen(url)
        check(False, "a signature of version 2 opened an object under KMS")
    except urllib.error.HTTPError as error:
        check(b"require AWS Signature Version 4." in error.read(), "the refusal")
    fields = {"x-amz-server-side-encryption": "aws:kms",
              "x-amz-server-side-encryption-aws-kms-key-id": key}
    form = s3.generate_presigned_post(_BUCKET, "form", Fields=dict(fields),
                                      Conditions=[{name: value}
                                                  for name, value in fields.items()])
    boundary = "a-line-that-is-nowhere-else"
    body = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in form["fields"].items())
    body += (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n'
             ).encode() + b"bytes" + f"\r\n--{boundary}--\r\n".encode()
    request = urllib.request.Request(form["url"], data=body, headers={
        "Content-Type": f"multipart/form-data; boundary={boundary}"})
    with urllib.request.urlopen(request) as answer:
        equal(answer.headers["x-amz-server-side-encryption"], "aws:kms")
    equal(s3.head_object(Bucket=_BUCKET, Key="form")["SSEKMSKeyId"], key)


if __name__ == "__main__":
    with Server() as world:
        sys.exit(tests.run(world, services=world.services()))
