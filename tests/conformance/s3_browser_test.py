"""What browsers ask of S3: preflights, the headers of CORS, uploads by a form, websites."""

import base64
import datetime
import hashlib
import hmac
import http.client
import json
import sys
import urllib.parse

from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_NEEDED = ("s3",)
_BOUNDARY = "----a-boundary"
_NOT_ALLOWED = "CORSResponse: This CORS request is not allowed."


class _Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.body = response.read().decode()

    def header(self, name):
        return self.headers.get(name)

    def __repr__(self):
        return f"<{self.status} {dict(self.headers)} {self.body[:300]}>"


def _send(server, method, path, headers=None, body=None, host=None):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = dict(headers or {})
    if host:
        headers["Host"] = host
    connection.request(method, path, body=body, headers=headers)
    answer = _Answer(connection.getresponse())
    connection.close()
    return answer


def _bucket(server, name):
    s3 = server.client("s3")
    s3.create_bucket(Bucket=name)
    return s3


def _preflight(server, path, origin="http://a.example", method="PUT", headers=None, host=None):
    fields = {}
    if origin:
        fields["Origin"] = origin
    if method:
        fields["Access-Control-Request-Method"] = method
    if headers:
        fields["Access-Control-Request-Headers"] = headers
    return _send(server, "OPTIONS", path, fields, host=host)


def _with_rules(server, name):
    s3 = _bucket(server, name)
    s3.put_bucket_cors(Bucket=name, CORSConfiguration={"CORSRules": [
        {"AllowedOrigins": ["http://*.example"], "AllowedMethods": ["GET", "PUT"],
         "AllowedHeaders": ["x-amz-*", "content-type"], "ExposeHeaders": ["ETag"],
         "MaxAgeSeconds": 60},
        {"AllowedOrigins": ["*"], "AllowedMethods": ["HEAD"]}]})
    return s3


@tests.add("a preflight says what the rules allow", needs=_NEEDED)
def _(server):
    _with_rules(server, "pre")
    answer = _preflight(server, "/pre/a%20key", headers="X-Amz-Date,Content-Type")
    equal((answer.status, answer.body), (200, ""), answer)
    equal(answer.header("Access-Control-Allow-Origin"), "http://a.example")
    equal(answer.header("Access-Control-Allow-Methods"), "GET, PUT")
    equal(answer.header("Access-Control-Allow-Headers"), "x-amz-date, content-type")
    equal(answer.header("Access-Control-Expose-Headers"), "ETag")
    equal(answer.header("Access-Control-Max-Age"), "60")
    equal(answer.header("Access-Control-Allow-Credentials"), "true")
    check("Origin" in answer.header("Vary"), answer)
    by_host = _preflight(server, "/key", host=f"pre.localhost:{server.port}")
    equal(by_host.status, 200, by_host)
    any_origin = _preflight(server, "/pre/k", origin="http://else", method="HEAD")
    equal((any_origin.status, any_origin.header("Access-Control-Allow-Origin")), (200, "*"))


@tests.add("a preflight that no rule allows is refused, with the reason", needs=_NEEDED)
def _(server):
    _with_rules(server, "prefuse")
    _bucket(server, "norules")
    for arguments in ({"origin": "http://else"}, {"method": "DELETE"}, {"headers": "x-other"}):
        answer = _preflight(server, "/prefuse/k", **arguments)
        equal(answer.status, 403, answer)
        check("<Code>AccessForbidden</Code>" in answer.body and _NOT_ALLOWED in answer.body,
              answer)
        check("<ResourceType>OBJECT</ResourceType>" in answer.body, answer)
    answer = _preflight(server, "/norules")
    check("CORSResponse: CORS is not enabled for this bucket." in answer.body, answer)
    check("<ResourceType>BUCKET</ResourceType>" in answer.body, answer)
    answer = _preflight(server, "/nobodys/k")
    equal(answer.status, 403, answer)
    answer = _preflight(server, "/prefuse/k", origin=None)
    equal(answer.status, 400, answer)
    check("Origin request header needed" in answer.body, answer)
    answer = _preflight(server, "/prefuse/k", method="EAT")
    check("Invalid Access-Control-Request-Method: EAT" in answer.body, answer)


