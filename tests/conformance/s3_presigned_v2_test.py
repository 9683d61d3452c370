"""URLs that boto3 signs with Signature Version 2, as it does by default for endpoints not AWS's."""

import sys
import urllib.error
import urllib.parse
import urllib.request

from server import REGION, Server
from tap import Tests, check, equal

tests = Tests()

_BUCKET = "old-urls"


class World:
    def __init__(self, server):
        self.server = server
        self.s3 = server.client("s3")
        self.v2 = server.client("s3", signature_version="s3")
        self.s3.create_bucket(Bucket=_BUCKET)
        self.s3.put_object(Bucket=_BUCKET, Key="a b/ü", Body=b"kept", ContentType="text/x")

    def url(self, operation, seconds=60, method=None, client=None, **parameters):
        return (client or self.v2).generate_presigned_url(
            operation, {"Bucket": _BUCKET, **parameters}, ExpiresIn=seconds, HttpMethod=method)


def _send(url, method="GET", body=None, **headers):
    """(status, body, headers)"""
    request = urllib.request.Request(url, method=method, data=body)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, error.read(), error.headers


@tests.add("boto3 makes such URLs by default, and they read, test, write and delete")
def _(world):
    import boto3
    from botocore.config import Config
    client = boto3.session.Session(*_keys(), region_name=REGION).client(
        "s3", endpoint_url=world.server.url, config=Config(s3={"addressing_style": "path"}))
    url = world.url("get_object", client=client, Key="a b/ü")
    check("Signature=" in url and "X-Amz-Signature" not in url, url)
    equal(_send(url)[:2], (200, b"kept"))
    equal(_send(world.url("head_object", Key="a b/ü"), "HEAD")[0], 200)
    put = world.url("put_object", Key="new", ContentType="text/y")
    equal(_send(put, "PUT", b"1", Content_Type="text/y")[0], 200)
    equal(_send(put, "PUT", b"1", Content_Type="text/z")[0], 403)
    answer = world.s3.get_object(Bucket=_BUCKET, Key="new")
    equal((answer["Body"].read(), answer["ContentType"]), (b"1", "text/y"))
    equal(_send(world.url("delete_object", Key="new"), "DELETE")[0], 204)
    equal(_send(world.url("get_object", Key="new"))[0], 404)


@tests.add("headers of the answer may be overridden, listings asked for, metadata written")
def _(world):
    _, _, headers = _send(world.url("get_object", Key="a b/ü", ResponseContentType="text/other"))
    equal(headers["Content-Type"], "text/other")
    status, body, _ = _send(world.url("list_objects_v2", Prefix="a b/"))
    equal(status, 200)
    check(b"<KeyCount>1</KeyCount>" in body, body)
    put = world.url("put_object", Key="meta", Metadata={"colour": "red"}, ContentType="text/y")
    equal(_send(put, "PUT", b"", Content_Type="text/y")[0], 200)
    equal(world.s3.head_object(Bucket=_BUCKET, Key="meta")["Metadata"], {"colour": "red"})


@tests.add("a URL ends at its time, and is good for its method, key and signer only")
def _(world):
    status, body, _ = _send(world.url("get_object", seconds=-1, Key="a b/ü"))
    equal(status, 403)
    check(b"<Code>AccessDenied</Code><Message>Request has expired</Message>" in body, body)
    good = world.url("get_object", Key="a b/ü")
    for changed in (good.replace("a%20b", "a%20c"), good + "&tagging", good + "&retention",
                    good.replace("Signature=", "Signature=A")):
        status, body, _ = _send(changed)
        equal(status, 403, changed)
        check(b"<Code>SignatureDoesNotMatch</Code>" in body, body)
    equal(_send(good, "DELETE")[0], 403)
    unknown = good.replace("AWSAccessKeyId=", "AWSAccessKeyId=X")
    check(b"<Code>InvalidAccessKeyId</Code>" in _send(unknown)[1], "an unknown key")


@tests.add("temporary credentials sign with their token")
def _(world):
    keys = world.server.client("sts").get_session_token()["Credentials"]
    import boto3
    from botocore.config import Config
    session = boto3.session.Session(keys["AccessKeyId"], keys["SecretAccessKey"],
                                    keys["SessionToken"], region_name=REGION)
    client = session.client("s3", endpoint_url=world.server.url,
                            config=Config(signature_version="s3"))
    url = world.url("get_object", client=client, Key="a b/ü")
    equal(_send(url)[:2], (200, b"kept"))
    token = urllib.parse.quote(keys["SessionToken"], safe="")
    check(token in url, url)
    check(_send(url.replace(token, "other"))[0] in (400, 403), "another token")


@tests.add("virtual hosts: the bucket in the host is signed")
def _(world):
    virtual = world.server.client("s3", signature_version="s3",
                                  s3={"addressing_style": "virtual"})
    url = world.url("get_object", client=virtual, Key="a b/ü")
    parts = urllib.parse.urlsplit(url)
    status, body, _ = _send(url.replace(parts.netloc, f"127.0.0.1:{world.server.port}"),
                            Host=parts.netloc)
    equal((status, body), (200, b"kept"), url)


@tests.add("the Authorization header of Version 2 is refused, by AWS's words")
def _(world):
    status, body, _ = _send(f"{world.server.url}/{_BUCKET}/x", Authorization="AWS AKIA:abc=")
    equal(status, 400)
    check(b"<Code>InvalidRequest</Code>" in body and b"AWS4-HMAC-SHA256" in body, body)


def _keys():
    from server import ACCESS_KEY_ID, SECRET_ACCESS_KEY
    return ACCESS_KEY_ID, SECRET_ACCESS_KEY


if __name__ == "__main__":
    with Server() as started:
        sys.exit(tests.run(World(started), started.services()))
