"""Requests that are well-formed HTTP and bad otherwise: signatures, documents, digests, keys."""

import base64
import datetime
import hashlib
import struct
import sys
import urllib.parse
import zlib

from raw import STREAMING, Connection, Request, exchange, identity_request, json_request
from raw import put_request as put
from server import ACCESS_KEY_ID, Server
from tap import Tests, check, equal, refused

tests = Tests()

_BUCKET = "fortress"
_KEPT = b"what was there before"
_MEMORY_MAX = 320 << 20
_DEEP = 100_000


class World:
    def __init__(self, server):
        self.server = server
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket=_BUCKET)
        self.s3.put_object(Bucket=_BUCKET, Key="kept", Body=_KEPT)


def _unharmed(world):
    """After each test: the server answers and is small; nothing was stored, lost or half made."""
    equal(identity_request(world.server).sign().send().status, 200, "GetCallerIdentity")
    check(world.server.memory_bytes() < _MEMORY_MAX, f"memory: {world.server.memory_bytes()}")
    keys = [item["Key"] for item in world.s3.list_objects_v2(Bucket=_BUCKET).get("Contents", [])]
    equal(keys, ["kept"], "objects")
    equal(world.s3.get_object(Bucket=_BUCKET, Key="kept")["Body"].read(), _KEPT)
    equal([bucket["Name"] for bucket in world.s3.list_buckets()["Buckets"]], [_BUCKET])
    check("Uploads" not in world.s3.list_multipart_uploads(Bucket=_BUCKET), "uploads")
    equal(world.server.staged(), [], "staging")


def _expect(request, status, *codes):
    answer = request.send()
    statuses = (status,) if isinstance(status, int) else status
    what = f"{request.method} {request.path[:80]}: {answer}, expected {statuses} {codes}"
    check(answer is not None and answer.status in statuses, what)
    check(not codes or answer.code in codes, what)
    check(answer.headers.get("x-amzn-requestid") or answer.headers.get("x-amz-request-id"),
          f"it has a request id: {answer.headers}")
    return answer


def _each_service(world):
    """(request, what a service of that kind answers to a wrong signature, key, and age)."""
    yield (lambda: identity_request(world.server), (403, "SignatureDoesNotMatch"),
           (403, "InvalidClientTokenId"), (403, "SignatureDoesNotMatch"))
    yield (lambda: json_request(world.server, "SageMaker.ListModels", b"{}"),
           (400, "InvalidSignatureException"), (400, "UnrecognizedClientException"),
           (400, "InvalidSignatureException"))
    yield (lambda: put(world.server, _BUCKET, "stolen"), (403, "SignatureDoesNotMatch"),
           (403, "InvalidAccessKeyId"), (403, "RequestTimeTooSkewed"))


@tests.add("a wrong secret, an unknown key, a clock 16 minutes off: AWS's code of each service")
def _(world):
    for make, wrong, unknown, skewed in _each_service(world):
        _expect(make().change(secret="guessed").sign(), *wrong)
        _expect(make().change(key="AKIASOMEBODYELSE0000").sign(), *unknown)
        for minutes in (-16, 16):
            request = make()
            request.when += datetime.timedelta(minutes=minutes)
            _expect(request.sign(), *skewed)
        request = make()
        request.when -= datetime.timedelta(minutes=14)
        if request.method != "PUT":
            _expect(request.sign(), 200)


@tests.add("what was changed after signing is noticed: body, header, path, query, scope")
def _(world):
    def tampered(change, request=None):
        request = (request or put(world.server, _BUCKET, "stolen",
                                  headers={"x-amz-meta-a": "1"})).sign()
        change(request)
        return request

    for change in (lambda r: r.headers.update({"x-amz-meta-a": "2"}),
                   lambda r: r.change(path=f"/{_BUCKET}/other"), lambda r: r.change(query="acl"),
                   lambda r: r.change(query="x-id=PutObject"),
                   lambda r: r.headers.update({"x-amz-content-sha256": "UNSIGNED-PAYLOAD"}),
                   lambda r: r.headers.update({"host": "localhost"})):
        _expect(tampered(change), 403, "SignatureDoesNotMatch")
    _expect(tampered(lambda r: r.change(body=b"CONTENT")), 400, "XAmzContentSHA256Mismatch")
    _expect(tampered(lambda r: r.headers.update({"x-amz-meta-b": "1"})), 403, "AccessDenied")
    _expect(tampered(lambda r: r.change(body=r.body.replace(b"2011", b"2012")),
                     identity_request(world.server)), 403, "SignatureDoesNotMatch")
    _expect(tampered(lambda r: r.change(body=b"[]"),
                     json_request(world.server, "SageMaker.ListModels", b"{}")), 400,
            "InvalidSignatureException")


