"""Lifecycle rules seen by boto3, with a clock that is moved by days."""

import json
import sys
import urllib.request

from server import Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_DAY = 24 * 3600


def _advance(server, seconds):
    address = f"{server.url}/_millrace/clock?advance={seconds}"
    with urllib.request.urlopen(urllib.request.Request(address, method="POST"), timeout=10):
        pass


def _events(server, bucket):
    """What EventBridge would be told of the bucket: (detail type, reason, requester, key)."""
    with urllib.request.urlopen(f"{server.url}/_millrace/events", timeout=10) as answer:
        events = json.load(answer)
    details = [(event["detail_type"], event["detail"]) for event in events
               if event["source"] == "aws.s3"]
    return [(kind, detail["reason"], detail["requester"], detail["object"]["key"])
            for kind, detail in details if detail["bucket"]["name"] == bucket]


def _keys(s3, bucket):
    return [item["Key"] for item in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@tests.add("objects expire by prefix and days, unfinished uploads end, the rest stays")
def _(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="life")
    s3.put_bucket_notification_configuration(
        Bucket="life", NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_bucket_lifecycle_configuration(Bucket="life", LifecycleConfiguration={"Rules": [
        {"ID": "short", "Status": "Enabled", "Filter": {"Prefix": "tmp/"},
         "Expiration": {"Days": 1}},
        {"ID": "uploads", "Status": "Enabled", "Filter": {"Prefix": ""},
         "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}]})
    put = s3.put_object(Bucket="life", Key="tmp/a", Body=b"x")
    check('rule-id="short"' in put["Expiration"], put)
    s3.put_object(Bucket="life", Key="kept", Body=b"x")
    s3.create_multipart_upload(Bucket="life", Key="kept-too")
    equal(_keys(s3, "life"), ["kept", "tmp/a"])
    _advance(server, 3 * _DAY)
    wait_until("the expiry", lambda: _keys(s3, "life") == ["kept"])
    wait_until("the uploads' end",
               lambda: "Uploads" not in s3.list_multipart_uploads(Bucket="life"))
    expired = ("Object Deleted", "Lifecycle Expiration", "s3.amazonaws.com", "tmp/a")
    wait_until("the event", lambda: expired in _events(server, "life"))


@tests.add("versions that are no longer the newest expire, and the marker they leave behind")
def _(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="past")
    s3.put_bucket_versioning(Bucket="past", VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_lifecycle_configuration(Bucket="past", LifecycleConfiguration={"Rules": [
        {"ID": "past", "Status": "Enabled", "Filter": {"Prefix": ""},
         "NoncurrentVersionExpiration": {"NoncurrentDays": 2},
         "Expiration": {"ExpiredObjectDeleteMarker": True}}]})
    for body in (b"1", b"2", b"3"):
        s3.put_object(Bucket="past", Key="grown", Body=body)
    s3.put_object(Bucket="past", Key="gone", Body=b"x")
    s3.delete_object(Bucket="past", Key="gone")

    def versions():
        page = s3.list_object_versions(Bucket="past")
        return [(kind, item["Key"]) for kind in ("Versions", "DeleteMarkers")
                for item in page.get(kind, [])]
    equal(len(versions()), 5)
    for _ in range(2):
        _advance(server, 4 * _DAY)
        wait_until("the round", lambda: ("Versions", "gone") not in versions())
    wait_until("only the newest", lambda: versions() == [("Versions", "grown")])
    equal(s3.get_object(Bucket="past", Key="grown")["Body"].read(), b"3")


if __name__ == "__main__":
    with Server() as running:
        sys.exit(tests.run(running))
