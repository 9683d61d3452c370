"""How a request to S3 says what it means: hosts, regions, paths, sub-resources; its documents."""

import re
import sys
import urllib.parse

from raw import Request, UNSIGNED, put_request
from server import Server
from tap import Tests, check, equal, refused

tests = Tests()

_BUCKET = "addresses"
_ELSEWHERE = "addresses-in-ireland"


class World:
    def __init__(self, server):
        self.server = server
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket=_BUCKET)
        self.ireland = server.client("s3", region="eu-west-1")
        self.ireland.create_bucket(
            Bucket=_ELSEWHERE, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        self.ireland.put_object(Bucket=_ELSEWHERE, Key="k", Body=b"green")

    def ask(self, method, path, query="", headers=None, body=b""):
        return Request(self.server, "s3", method, path, query, headers, body).sign().send()

    def unsigned(self, method, path):
        return Request(self.server, "s3", method, path, headers={"content-length": "0"}).send()


@tests.add("clients of another region are told the right one, and go there by themselves")
def _(world):
    equal(world.s3.head_bucket(Bucket=_ELSEWHERE)["ResponseMetadata"]["HTTPHeaders"]
          ["x-amz-bucket-region"], "eu-west-1")
    equal(world.server.client("s3").head_object(Bucket=_ELSEWHERE, Key="k")["ContentLength"], 5)
    got = world.server.client("s3").get_object(Bucket=_ELSEWHERE, Key="k")
    equal(got["Body"].read(), b"green")
    for method, path in (("HEAD", f"/{_ELSEWHERE}"), ("HEAD", f"/{_ELSEWHERE}/k"),
                         ("GET", f"/{_ELSEWHERE}/k"), ("GET", f"/{_ELSEWHERE}")):
        answer = world.ask(method, path)
        equal((answer.status, answer.headers.get("x-amz-bucket-region")), (400, "eu-west-1"),
              f"{method} {path}")
    check("x-amz-bucket-region" not in world.ask("GET", f"/{_BUCKET}/none").headers,
          "who asks the right region for a key is not told it")


@tests.add("a bucket's region is told also to those who may not look into it")
def _(world):
    for method, path in (("HEAD", f"/{_ELSEWHERE}"), ("GET", f"/{_ELSEWHERE}"),
                         ("HEAD", f"/{_BUCKET}")):
        answer = world.unsigned(method, path)
        equal((answer.status, answer.headers.get("x-amz-bucket-region")),
              (403, "us-east-1" if path == f"/{_BUCKET}" else "eu-west-1"), f"{method} {path}")
    check("x-amz-bucket-region" not in world.unsigned("HEAD", "/no-such-bucket").headers,
          "a bucket that is not there has no region")


@tests.add("regional hosts have no bucket in them, or the one in front")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="host", Body=b"found")
    port = world.server.port
    for host, path in ((f"s3.localhost:{port}", f"/{_BUCKET}/host"),
                       (f"s3.us-east-1.localhost:{port}", f"/{_BUCKET}/host"),
                       (f"{_BUCKET}.s3.us-east-1.localhost:{port}", "/host"),
                       (f"{_BUCKET}.s3.localhost", "/host"), (f"{_BUCKET}.localhost", "/host")):
        answer = world.ask("GET", path, headers={"host": host})
        equal((answer.status, answer.body), (200, b"found"), host)


@tests.add("a plus sign in a path is a space, also where it is signed; a key's own is escaped")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="a b", Body=b"space")
    world.s3.put_object(Bucket=_BUCKET, Key="a+b", Body=b"plus")
    for path, body in (("a+b", b"space"), ("a%20b", b"space"), ("a%2Bb", b"plus")):
        equal(world.ask("GET", f"/{_BUCKET}/{path}").body, body, path)
        request = Request(world.server, "s3", "GET", f"/{_BUCKET}/{path}").presign(60)
        equal(request.send().body, body, f"{path}, by URL")
    equal(put_request(world.server, _BUCKET, "c+d").sign().send().status, 200)
    equal(world.s3.head_object(Bucket=_BUCKET, Key="c d")["ContentLength"], 7)
    host = {"host": f"{_BUCKET}.localhost"}
    equal(world.ask("GET", "/a+b", headers=host).body, b"space", "in a virtual host")