@tests.add("Authorization headers that are none, and requests without one")
def _(world):
    for header in ("", "x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=a",
                   "AWS AKIA:c2lnbmF0dXJl", "Bearer abc", "AWS4-HMAC-SHA256 " + "a," * 8000,
                   "AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/e, SignedHeaders=host, "
                   "Signature=zz",
                   f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/20200101/us-east-1/s3/aws4_request"
                   ", SignedHeaders=;;;, Signature=" + "0" * 64):
        for request in (put(world.server, _BUCKET, "stolen"), identity_request(world.server)):
            request.sign().headers["authorization"] = header
            _expect(request, (400, 403))
    request = put(world.server, _BUCKET, "stolen").sign()
    del request.headers["authorization"]
    _expect(request, 403, "AccessDenied")
    request = identity_request(world.server)
    request.headers["host"] = "sts.us-east-1.amazonaws.com"
    del request.sign().headers["authorization"]
    _expect(request, 403, "MissingAuthenticationToken")


@tests.add("presigned URLs: expired, for longer than a week, for another method or key")
def _(world):
    def url(method="GET", age=0, seconds=60, key="kept"):
        request = Request(world.server, "s3", method, f"/{_BUCKET}/{key}")
        request.when -= datetime.timedelta(seconds=age)
        return request.presign(seconds)

    equal(url().send().body, _KEPT)
    _expect(url(age=120), 403, "AccessDenied")
    _expect(url(seconds=604_801), 400, "AuthorizationQueryParametersError")
    _expect(url(seconds=-1), 400, "AuthorizationQueryParametersError")
    _expect(url().change(method="DELETE"), 403, "SignatureDoesNotMatch")
    _expect(url(method="PUT", key="a").change(path=f"/{_BUCKET}/b"), 403, "SignatureDoesNotMatch")
    half = url()
    half.query = half.query.partition("&X-Amz-Signature")[0]
    _expect(half, (400, 403))


@tests.add("a bucket of one region, signed for another: the right region is named")
def _(world):
    request = Request(world.server, "s3", "GET", f"/{_BUCKET}/kept").change(region="eu-west-1")
    answer = _expect(request.sign(), (400, 301), "AuthorizationHeaderMalformed",
                     "PermanentRedirect")
    check(b"us-east-1" in answer.body, f"{answer}")


@tests.add("JSON that is malformed, cut off, nested deeply or of wrong types")
def _(world):
    deep = b'{"NameContains":' + b"[" * _DEEP + b"]" * _DEEP + b"}"
    for body in (b"{", b"nonsense", b"[]", b'"text"', b'{"NameContains": "a"', b'{"a" "b"}',
                 b'{"NameContains": "\\ud800"}', b'{"NameContains": "\xff\xfe"}', b"\x00" * 64,
                 deep, b"[" * _DEEP, b'{"a":' * _DEEP, b'{"MaxResults": "ten"}',
                 b'{"NameContains": {"a": 1}}', b'{"MaxResults": 1e999}'):
        _expect(json_request(world.server, "SageMaker.ListModels", body).sign(), 400,
                "SerializationException", "ValidationException")
    for body in (b'{"MaxResults": 0}', b'{"MaxResults": 101}', b'{"SortBy": "Colour"}',
                 b'{"NameContains": "not/a/name"}'):
        _expect(json_request(world.server, "SageMaker.ListModels", body).sign(), 400,
                "ValidationException")


def _delete(world, body):
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    return Request(world.server, "s3", "POST", f"/{_BUCKET}", "delete=", {"content-md5": md5},
                   body).sign()


