"""Inventories: their configurations, and the reports that a midnight brings."""

import csv
import gzip
import hashlib
import io
import json
import re
import sys
import urllib.request

from server import Server, wait_until
from tap import Tests, equal, refused

tests = Tests()
_NEEDED = ("s3",)
_DAY = 24 * 3600


def _advance(server, seconds):
    address = f"{server.url}/_millrace/clock?advance={seconds}"
    with urllib.request.urlopen(urllib.request.Request(address, method="POST")):
        pass


def _configuration(name, **more):
    return {"Id": name, "IsEnabled": True, "IncludedObjectVersions": "Current",
            "Schedule": {"Frequency": "Daily"}, "OptionalFields": ["Size", "EncryptionStatus"],
            "Destination": {"S3BucketDestination": {"Bucket": "arn:aws:s3:::reports",
                                                    "Format": "CSV", "Prefix": "p"}}, **more}


def _report(s3, bucket, name):
    """The newest manifest and its rows; None where there is none."""
    folder = f"p/{bucket}/{name}/"
    keys = [item["Key"] for item in
            s3.list_objects_v2(Bucket="reports", Prefix=folder).get("Contents", [])]
    manifests = [key for key in keys if key.endswith("/manifest.json")]
    if not manifests:
        return None
    text = s3.get_object(Bucket="reports", Key=manifests[-1])["Body"].read()
    digest = s3.get_object(Bucket="reports", Key=manifests[-1].replace(".json", ".checksum"))
    equal(digest["Body"].read().decode(), hashlib.md5(text).hexdigest())
    manifest, rows = json.loads(text), []
    for file in manifest["files"]:
        packed = s3.get_object(Bucket="reports", Key=file["key"])["Body"].read()
        equal((len(packed), hashlib.md5(packed).hexdigest()), (file["size"], file["MD5checksum"]))
        rows += csv.reader(io.StringIO(gzip.decompress(packed).decode()))
    return manifest, rows


@tests.add("configurations: pages, ids, and what is not there", needs=_NEEDED)
def _(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="counted")
    refused("NoSuchConfiguration", s3.get_bucket_inventory_configuration, Bucket="counted",
            Id="a")
    names = [f"i{number:03}" for number in range(101)]
    for name in names:
        s3.put_bucket_inventory_configuration(Bucket="counted", Id=name,
                                              InventoryConfiguration=_configuration(name))
    answer = s3.get_bucket_inventory_configuration(Bucket="counted", Id="i007")
    equal(answer["InventoryConfiguration"], _configuration("i007"))
    page = s3.list_bucket_inventory_configurations(Bucket="counted")
    equal([found["Id"] for found in page["InventoryConfigurationList"]], names[:100])
    rest = s3.list_bucket_inventory_configurations(
        Bucket="counted", ContinuationToken=page["NextContinuationToken"])
    equal([found["Id"] for found in rest["InventoryConfigurationList"]], names[100:])
    equal((page["IsTruncated"], rest["IsTruncated"]), (True, False))
    s3.delete_bucket_inventory_configuration(Bucket="counted", Id="i007")
    refused("NoSuchConfiguration", s3.delete_bucket_inventory_configuration, Bucket="counted",
            Id="i007")