@tests.add("answers and errors carry the headers, to allowed origins only", needs=_NEEDED)
def _(server):
    s3 = _with_rules(server, "actual")
    s3.put_object(Bucket="actual", Key="k", Body=b"hello")
    url = urllib.parse.urlsplit(server.client("s3", signature_version="s3v4")
                                .generate_presigned_url("get_object",
                                                        {"Bucket": "actual", "Key": "k"}))
    path = f"{url.path}?{url.query}"
    good = _send(server, "GET", path, {"Origin": "http://a.example"})
    equal((good.status, good.body), (200, "hello"), good)
    equal(good.header("Access-Control-Allow-Origin"), "http://a.example")
    equal(good.header("Access-Control-Expose-Headers"), "ETag")
    other = _send(server, "GET", path, {"Origin": "http://else"})
    equal((other.status, other.header("Access-Control-Allow-Origin")), (200, None), other)
    none = _send(server, "GET", path)
    equal((none.status, none.header("Access-Control-Allow-Origin")), (200, None), none)
    denied = _send(server, "GET", "/actual/k", {"Origin": "http://a.example"})
    equal((denied.status, denied.header("Access-Control-Allow-Origin")),
          (403, "http://a.example"), denied)


# --- Uploads by a form ---------------------------------------------------------------------------

def _form(fields, content, name="a.txt"):
    body = b""
    for field, value in fields.items():
        body += (f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n"
                 f"{value}\r\n").encode()
    if content is not None:
        body += (f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; "
                 f"filename=\"{name}\"\r\nContent-Type: text/plain\r\n\r\n").encode()
        body += content + b"\r\n"
    return body + f"--{_BOUNDARY}--\r\n".encode()


def _post(server, bucket, fields, content=b"hello", headers=None, **more):
    head = {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}", **(headers or {})}
    return _send(server, "POST", f"/{bucket}", head, _form(fields, content, **more))