@tests.add("XML that is malformed, cut off, nested deeply or a bomb")
def _(world):
    bomb = (b'<!DOCTYPE Delete [<!ENTITY a "aaaaaaaaaa">' +
            b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)) +
            b"]><Delete><Object><Key>&j;</Key></Object></Delete>")
    outside = (b'<!DOCTYPE Delete [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
               b"<Delete><Object><Key>&x;</Key></Object></Delete>")
    for body in (b"<", b"nonsense", b"<Delete>", b"<Delete><Object><Key>kept</Object></Delete>",
                 b"<Delete><Object><Key>kept</Key></Object>", b"<Delete/>", b"{}", bomb, outside,
                 b"<a>" * _DEEP, b"<Delete>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</Delete>",
                 b"<Delete><Object><Key>k\x00</Key></Object></Delete>",
                 b"<Delete><Object><Key>\xff\xfe</Key></Object></Delete>",
                 b"<Delete><Object><Key>k</Key></Object></Delete>" + b" " * (3 << 20),
                 b"<Delete>" + b"<Object><Key>k</Key></Object>" * 1001 + b"</Delete>"):
        _expect(_delete(world, body), (400, 413))


@tests.add("CBOR that is malformed, cut off or nested deeply")
def _(world):
    def call(body):
        return Request(world.server, "monitoring", "POST",
                       "/service/GraniteServiceVersion20100801/operation/ListMetrics", body=body,
                       headers={"smithy-protocol": "rpc-v2-cbor", "content-type":
                                "application/cbor", "accept": "application/cbor"}).sign()
    _expect(call(b"\xa0"), 200)
    for body in (b"\xff", b"\xa1", b"\xbf\x61", b"\xa1\x69Namespace", b"\x5b" + b"\xff" * 8,
                 b"\xbb" + b"\xff" * 8, b"\x81" * _DEEP, b"\xbf\x61a" * _DEEP, b"\x9f" * _DEEP,
                 b"\xa1\x69Namespace\x61\xff", b"\x1c", b"\xf8\x00", b"\xa1\x69Namespace\x01",
                 b"\x80"):
        _expect(call(body), 400)


@tests.add("query forms that are malformed, nested deeply or too many")
def _(world):
    def call(body):
        return Request(world.server, "sts", body=body, headers={
            "content-type": "application/x-www-form-urlencoded"}).sign()
    role = b"Action=AssumeRole&Version=2011-06-15&RoleSessionName=session&RoleArn="
    arn = urllib.parse.quote("arn:aws:iam::000000000000:role/none").encode()
    for body in (b"Action=AssumeRole&Version=2011-06-15", role + b"%zz", role + b"%f", role + b"x",
                 role + arn + b"&Tags.member.1.Key" + b".a" * 5000 + b"=1",
                 role + arn + b"&Tags.member.99999999999.Key=1",
                 role + arn + b"&Tags.member.0.Key=1", role + arn + b"&DurationSeconds=ten",
                 role + arn + b"&DurationSeconds=1", role + b"&PolicyArns.member.1=x" * 30_000,
                 role + arn + b"&Policy=" + b"%00" * 10, b"&" * 100_000):
        answer = call(body).send()
        check(400 <= answer.status < 500, f"{body[:120]}: {answer}")


@tests.add("an unknown operation, a known one that is not served, an unknown service")
def _(world):
    _expect(Request(world.server, "sts", body=b"Action=TakeOver&Version=2011-06-15", headers={
        "content-type": "application/x-www-form-urlencoded"}).sign(), 400, "InvalidAction")
    _expect(json_request(world.server, "SageMaker.TakeOver", b"{}").sign(), (400, 404),
            "UnknownOperationException")
    answer = _expect(json_request(world.server, "SageMaker.CreateApp", b"{}").sign(), (400, 501))
    check(b"CreateApp" in answer.body, f"it is named: {answer}")
    answer = _expect(json_request(world.server, "Chime.CreateRoom", b"{}", "chime").sign(), 404)
    check(b"chime" in answer.body, f"it is named: {answer}")
    _expect(Request(world.server, "s3", "GET", f"/{_BUCKET}", "session=").sign(), (400, 501),
            "NotImplemented")