@tests.add("operations of newer models are refused by name, not taken for others")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="kept", Body=b"as it was")
    for method, path, query, operation in (
            ("PUT", "/kept", "renameObject", "RenameObject"),
            ("PUT", "/kept", "encryption", "UpdateObjectEncryption"),
            ("PUT", "/kept", "annotation", "PutObjectAnnotation"),
            ("GET", "/kept", "annotation", "GetObjectAnnotation"),
            ("DELETE", "/kept", "annotation", "DeleteObjectAnnotation"),
            ("GET", "", "abac", "GetBucketAbac"), ("PUT", "", "abac", "PutBucketAbac"),
            ("POST", "", "metadataConfiguration", "CreateBucketMetadataConfiguration"),
            ("DELETE", "", "metadataConfiguration", "DeleteBucketMetadataConfiguration")):
        answer = world.ask(method, f"/{_BUCKET}{path}", f"{query}=")
        equal((answer.status, answer.code), (501, "NotImplemented"), operation)
        check(operation.encode() in answer.body, f"{operation} is named: {answer}")
    equal(world.s3.get_object(Bucket=_BUCKET, Key="kept")["Body"].read(), b"as it was")


@tests.add("directory buckets, outposts and Object Lambda are refused in S3's words")
def _(world):
    for service in ("s3express", "s3-outposts", "s3-object-lambda"):
        request = Request(world.server, service, "GET", "/x--use1-az4--x-s3", "session=")
        request.headers["x-amz-content-sha256"] = UNSIGNED
        answer = request.sign().send()
        equal((answer.status, answer.code), (501, "NotImplemented"), service)
        check(answer.body.startswith(b"<?xml") and service.encode() in answer.body, answer)
    refused(("InvalidBucketName", "NotImplemented"), world.s3.get_object,
            Bucket="access-point-s3alias", Key="k")


@tests.add("a length that is said twice alike is one; documents and times are as AWS writes them")
def _(world):
    request = put_request(world.server, _BUCKET, "twice", b"once").sign()
    request.headers["Content-Length"] = request.headers["content-length"]
    equal(request.send().status, 200)
    equal(world.s3.get_object(Bucket=_BUCKET, Key="twice")["Body"].read(), b"once")
    whole = rb"<(%s)>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z</"
    for path, query, name in (("/", "", b"CreationDate"), (f"/{_BUCKET}", "", b"LastModified"),
                              (f"/{_BUCKET}", "versions=", b"LastModified")):
        answer = world.ask("GET", path, query)
        equal(len(re.findall(whole % name, answer.body)), answer.body.count(b"<" + name), answer)
    source = {"x-amz-copy-source": urllib.parse.quote(f"{_BUCKET}/twice")}
    answer = world.ask("PUT", f"/{_BUCKET}/copy", headers=source)
    check(re.search(whole % b"LastModified", answer.body), answer)


@tests.add("checksums of algorithms that are not known here are refused by name, and nothing stays")
def _(world):
    for algorithm in ("sha512", "md5", "xxhash64", "xxhash3", "xxhash128"):
        header = f"x-amz-checksum-{algorithm}"
        answer = put_request(world.server, _BUCKET, "odd", headers={header: "AAAA"}).sign().send()
        equal((answer.status, answer.code), (501, "NotImplemented"), header)
        check(header.encode() in answer.body, answer)
    refused("404", world.s3.head_object, Bucket=_BUCKET, Key="odd")


@tests.add("what describes a list stands in front of it, for parsers that read on")
def _(world):
    world.s3.put_object(Bucket=_BUCKET, Key="listed", Body=b"")
    for query, item, before in (("", b"<Contents>", (b"<Name>", b"<Prefix>", b"<MaxKeys>")),
                                ("list-type=2", b"<Contents>", (b"<Prefix>", b"<KeyCount>")),
                                ("versions=", b"<Version>", (b"<Name>", b"<KeyMarker>"))):
        body = world.ask("GET", f"/{_BUCKET}", query).body
        check(all(-1 < body.find(name) < body.find(item) for name in before), body)
    body = world.ask("GET", "/").body
    check(body.find(b"<Owner>") < body.find(b"<Buckets>"), body)


@tests.add("retention and legal hold come back in the elements in which they were sent")
def _(world):
    world.s3.create_bucket(Bucket="locked-addresses", ObjectLockEnabledForBucket=True)
    world.s3.put_object(Bucket="locked-addresses", Key="k", Body=b"",
                        ObjectLockLegalHoldStatus="OFF", ObjectLockMode="GOVERNANCE",
                        ObjectLockRetainUntilDate="2099-01-01T00:00:00Z")
    answer = world.ask("GET", "/locked-addresses/k", "retention=")
    check(re.search(rb"<Retention[ >].*<RetainUntilDate>2099-01-01T00:00:00\.000Z<.*</Retention>",
                    answer.body), answer)
    answer = world.ask("GET", "/locked-addresses/k", "legal-hold=")
    check(re.search(rb"<LegalHold[ >].*<Status>OFF</Status>.*</LegalHold>", answer.body), answer)


def main():
    with Server() as server:
        return tests.run(World(server))


if __name__ == "__main__":
    sys.exit(main())
