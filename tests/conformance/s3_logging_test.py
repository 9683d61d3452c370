"""Server access logs: what boto3 and others did to a bucket, as lines in another one."""

import re
import sys
import urllib.error
import urllib.request

from raw import Request
from server import ACCOUNT, Server, wait_until
from tap import Tests, check, equal, refused

tests = Tests()
_NEEDED = ("s3",)
_FIELDS = re.compile(
    r'(?P<owner>\S+) (?P<bucket>\S+) \[(?P<time>[^\]]+)\] (?P<remote>\S+) (?P<requester>\S+) '
    r'(?P<id>\S+) (?P<operation>\S+) (?P<key>\S+) "(?P<request>[^"]*)" (?P<status>\d+) '
    r'(?P<error>\S+) (?P<sent>\S+) (?P<size>\S+) (?P<total>\S+) (?P<turn>\S+) "(?P<referer>[^"]*)" '
    r'"(?P<agent>[^"]*)" (?P<version>\S+) (?P<host_id>\S+) (?P<signature>\S+) (?P<cipher>\S+) '
    r'(?P<auth>\S+) (?P<host>\S+) (?P<tls>\S+) (?P<point>\S+) (?P<acl>\S+)')


def _advance(server, seconds):
    address = f"{server.url}/_millrace/clock?advance={seconds}"
    with urllib.request.urlopen(urllib.request.Request(address, method="POST")):
        pass


def _logs(s3, prefix):
    """The keys of the logs, and their lines."""
    keys = [item["Key"] for item in
            s3.list_objects_v2(Bucket="logs", Prefix=prefix).get("Contents", [])]
    lines = []
    for key in keys:
        text = s3.get_object(Bucket="logs", Key=key)["Body"].read().decode()
        check(text.endswith("\n"), "the last line ends")
        for line in text.splitlines():
            match = _FIELDS.fullmatch(line)
            check(match, f"no line of a log: {line}")
            lines.append(match.groupdict())
    return keys, lines


def _logged(server, bucket):
    s3 = server.client("s3")
    for name in (bucket, "logs"):
        s3.create_bucket(Bucket=name)
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus={"LoggingEnabled": {
        "TargetBucket": "logs", "TargetPrefix": f"{bucket}/"}})
    return s3


@tests.add("requests of a bucket become lines of its log, when the round comes", needs=_NEEDED)
def _(server):
    s3 = _logged(server, "seen")
    s3.put_object(Bucket="seen", Key="a key", Body=b"x" * 1000)
    s3.get_object(Bucket="seen", Key="a key", Range="bytes=0-9")["Body"].read()
    s3.head_object(Bucket="seen", Key="a key")
    refused("NoSuchKey", s3.get_object, Bucket="seen", Key="none")
    s3.list_objects_v2(Bucket="seen")
    s3.copy_object(Bucket="seen", Key="copy", CopySource="seen/a key")
    s3.get_bucket_versioning(Bucket="seen")
    upload = s3.create_multipart_upload(Bucket="seen", Key="parts")["UploadId"]
    s3.upload_part(Bucket="seen", Key="parts", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket="seen", Key="parts", UploadId=upload)
    try:
        urllib.request.urlopen(f"{server.url}/seen/a%20key")
        check(False, "an unsigned request was answered")
    except urllib.error.HTTPError as error:
        equal(error.code, 403)
    s3.delete_object(Bucket="seen", Key="copy")
    equal(_logs(s3, "seen/")[0], [])
    _advance(server, 3700)
    wait_until("the log is delivered", lambda: _logs(server.client("s3"), "seen/")[0])
    keys, lines = _logs(server.client("s3"), "seen/")
    check(re.fullmatch(r"seen/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]{16}", keys[0]), keys[0])
    lines = lines[1:] if lines[0]["operation"] == "REST.PUT.LOGGING_STATUS" else lines
    equal([line["operation"] for line in lines], [
        "REST.PUT.OBJECT", "REST.GET.OBJECT", "REST.HEAD.OBJECT", "REST.GET.OBJECT",
        "REST.GET.BUCKET", "REST.COPY.OBJECT", "REST.GET.VERSIONING", "REST.POST.UPLOADS",
        "REST.PUT.PART", "REST.DELETE.UPLOAD", "REST.GET.OBJECT", "REST.DELETE.OBJECT"])
    put, ranged, _, missing = lines[:4]
    equal((put["status"], put["key"], put["size"], put["signature"], put["auth"]),
          ("200", "a%20key", "1000", "SigV4", "AuthHeader"))
    equal(put["requester"], put["owner"])
    equal((ranged["status"], ranged["sent"], ranged["size"]), ("206", "10", "1000"))
    equal((missing["status"], missing["error"], missing["key"]), ("404", "NoSuchKey", "none"))
    equal((lines[10]["requester"], lines[10]["error"], lines[10]["auth"]),
          ("-", "AccessDenied", "-"))


@tests.add("what waits is delivered when the platform stops; keys may be partitioned",
           needs=_NEEDED)