def _headers_of(body):
    md5 = base64.b64encode(hashlib.md5(body).digest()).decode()
    crc32 = base64.b64encode(struct.pack(">I", zlib.crc32(body))).decode()
    sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    sha1 = base64.b64encode(hashlib.sha1(body).digest()).decode()
    return {"content-md5": md5, "x-amz-checksum-crc32": crc32, "x-amz-checksum-sha256": sha256,
            "x-amz-checksum-sha1": sha1}


@tests.add("a body that is not the one of its digest is refused and not kept")
def _(world):
    big = bytes(range(256)) * 8192
    for body in (b"content", big):
        for name, value in _headers_of(body + b"!").items():
            _expect(put(world.server, _BUCKET, "stolen", body, {name: value}).sign(), 400,
                    "BadDigest", "InvalidRequest")
        for name in _headers_of(body):
            _expect(put(world.server, _BUCKET, "stolen", body, {name: "bm9uZSE="}).sign(), 400,
                    "InvalidDigest", "InvalidRequest")
        request = put(world.server, _BUCKET, "stolen", body)
        request.payload_hash = hashlib.sha256(body + b"!").hexdigest()
        _expect(request.sign(), 400, "XAmzContentSHA256Mismatch")
    for name, value in _headers_of(_KEPT).items():
        _expect(put(world.server, _BUCKET, "kept", _KEPT, {name: value}).sign(), 200)


@tests.add("a body that is shorter than announced is nothing; a longer one is not part of it")
def _(world):
    for body in (b"content", bytes(1 << 20)):
        request = put(world.server, _BUCKET, "stolen", body, {"content-length": str(len(body) + 9)})
        for answer in exchange(world.server.port, request.sign().bytes()):
            check(answer.status == 400, f"shorter: {answer}")
    request = put(world.server, _BUCKET, "stolen", b"content, and more")
    request.headers["content-length"] = "7"
    answers = exchange(world.server.port, request.sign().bytes())
    equal([answer.status for answer in answers], [400] * len(answers))
    equal(answers[0].code, "XAmzContentSHA256Mismatch")


def _stream(world, decoded_length):
    request = put(world.server, _BUCKET, "stolen", b"", {
        "content-encoding": "aws-chunked", "x-amz-decoded-content-length": str(decoded_length),
        "transfer-encoding": "chunked"})
    request.payload_hash = STREAMING
    request.sign()
    del request.headers["content-length"]
    return request


def _send_stream(world, request, stream):
    with Connection(world.server.port) as connection:
        connection.send(request.head())
        for at in range(0, len(stream), 50_000):
            part = stream[at:at + 50_000]
            connection.send(b"%x\r\n%s\r\n" % (len(part), part))
        return connection.send(b"0\r\n\r\n").end().answer()


@tests.add("aws-chunked: a forged, changed, missing or surplus chunk is refused and not kept")
def _(world):
    data = bytes(range(256)) * 256

    def whole(request, change=lambda chunks: chunks):
        return b"".join(change([request.chunk(data), request.chunk(data), request.chunk(b"")]))

    changes = [
        ("a forged signature", lambda c: [c[0], c[1].replace(b"signature=", b"signature=0", 1)[:-3]
                                          + b"\r\n", c[2]]),
        ("changed bytes", lambda c: [c[0], c[1][:-10] + b"01234567\r\n", c[2]]),
        ("another order", lambda c: [c[1], c[0], c[2]]),
        ("a chunk twice", lambda c: [c[0], c[0], c[2]]),
        ("no last chunk", lambda c: c[:2]),
        ("a chunk is missing", lambda c: [c[0], c[2]]),
        ("cut off", lambda c: [c[0], c[1][:1000]]),
        ("bytes behind the last chunk", lambda c: [*c, b"surplus"]),
        ("no chunks", lambda c: [data]),
        ("an endless line", lambda c: [b"1" * 100_000]),
        ("a huge size", lambda c: [b"ffffffffffffffff;chunk-signature=" + b"0" * 64 + b"\r\n"]),
        ("nothing", lambda c: []),
    ]
    for what, change in changes:
        request = _stream(world, 2 * len(data))
        answer = _send_stream(world, request, whole(request, change))
        check(answer is not None and answer.status in (400, 403), f"{what}: {answer}")
    for length in (2 * len(data) - 1, 2 * len(data) + 1, 0, "many", -1, 1 << 62):
        request = _stream(world, length)
        answer = _send_stream(world, request, whole(request))
        check(answer is not None and answer.status in (400, 411), f"length {length}: {answer}")
    request = _stream(world, 2 * len(data))
    equal(_send_stream(world, request, whole(request)).status, 200, "a good one")
    world.s3.delete_object(Bucket=_BUCKET, Key="stolen")


