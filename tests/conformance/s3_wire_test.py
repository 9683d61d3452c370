"""S3 by requests made by hand: which operation a query means, documents of another name, what is
said of a checksum, of ranges and of conditions, and the headers of answers."""

import base64
import hashlib
import sys
import zlib

from raw import UNSIGNED, Connection, Request
from server import Server
from tap import Tests, check, equal

tests = Tests()

_BUCKET = "by-hand"
_KEPT = b"what was there before"


class World:
    def __init__(self, server):
        self.server = server
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket=_BUCKET)
        self.s3.put_object(Bucket=_BUCKET, Key="kept", Body=_KEPT)

    def send(self, method, path, query="", body=b"", headers=None):
        request = Request(self.server, "s3", method, f"/{_BUCKET}{path}", query, headers, body)
        return request.sign().send()


def _unharmed(world):
    keys = [item["Key"] for item in world.s3.list_objects_v2(Bucket=_BUCKET).get("Contents", [])]
    equal(keys, ["kept"], "objects")
    equal(world.s3.get_object(Bucket=_BUCKET, Key="kept")["Body"].read(), _KEPT)


def _expect(answer, status, code, text=b""):
    check(answer.status == status and answer.code == code and text in answer.body,
          f"{answer}, expected {status} {code} {text}")


@tests.add("a query that names an operation is never another one: nothing is changed by it")
def _(world):
    for method, path, query in (("PUT", "/kept", "renameObject="), ("PUT", "/kept", "encryption="),
                                ("DELETE", "", "metadataConfiguration="), ("GET", "", "abac="),
                                ("PUT", "", "abac="), ("POST", "", "metadataConfiguration="),
                                ("PUT", "", "metadataInventoryTable="), ("GET", "", "session="),
                                ("PUT", "", "metadataJournalTable="), ("GET", "/kept", "torrent=")):
        _expect(world.send(method, path, query, b"<x/>"), 501, "NotImplemented", b"Millrace")
    for query in ("partNumber=1", "uploadId=none"):
        _expect(world.send("PUT", "/kept", query, b"part"), 400, "InvalidArgument")
    _expect(world.send("GET", "/kept", "attributes="), 400, "InvalidArgument")


@tests.add("a method that nothing has is not allowed, with the kind of thing it was meant for")
def _(world):
    for method, path, kind in (("POST", "/kept", b"OBJECT"), ("PATCH", "/kept", b"OBJECT"),
                               ("PATCH", "", b"BUCKET"), ("POST", "", b"BUCKET")):
        answer = world.send(method, path)
        _expect(answer, 405, "MethodNotAllowed",
                b"The specified method is not allowed against this resource.")
        check(b"<ResourceType>" + kind + b"</ResourceType>" in answer.body, answer)
    answer = Request(world.server, "s3", "PUT", "/").sign().send()
    _expect(answer, 405, "MethodNotAllowed", b"<ResourceType>SERVICE</ResourceType>")


@tests.add("a document of another name is malformed, and empties no configuration")
def _(world):
    world.s3.put_public_access_block(
        Bucket=_BUCKET, PublicAccessBlockConfiguration={"BlockPublicAcls": True})
    for query in ("publicAccessBlock", "logging", "notification", "website", "cors", "lifecycle",
                  "tagging", "versioning", "encryption", "replication", "accelerate", "acl",
                  "requestPayment", "ownershipControls", "object-lock"):
        body = b"<Nonsense/>"
        md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
        answer = world.send("PUT", "", query + "=", body, {"content-md5": md5})
        _expect(answer, 400, "MalformedXML")
    block = world.s3.get_public_access_block(Bucket=_BUCKET)["PublicAccessBlockConfiguration"]
    equal(block["BlockPublicAcls"], True)


@tests.add("an upload names one checksum, and one that is there")
def _(world):
    body = b"hello"
    crc32 = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    sha512 = base64.b64encode(hashlib.sha512(body).digest()).decode()
    for headers, status, code, text in (
            ({"x-amz-checksum-crc32": crc32, "x-amz-checksum-sha256": sha256}, 400,
             "InvalidRequest", b"Expecting a single x-amz-checksum- header. Multiple checksum"),
            ({"x-amz-checksum-crc32": crc32, "x-amz-sdk-checksum-algorithm": "SHA256"}, 400,
             "InvalidRequest", b"Value for x-amz-sdk-checksum-algorithm header is invalid."),
            ({"x-amz-sdk-checksum-algorithm": "ROT13"}, 400, "InvalidRequest",
             b"Value for x-amz-sdk-checksum-algorithm header is invalid."),
            ({"x-amz-sdk-checksum-algorithm": "CRC32"}, 400, "InvalidRequest",
             b"x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-*"),
            ({"x-amz-checksum-rot13": "AAAA"}, 400, "InvalidRequest",
             b"The algorithm type you specified in x-amz-checksum- header is invalid."),
            ({"x-amz-checksum-sha512": sha512}, 501, "NotImplemented", b"x-amz-checksum-sha512"),
            ({"x-amz-checksum-xxhash64": "AAAAAAAAAAA="}, 501, "NotImplemented", b"xxhash64")):
        for query in ("", "partNumber=1&uploadId=" + world.upload):
            path = "/sum" if query else "/stolen"
            _expect(world.send("PUT", path, query, body, headers), status, code, text)
    answer = world.send("PUT", "/summed", "", body, {
        "x-amz-checksum-crc32": crc32, "x-amz-sdk-checksum-algorithm": "crc32"})
    equal((answer.status, answer.headers.get("x-amz-checksum-crc32")), (200, crc32))
    world.s3.delete_object(Bucket=_BUCKET, Key="summed")