def _(_):
    with Server() as server:
        s3 = _logged(server, "parted")
        # As XML: Debian's boto3 does not know the element yet.
        status = (b"<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>"
                  b"<TargetPrefix>parted/</TargetPrefix><TargetObjectKeyFormat><PartitionedPrefix>"
                  b"<PartitionDateSource>DeliveryTime</PartitionDateSource></PartitionedPrefix>"
                  b"</TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>")
        sent = Request(server, "s3", "PUT", "/parted", "logging=", body=status)
        sent = sent.sign().send()
        equal(sent.status, 200)
        s3.put_object(Bucket="parted", Key="k", Body=b"x")
        server.stop()
        server.start()
        keys, lines = _logs(server.client("s3"), "parted/")
        equal(len(keys), 1)
        check(re.fullmatch(rf"parted/{ACCOUNT}/us-east-1/parted/\d{{4}}/\d\d/\d\d/[0-9A-F-]+",
                           keys[0]), keys[0])
        check("REST.PUT.OBJECT" in [line["operation"] for line in lines], lines)
        # After a start the bucket is still logged, until it is not.
        s3 = server.client("s3")
        s3.get_object(Bucket="parted", Key="k")
        s3.put_bucket_logging(Bucket="parted", BucketLoggingStatus={})
        s3.get_object(Bucket="parted", Key="k")
        server.stop()
        server.start()
        equal(len(_logs(server.client("s3"), "parted/")[0]), 1)


@tests.add("keys that are partitioned by the days of events have no time", needs=_NEEDED)
def _(_):
    with Server() as server:
        s3 = _logged(server, "parted")
        status = (b"<BucketLoggingStatus><LoggingEnabled><TargetBucket>logs</TargetBucket>"
                  b"<TargetPrefix>e/</TargetPrefix><TargetObjectKeyFormat><PartitionedPrefix>"
                  b"<PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix>"
                  b"</TargetObjectKeyFormat></LoggingEnabled></BucketLoggingStatus>")
        sent = Request(server, "s3", "PUT", "/parted", "logging=", body=status)
        equal(sent.sign().send().status, 200)
        s3.put_object(Bucket="parted", Key="k", Body=b"x")
        server.stop()
        server.start()
        keys, lines = _logs(server.client("s3"), "e/")
        for key in keys:
            check(re.fullmatch(rf"e/{ACCOUNT}/us-east-1/parted/(\d{{4}})/(\d\d)/(\d\d)/"
                               r"\1-\2-\3-00-00-00-[0-9A-F]+", key), key)
        check("REST.PUT.OBJECT" in [line["operation"] for line in lines], lines)


@tests.add("each key of a DeleteObjects has a line, and what the lifecycle does", needs=_NEEDED)
def _(_):
    with Server() as server:
        s3 = _logged(server, "own")
        s3.put_bucket_versioning(Bucket="own", VersioningConfiguration={"Status": "Enabled"})
        old = s3.put_object(Bucket="own", Key="by hand", Body=b"12345")["VersionId"]
        marker = s3.delete_objects(Bucket="own", Delete={"Quiet": True, "Objects": [
            {"Key": "by hand", "VersionId": old}, {"Key": "none"}]})
        equal(marker.get("Errors"), None)
        s3.put_bucket_lifecycle_configuration(Bucket="own", LifecycleConfiguration={"Rules": [
            {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "short"},
             "Expiration": {"Days": 1}},
            {"ID": "b", "Status": "Enabled", "Filter": {"Prefix": "cold"},
             "Transitions": [{"Days": 0, "StorageClass": "GLACIER"}]},
            {"ID": "c", "Status": "Enabled", "Filter": {"Prefix": ""},
             "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
             "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]})
        short = s3.put_object(Bucket="own", Key="short", Body=b"123")["VersionId"]
        s3.put_object(Bucket="own", Key="cold", Body=b"1" * 200_000)
        s3.create_multipart_upload(Bucket="own", Key="unfinished")
        _advance(server, 3 * 24 * 3600)
        s3 = server.client("s3")
        wait_until("the first round", lambda: "Uploads" not in s3.list_multipart_uploads(
            Bucket="own") and "DeleteMarkers" in s3.list_object_versions(
                Bucket="own", Prefix="short"))
        _advance(server, 3 * 24 * 3600)
        s3 = server.client("s3")
        wait_until("the second round", lambda: short not in [
            item["VersionId"] for item in s3.list_object_versions(
                Bucket="own", Prefix="short").get("Versions", [])])
        server.stop()
        server.start()
        s3 = server.client("s3")
        text = "".join(s3.get_object(Bucket="logs", Key=item["Key"])["Body"].read().decode()
                       for item in s3.list_objects_v2(Bucket="logs", Prefix="own/")["Contents"])
        own = [re.sub(r" \[[^]]*\]", "", line).split(" ") for line in text.splitlines()
               if " BATCH." in line or " S3." in line]
        owner = own[0][0]
        batch = [line for line in own if line[5] == "BATCH.DELETE.OBJECT"]
        equal([(line[3], line[6], line[7:12], line[16], line[18], line[20]) for line in batch][0],
              (owner, "by%20hand", ["-", "204", "-", "-", "5"], old, "SigV4", "AuthHeader"))
        equal([line[6] for line in batch], ["by%20hand", "none"])
        lifecycle = sorted((line[5], line[6], line[11]) for line in own if line[3] == "AmazonS3")
        for act in (("S3.CREATE.DELETEMARKER", "short", "-"), ("S3.EXPIRE.OBJECT", "short", "3"),
                    ("S3.TRANSITION.OBJECT", "cold", "200000"),
                    ("S3.DELETE.UPLOAD", "unfinished", "-")):
            check(act in lifecycle, f"{act}: {lifecycle}")
        equal({line[2] for line in own if line[3] == "AmazonS3"}, {"-"})


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