@tests.add("reports of the newest and of all versions", needs=_NEEDED)
def _(_):
    with Server() as server:
        s3 = server.client("s3")
        for bucket in ("listed", "reports"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="listed",
                                 VersioningConfiguration={"Status": "Enabled"})
        for key in ("in/a b", "in/é", "out"):
            s3.put_object(Bucket="listed", Key=key, Body=b"12345")
        old = s3.put_object(Bucket="listed", Key="in/gone", Body=b"1")["VersionId"]
        marker = s3.delete_object(Bucket="listed", Key="in/gone")["VersionId"]
        for configuration in (
                _configuration("newest", Filter={"Prefix": "in/"}),
                _configuration("all", IncludedObjectVersions="All"),
                _configuration("weekly", Schedule={"Frequency": "Weekly"}),
                _configuration("off", IsEnabled=False)):
            s3.put_bucket_inventory_configuration(
                Bucket="listed", Id=configuration["Id"], InventoryConfiguration=configuration)
        _advance(server, _DAY)
        s3 = server.client("s3")
        wait_until("the reports", lambda: _report(s3, "listed", "all") and
                   _report(s3, "listed", "newest"))
        manifest, rows = _report(s3, "listed", "newest")
        equal((manifest["sourceBucket"], manifest["destinationBucket"], manifest["fileFormat"],
               manifest["fileSchema"]), ("listed", "arn:aws:s3:::reports", "CSV",
                                         "Bucket, Key, Size, EncryptionStatus"))
        equal(rows, [["listed", "in/a%20b", "5", "SSE-S3"], ["listed", "in/%C3%A9", "5", "SSE-S3"]])
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket="reports")["Contents"]]
        links = [key for key in keys if re.search(r"/newest/hive/dt=[\d-]{16}/symlink\.txt$", key)]
        equal(len(links), 1)
        equal(s3.get_object(Bucket="reports", Key=links[0])["Body"].read().decode(),
              f"s3://reports/{manifest['files'][0]['key']}\n")
        manifest, rows = _report(s3, "listed", "all")
        equal(len(rows), 5)
        equal([row for row in rows if row[1] == "in/gone"],
              [["listed", "in/gone", marker, "true", "true", "", ""],
               ["listed", "in/gone", old, "false", "false", "1", "SSE-S3"]])
        equal(_report(s3, "listed", "off"), None)
        # A week has one Sunday.
        _advance(server, 7 * _DAY)
        s3 = server.client("s3")
        wait_until("the weekly report", lambda: _report(s3, "listed", "weekly"))


@tests.add("a report as Parquet, which SQL reads", needs=_NEEDED)
def _(_):
    with Server() as server:
        s3 = server.client("s3")
        for bucket in ("listed", "reports"):
            s3.create_bucket(Bucket=bucket)
        s3.put_bucket_versioning(Bucket="listed", VersioningConfiguration={"Status": "Enabled"})
        kept = s3.put_object(Bucket="listed", Key="in/a b", Body=b"12345")
        marker = s3.delete_object(Bucket="listed", Key="in/gone")["VersionId"]
        to = {"Bucket": "arn:aws:s3:::reports", "Format": "Parquet", "Prefix": "p"}
        fields = ["Size", "LastModifiedDate", "ETag", "IsMultipartUploaded", "EncryptionStatus"]
        s3.put_bucket_inventory_configuration(
            Bucket="listed", Id="columns", InventoryConfiguration=_configuration(
                "columns", IncludedObjectVersions="All", OptionalFields=fields,
                Destination={"S3BucketDestination": to}))
        folder = "p/listed/columns/"
        _advance(server, _DAY)
        s3 = server.client("s3")

        def manifest():
            keys = [item["Key"] for item in
                    s3.list_objects_v2(Bucket="reports", Prefix=folder).get("Contents", [])]
            found = [key for key in keys if key.endswith("/manifest.json")]
            return found and json.load(s3.get_object(Bucket="reports", Key=found[0])["Body"])

        report = wait_until("the report", manifest)
        equal((report["fileFormat"], report["fileSchema"]), (
            "Parquet", "message s3.inventory { required binary bucket (UTF8); required binary key "
            "(UTF8); required binary version_id (UTF8); required boolean is_latest; required "
            "boolean is_delete_marker; optional int64 size; optional int64 last_modified_date "
            "(TIMESTAMP_MILLIS); optional binary e_tag (UTF8); optional boolean "
            "is_multipart_uploaded; optional binary encryption_status (UTF8); }"))
        file = report["files"][0]
        content = s3.get_object(Bucket="reports", Key=file["key"])["Body"].read()
        equal((file["key"].endswith(".parquet"), len(content), hashlib.md5(content).hexdigest()),
              (True, file["size"], file["MD5checksum"]))
        answer = s3.select_object_content(
            Bucket="reports", Key=file["key"], ExpressionType="SQL",
            Expression="SELECT s.key, s.version_id, s.is_latest, s.is_delete_marker, s.size, "
                       "s.e_tag, s.is_multipart_uploaded, s.encryption_status FROM S3Object s",
            InputSerialization={"Parquet": {}}, OutputSerialization={"JSON": {}})
        rows = b"".join(event["Records"]["Payload"] for event in answer["Payload"]
                        if "Records" in event)
        rows = [json.loads(row) for row in rows.splitlines()]
        equal([(row["key"], row["version_id"], row["is_delete_marker"], row.get("size"),
                row.get("encryption_status")) for row in rows],
              [("in/a b", kept["VersionId"], False, 5, "SSE-S3"),
               ("in/gone", marker, True, None, None)])
        equal(rows[0]["e_tag"], kept["ETag"].strip('"'))


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