@tests.add("keys with .. stay in their bucket, or are refused")
def _(world):
    for key in ("../kept", "../../rows/CURRENT", "a/../../kept", "%2e%2e/kept", "..%2fkept",
                "%2e%2e%2f%2e%2e%2fescaped", ".."):
        answer = put(world.server, _BUCKET, key).sign().send()
        equal((answer.status, answer.code), (400, "InvalidURI"), key)
    for key in ("a/../b", "./a", "a//b", "...", "a/.."):
        equal(put(world.server, _BUCKET, key).sign().send().status, 200, key)
        equal(world.s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read(), b"content")
        world.s3.delete_object(Bucket=_BUCKET, Key=key)
    check(not list(world.server.data.parent.rglob("escaped")), "nothing has left its folder")


@tests.add("keys that are too long, no UTF-8 or badly escaped are refused; NUL is a byte")
def _(world):
    for key in ("k" * 1025, "%C3%A4" * 513):
        _expect(put(world.server, _BUCKET, key).sign(), 400, "KeyTooLongError")
    for key in ("%ff", "a%c3", "%ed%a0%80", "%f5%80%80%80", "%zz", "%", "a%2"):
        _expect(put(world.server, _BUCKET, key).sign(), 400)
    for key in ("k" * 1024, "%C3%A4" * 512):
        equal(put(world.server, _BUCKET, key).sign().send().status, 200)
        world.s3.delete_object(Bucket=_BUCKET, Key=urllib.parse.unquote(key))
    answer = put(world.server, _BUCKET, "a%00b").sign().send()
    check(answer.status in (200, 400), f"{answer}")
    if answer.status == 200:
        request = Request(world.server, "s3", "GET", f"/{_BUCKET}/a%00b").sign()
        equal(request.send().body, b"content")
        equal(Request(world.server, "s3", "GET", f"/{_BUCKET}/a").sign().send().status, 404)
        Request(world.server, "s3", "DELETE", f"/{_BUCKET}/a%00b").sign().send()


@tests.add("bucket names that are none are refused")
def _(world):
    for name in ("a", "ab", "UPPER", "a" * 64, "a..b", "-a-", "192.168.0.1", "a_b", "..", "%2e%2e",
                 "a%00b", "a%2fb", "%ff%ff%ff"):
        answer = Request(world.server, "s3", "PUT", f"/{name}").sign().send()
        check(400 <= answer.status < 500, f"{name}: {answer}")
    refused("BucketAlreadyOwnedByYou",
            world.server.client("s3", region="eu-west-1").create_bucket, Bucket=_BUCKET,
            CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})


@tests.add("metadata, tags and ranges beyond their limits are refused")
def _(world):
    _expect(put(world.server, _BUCKET, "big", headers={"x-amz-meta-a": "b" * 3000}).sign(), 400,
            "MetadataTooLarge")
    tags = urllib.parse.urlencode({f"k{n}": "v" for n in range(11)})
    _expect(put(world.server, _BUCKET, "big", headers={"x-amz-tagging": tags}).sign(), 400,
            "BadRequest", "InvalidTag")
    for value in ("bytes=5-2", "bytes=x-", "lines=1-2", "bytes=-", "bytes=" + "1-2," * 3000):
        request = Request(world.server, "s3", "GET", f"/{_BUCKET}/kept", headers={"range": value})
        check(request.sign().send().status in (200, 206, 416), value[:40])
    request = Request(world.server, "s3", "GET", f"/{_BUCKET}/kept",
                      headers={"range": "bytes=99999999999999999999-"})
    check(request.sign().send().status in (200, 416), "an offset beyond all numbers")


if __name__ == "__main__":
    with Server() as own:
        names = own.services()
        lacking = {"s3", "sts", "sagemaker", "cloudwatch"} - set(names)
        if lacking:
            print(f"not ok 1 the services are there: {sorted(lacking)} missing of {names}")
            sys.exit(1)
        sys.exit(tests.run(World(own), after=_unharmed))