def _signed(conditions, fields, expires=300):
    """The fields, with a policy of the conditions and its signature."""
    now = datetime.datetime.now(datetime.timezone.utc)
    date = now.strftime("%Y%m%d")
    own = {"x-amz-algorithm": "AWS4-HMAC-SHA256",
           "x-amz-credential": f"{ACCESS_KEY_ID}/{date}/{REGION}/s3/aws4_request",
           "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ")}
    end = now + datetime.timedelta(seconds=expires)
    document = {"expiration": end.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "conditions": [*conditions, *({name: text} for name, text in own.items())]}
    policy = base64.b64encode(json.dumps(document).encode()).decode()
    key = ("AWS4" + SECRET_ACCESS_KEY).encode()
    for part in (date, REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()
    return {**fields, **own, "policy": policy, "x-amz-signature": signature}


@tests.add("boto3's presigned POST uploads, with either version of signatures", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "forms")
    for version in ("s3v4", "s3"):
        client = server.client("s3", signature_version=version)
        made = client.generate_presigned_post(
            "forms", f"{version}/${{filename}}",
            Conditions=[["content-length-range", 1, 100]], ExpiresIn=300)
        answer = _post(server, "forms", made["fields"])
        equal((answer.status, answer.body), (204, ""), answer)
        equal(answer.header("ETag"), '"5d41402abc4b2a76b9719d911017c592"')
        equal(s3.get_object(Bucket="forms", Key=f"{version}/a.txt")["Body"].read(), b"hello")
        # The same form may be sent again; what it may say has not changed.
        equal(_post(server, "forms", made["fields"], b"again").status, 204)
        equal(s3.get_object(Bucket="forms", Key=f"{version}/a.txt")["Body"].read(), b"again")


@tests.add("the object is as the fields say", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "fields")
    fields = {"key": "k", "Content-Type": "image/png", "x-amz-meta-Shop": "north",
              "Cache-Control": "no-cache", "x-amz-storage-class": "STANDARD_IA",
              "tagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"
                         "</Tagging>", "success_action_status": "201", "x-ignore-this": "1"}
    conditions = [{"bucket": "fields"}, ["starts-with", "$key", ""],
                  ["starts-with", "$content-type", "image/"],
                  *({name: fields[name]} for name in
                    ("x-amz-meta-Shop", "Cache-Control", "x-amz-storage-class", "tagging",
                     "success_action_status"))]
    answer = _post(server, "fields", _signed(conditions, fields))
    equal(answer.status, 201, answer)
    for part in ("<Bucket>fields</Bucket>", "<Key>k</Key>", "/fields/k</Location>",
                 "5d41402abc4b2a76b9719d911017c592"):
        check(part in answer.body, answer)
    head = s3.head_object(Bucket="fields", Key="k")
    equal((head["ContentType"], head["Metadata"], head["CacheControl"], head["StorageClass"]),
          ("image/png", {"shop": "north"}, "no-cache", "STANDARD_IA"))
    equal(s3.get_object_tagging(Bucket="fields", Key="k")["TagSet"], [{"Key": "a", "Value": "b"}])


@tests.add("after the upload the browser is sent where the form says", needs=_NEEDED)
def _(server):
    _bucket(server, "onward")
    fields = {"key": "k", "success_action_redirect": "http://a.example/done?x=1"}
    conditions = [{"bucket": "onward"}, {"key": "k"}, ["starts-with", "$success_action_redirect",
                                                       "http://a.example/"]]
    answer = _post(server, "onward", _signed(conditions, fields))
    equal(answer.status, 303, answer)
    equal(answer.header("Location"), "http://a.example/done?x=1&bucket=onward&key=k&etag="
          "%225d41402abc4b2a76b9719d911017c592%22")


@tests.add("what the policy does not admit is refused, and leaves nothing", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "strict")
    usual = [{"bucket": "strict"}, ["starts-with", "$key", "u/"], ["content-length-range", 2, 10]]

    def refused(status, code, fields, content=b"hello", bucket="strict"):
        answer = _post(server, bucket, fields, content)
        equal(answer.status, status, answer)
        check(f"<Code>{code}</Code>" in answer.body, answer)
        return answer

    good = _signed(usual, {"key": "u/k"})
    refused(403, "AccessDenied", _signed(usual, {"key": "other"}))
    refused(403, "AccessDenied", _signed(usual, {"key": "u/k", "acl": "private"}))
    refused(403, "AccessDenied", {**good, "key": "v/k"})
    answer = refused(403, "AccessDenied", _signed(usual, {"key": "u/k"}, expires=-1))
    check("Policy expired" in answer.body, answer)
    refused(400, "EntityTooSmall", good, b"x")
    refused(400, "EntityTooLarge", good, b"x" * 11)
    refused(400, "EntityTooLarge", good, b"x" * 5_000_000)
    refused(403, "SignatureDoesNotMatch", {**good, "x-amz-signature": "0" * 64})
    refused(403, "AccessDenied", {"key": "u/k"})
    refused(400, "InvalidArgument", good, None)
    refused(400, "InvalidPolicyDocument",
            {**_signed(usual, {"key": "u/k"}), **_sign_text("nonsense")})
    refused(400, "MaxPostPreDataLengthExceededError", {**good, "x-ignore-a": "a" * 21_000})
    _bucket(server, "other-strict")
    refused(403, "AccessDenied", good, bucket="other-strict")
    equal(s3.list_objects_v2(Bucket="strict")["KeyCount"], 0)


@tests.add("a form that is posted again counts again, for what it was signed only", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "replayed")
    form = _signed([{"bucket": "replayed"}, {"key": "k"}, ["content-length-range", 0, 10]],
                   {"key": "k"})
    for content in (b"first", b"second"):
        equal(_post(server, "replayed", form, content).status, 204)
        equal(s3.get_object(Bucket="replayed", Key="k")["Body"].read(), content)
    equal(_post(server, "replayed", {**form, "key": "l"}).status, 403)
    _bucket(server, "replayed-elsewhere")
    equal(_post(server, "replayed-elsewhere", form).status, 403)
    equal(_post(server, "replayed", form, b"x" * 11).status, 400)
    equal([item["Key"] for item in s3.list_objects_v2(Bucket="replayed")["Contents"]], ["k"])
    equal(s3.get_object(Bucket="replayed", Key="k")["Body"].read(), b"second")


def _sign_text(text):
    """A policy that is signed well and means nothing."""
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d")
    policy = base64.b64encode(text.encode()).decode()
    key = ("AWS4" + SECRET_ACCESS_KEY).encode()
    for part in (date, REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return {"policy": policy,
            "x-amz-signature": hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()}


@tests.add("a large file streams", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "large")
    content = bytes(range(256)) * (32 << 12)
    before = server.memory_bytes()
    fields = _signed([{"bucket": "large"}, {"key": "k"}], {"key": "k"})
    answer = _post(server, "large", fields, content)
    equal(answer.status, 204, answer)
    equal(answer.header("ETag").strip('"'), hashlib.md5(content).hexdigest())
    equal(s3.head_object(Bucket="large", Key="k")["ContentLength"], len(content))
    grown = server.memory_bytes() - before
    check(grown < len(content), f"{grown} bytes more in memory")


@tests.add("an upload is announced as one", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "announced")
    s3.put_bucket_notification_configuration(
        Bucket="announced", NotificationConfiguration={"QueueConfigurations": [{
            "QueueArn": "arn:aws:sqs:us-east-1:000000000000:posts",
            "Events": ["s3:ObjectCreated:Post"]}]})
    equal(_post(server, "announced", _signed([{"bucket": "announced"}, {"key": "k"}],
                                             {"key": "k"})).status, 204)
    # The bus feeds the record of events.
    wait_until("the event", lambda: "ObjectCreated:Post" in _send(
        server, "GET", "/_millrace/events").body)


# --- Websites ------------------------------------------------------------------------------------

def _visit(server, bucket, path, method="GET"):
    return _send(server, method, path, host=f"{bucket}.s3-website.localhost:{server.port}")


@tests.add("a host names a website; what is none is a page that says so", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "pages")
    for bucket, code in (("nobodys", "NoSuchBucket"), ("pages", "NoSuchWebsiteConfiguration")):
        answer = _visit(server, bucket, "/")
        equal((answer.status, answer.header("x-amz-error-code")), (404, code), answer)
        check(f"<li>Code: {code}</li>" in answer.body, answer)
    s3.put_bucket_website(Bucket="pages", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"},
        "RoutingRules": [{"Condition": {"KeyPrefixEquals": "old/"},
                          "Redirect": {"ReplaceKeyPrefixWith": "new/",
                                       "HttpRedirectCode": "307"}}]})
    answer = _visit(server, "pages", "/old/page")
    equal((answer.status, answer.header("Location")),
          (307, f"http://pages.s3-website.localhost:{server.port}/new/page"), answer)
    equal(_visit(server, "pages", "/", "POST").status, 405)
    # Nobody has let the public in.
    s3.put_object(Bucket="pages", Key="index.html", Body=b"<p>")
    equal(_visit(server, "pages", "/").status, 403)


@tests.add("pages are served to everybody where the bucket lets them in", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "public-pages")
    s3.put_bucket_website(Bucket="public-pages", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "gone.html"}})
    for key, body in (("index.html", b"<p>home"), ("a/index.html", b"<p>a"),
                      ("gone.html", b"<p>gone"), ("style.css", b"p {}")):
        s3.put_object(Bucket="public-pages", Key=key, Body=body,
                      ContentType="text/css" if key.endswith("css") else "text/html")
    equal(_visit(server, "public-pages", "/").status, 403)
    s3.put_public_access_block(Bucket="public-pages", PublicAccessBlockConfiguration={
        "BlockPublicPolicy": False, "RestrictPublicBuckets": False})
    s3.put_bucket_policy(Bucket="public-pages", Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
            "Resource": ["arn:aws:s3:::public-pages", "arn:aws:s3:::public-pages/*"]}]}))
    for path, status, body in (("/", 200, "<p>home"), ("/a/", 200, "<p>a"),
                               ("/style.css", 200, "p {}"), ("/none", 404, "<p>gone")):
        answer = _visit(server, "public-pages", path)
        equal((answer.status, answer.body), (status, body), path)
    equal(_visit(server, "public-pages", "/style.css").header("Content-Type"), "text/css")
    equal(_visit(server, "public-pages", "/a").status, 302)
    s3.delete_bucket_policy(Bucket="public-pages")
    equal(_visit(server, "public-pages", "/").status, 403)


@tests.add("a whole site may be redirected", needs=_NEEDED)
def _(server):
    s3 = _bucket(server, "moved")
    s3.put_bucket_website(Bucket="moved", WebsiteConfiguration={
        "RedirectAllRequestsTo": {"HostName": "a.example", "Protocol": "https"}})
    answer = _visit(server, "moved", "/a%20b")
    equal((answer.status, answer.header("Location")), (301, "https://a.example/a%20b"), answer)


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