@tests.add("numbers of listings and parts: what is none, and kinds of listings that there are not")
def _(world):
    for query, name in (("list-type=2&max-keys=many", b"max-keys"),
                        ("max-keys=99999999999", b"max-keys"),
                        ("max-uploads=-x&uploads=", b"max-uploads")):
        _expect(world.send("GET", "", query), 400, "InvalidArgument",
                b"Provided " + name + b" not an integer or within integer range")
    _expect(world.send("PUT", "/kept", "partNumber=x&uploadId=y"), 400, "InvalidArgument",
            b"Part number must be an integer between 1 and 10000, inclusive")
    _expect(world.send("GET", "", "list-type=3"), 400, "InvalidArgument",
            b"Invalid List Type specified in Request")
    _expect(world.send("PUT", "", "policy="), 400, "MissingRequestBodyError")


@tests.add("10,000 parts are the most that a document names; each has a number and an etag")
def _(world):
    def complete(parts):
        body = b"<CompleteMultipartUpload>" + parts + b"</CompleteMultipartUpload>"
        return world.send("POST", "/sum", "uploadId=" + world.upload, body)

    def part(number):
        return b"<Part><PartNumber>%d</PartNumber><ETag>x</ETag></Part>" % number

    _expect(complete(b"".join(map(part, range(1, 10_002)))), 400, "MalformedXML")
    _expect(complete(b"".join(map(part, range(1, 10_001)))), 400, "InvalidPart")
    _expect(complete(b"<Part><PartNumber>1</PartNumber></Part>"), 400, "MalformedXML")
    _expect(complete(b"<Part><ETag>x</ETag></Part>"), 400, "MalformedXML")
    _expect(complete(part(2) + part(1)), 400, "InvalidPart")
    _expect(complete(b""), 400, "MalformedXML")


@tests.add("a range beyond all is not satisfiable; what is not modified has no body and no type")
def _(world):
    answer = world.send("GET", "/kept", headers={"range": "bytes=99999999999999999999-"})
    _expect(answer, 416, "InvalidRange", b"<ActualObjectSize>21</ActualObjectSize>")
    answer = world.send("GET", "/kept", headers={"range": "bytes=-99999999999999999999"})
    equal((answer.status, answer.headers["content-range"], answer.body),
          (206, "bytes 0-20/21", _KEPT))
    etag = '"' + hashlib.md5(_KEPT).hexdigest() + '"'
    answer = world.send("GET", "/kept", headers={"if-none-match": etag})
    equal((answer.status, answer.headers["etag"], answer.headers.get("content-type"), answer.body),
          (304, etag, None, b""))
    for form in ("Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
                 "Wed Nov 16 08:49:37 1994"):
        equal(world.send("GET", "/kept", headers={"if-modified-since": form}).status, 200)
        answer = world.send("GET", "/kept", headers={"if-unmodified-since": form})
        _expect(answer, 412, "PreconditionFailed", b"<Condition>If-Unmodified-Since</Condition>")


@tests.add("a condition on no date is no condition; an etag that differs undoes a range")
def _(world):
    for value in ("nonsense", "2020-01-01T00:00:00Z", ""):
        for name in ("if-modified-since", "if-unmodified-since"):
            equal(world.send("GET", "/kept", headers={name: value}).status, 200, (name, value))
    etag = '"' + hashlib.md5(_KEPT).hexdigest() + '"'
    date = world.send("HEAD", "/kept").headers["last-modified"]
    for value, status in ((etag, 206), ('"other"', 200), (date, 206), ("W/" + etag, 200),
                          ("Sun, 06 Nov 1994 08:49:37 GMT", 200)):
        answer = world.send("GET", "/kept", headers={"range": "bytes=0-3", "if-range": value})
        equal((answer.status, answer.body), (status, _KEPT[:4] if status == 206 else _KEPT), value)
    answer = world.send("GET", "/kept", headers={"range": "bytes=99-", "if-range": '"other"'})
    equal((answer.status, answer.body), (200, _KEPT))


@tests.add("what is not modified says how long it keeps; a range beyond all, how much there is")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="cached", Body=b"1", CacheControl="max-age=9",
                        Expires="Wed, 01 Jan 2031 00:00:00 GMT")
    answer = world.send("GET", "/cached", headers={"if-none-match": "*"})
    equal((answer.status, answer.headers.get("cache-control"), answer.headers.get("expires")),
          (304, "max-age=9", "Wed, 01 Jan 2031 00:00:00 GMT"))
    for method in ("GET", "HEAD"):
        answer = world.send(method, "/cached", headers={"range": "bytes=1-"})
        equal((answer.status, answer.headers.get("content-range")), (416, "bytes */1"))
    world.s3.delete_object(Bucket=_BUCKET, Key="cached")


@tests.add("how long an object is stands before it")
def _(world):
    for more, body, status, code in (({}, b"", 411, "MissingContentLength"),
                                     ({"transfer-encoding": "chunked"}, b"3\r\nnew\r\n0\r\n\r\n",
                                      501, "NotImplemented")):
        request = Request(world.server, "s3", "PUT", f"/{_BUCKET}/kept", "", dict(more))
        request.payload_hash = UNSIGNED
        request.sign()
        del request.headers["content-length"]
        with Connection(world.server.port) as connection:
            answer = connection.send(request.head() + body).answer()
        _expect(answer, status, code)


if __name__ == "__main__":
    with Server() as own:
        world = World(own)
        world.upload = world.s3.create_multipart_upload(Bucket=_BUCKET, Key="sum")["UploadId"]
        sys.exit(tests.run(world, after=_unharmed))
