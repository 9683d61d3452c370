"""SelectObjectContent as boto3 sees it: CSV, JSON and Parquet, large ones, ranges, errors."""

import base64
import csv
import gzip
import io
import json
import sys

from botocore.exceptions import EventStreamError

from server import Server
from tap import Tests, check, equal, refused

tests = Tests()

_BUCKET = "select"
_ROWS = 50_000
# Three rows: id, name, price, even, at, more.tags.
_PARQUET = (
    "UEFSMRUAFSQVKCwVBhUAFQYVBgAAEkQCAAAABgEAAAAAAQAAAAIAAAAVABVIFUAsFQYVABUGFQYAACQ8AgAAAAYB"
    "BgAAAG5hbWUgMBUKKDEGAAAAbmFtZSAyFQAVbBUmLBUGFQAVBhUGAAA2GAIAAAAGAQB2AQAADzofAAAeFQAVDhUS"
    "LBUGFQAVBhUGAAAHGAIAAAAGAQUVABU8FUAsFQYVABUGFQYAAB50AgAAAAYBAPCv/4MSBgAAUIcdmBIGAACwXjus"
    "EgYAFQAVmAEVVCwVDBUAFQYVBgAATBghAAAAQSoAdgEAFAIAAAAMBAEGGGEwAQAAAGIFCwAxGQsUMgEAAABiFQIZ"
    "rDUAGA1kdWNrZGJfc2NoZW1hFQwAFQIlAhgCaWQlIgAVDCUCGARuYW1lJQAAFQ4VIBUCGAVwcmljZSUKFQIVKixc"
    "FQIVKgAAABUAJQIYBGV2ZW4AFQQlAhgCYXQlFEyMEhwsAAAAAAA1AhgEbW9yZRUCADUCGAR0YWdzFQIVBgA1BBgE"
    "bGlzdBUCABUMJQIYB2VsZW1lbnQlAAAWBhkcGWwmABwVAhkVABkYAmlkFQIWBhZGFkomCDwYBAIAAAAYBAAAAAAW"
    "ACgEAgAAABgEAAAAABERAAAAJgAcFQwZFQAZGARuYW1lFQIWBhZqFmImUjwYBm5hbWUgMhgGbmFtZSAwFgAoBm5h"
    "bWUgMhgGbmFtZSAwEREAAAAmABwVDhkVABkYBXByaWNlFQIWBhaOARZIJrQBPBgQAAAAAAAAAAAAAAAAAAAAHhgQ"
    "AAAAAAAAAAAAAAAAAAAAABYAKBAAAAAAAAAAAAAAAAAAAAAeGBAAAAAAAAAAAAAAAAAAAAAAEREAAAAmABwVABkV"
    "ABkYBGV2ZW4VAhYGFjAWNCb8ATwYAQEYAQAWACgBARgBABERAAAAJgAcFQQZFQAZGAJhdBUCFgYWXhZiJrACPBgI"
    "ALBeO6wSBgAYCADwr/+DEgYAFgAoCACwXjusEgYAGAgA8K//gxIGABERAAAAJgAcFQwZFQAZSARtb3JlBHRhZ3ME"
    "bGlzdAdlbGVtZW50FQIWDBa8ARZ4JpIDPBgBYhgCYTA4AWIYAmEwEREAAAAWiAUWBiYIFoIEACgoRHVja0RCIHZl"
    "cnNpb24gdjEuNC40IChidWlsZCA2ZGRhYzgwMmZmKQB1AgAAUEFSMQ==")


class World:
    def __init__(self, server):
        self.server = server
        self.s3 = server.client("s3")
        self.s3.create_bucket(Bucket=_BUCKET)
        text = io.StringIO()
        rows = csv.writer(text, lineterminator="\n")
        rows.writerow(["id", "name", "price"])
        for number in range(_ROWS):
            rows.writerow([number, f"name {number}", number * 1.5])
        self.csv = text.getvalue().encode()
        self.put("large.csv", self.csv)
        self.put("large.csv.gz", gzip.compress(self.csv))
        self.put("large.jsonl", b"".join(
            json.dumps({"id": number, "tags": [{"n": number % 7}]}).encode() + b"\n"
            for number in range(_ROWS)))
        self.put("three.parquet", base64.b64decode(_PARQUET))

    def put(self, key, body):
        self.s3.put_object(Bucket=_BUCKET, Key=key, Body=body)

    def events(self, key, expression, given, wanted=None, **more):
        return self.s3.select_object_content(
            Bucket=_BUCKET, Key=key, ExpressionType="SQL", Expression=expression,
            InputSerialization=given, OutputSerialization=wanted or {"CSV": {}}, **more)["Payload"]

    def select(self, *arguments, **more):
        """(records, statistics)"""
        records, statistics, ended = b"", None, False
        for event in self.events(*arguments, **more):
            records += event.get("Records", {}).get("Payload", b"")
            statistics = event.get("Stats", {}).get("Details", statistics)
            ended = ended or "End" in event
        check(ended, "the stream has an end")
        equal(statistics["BytesReturned"], len(records))
        return records, statistics


_HEADER = {"CSV": {"FileHeaderInfo": "USE"}}
_LINES = {"JSON": {"Type": "LINES"}}


@tests.add("every record of a large object comes, in order, in many events")
def _(world):
    records, statistics = world.select("large.csv", "SELECT * FROM S3Object", _HEADER)
    equal(records, world.csv.split(b"\n", 1)[1])
    equal(statistics["BytesScanned"], len(world.csv))
    zipped, _ = world.select("large.csv.gz", "SELECT * FROM S3Object",
                             {**_HEADER, "CompressionType": "GZIP"})
    equal(zipped, records)


@tests.add("conditions, aggregates and limits")
def _(world):
    wanted = {"JSON": {}}
    records, _ = world.select(
        "large.csv", "SELECT COUNT(*) AS n, SUM(CAST(s.id AS INT)) AS total FROM S3Object s "
        "WHERE s.price BETWEEN 3 AND 6", _HEADER, wanted)
    equal(json.loads(records), {"n": 3, "total": 9})
    records, statistics = world.select("large.csv", "SELECT s.id FROM S3Object s LIMIT 2", _HEADER)
    equal(records, b"0\n1\n")
    records, _ = world.select(
        "large.jsonl", "SELECT s.id, s.tags[0].n FROM S3Object[*] s WHERE s.tags[0].n = 6 LIMIT 1",
        _LINES, wanted)
    equal(json.loads(records), {"id": 6, "n": 6})


@tests.add("Parquet: only the columns that are asked for are read")
def _(world):
    given, wanted = {"Parquet": {}}, {"JSON": {}}
    records, _ = world.select("three.parquet", "SELECT * FROM S3Object s", given, wanted)
    rows = [json.loads(line) for line in records.splitlines()]
    equal(rows[1], {"id": 1, "name": "name 1", "price": 1.5, "even": False,
                    "at": "2024-03-01T12:00:00Z", "more": {"tags": ["a1", "b"]}})
    records, _ = world.select(
        "three.parquet", "SELECT s.more.tags[0] AS tag FROM S3Object s WHERE s.price > 1.5",
        given, wanted)
    equal(json.loads(records), {"tag": "a2"})


@tests.add("scan ranges that follow each other read every record once")
def _(world):
    got, at, step = b"", 0, 300_007
    while at < len(world.csv):
        records, statistics = world.select(
            "large.csv", "SELECT * FROM S3Object", _HEADER,
            ScanRange={"Start": at, "End": at + step - 1})
        check(statistics["BytesScanned"] < step + 1000, "only the range is read")
        got += records
        at += step
    equal(got, world.csv.split(b"\n", 1)[1])


@tests.add("records may end with any byte")
def _(world):
    world.put("odd.csv", b"a,b\nc;d,e;")
    records, _ = world.select("odd.csv", "SELECT _2, _1 FROM S3Object",
                              {"CSV": {"RecordDelimiter": ";"}},
                              {"CSV": {"RecordDelimiter": "|"}})
    equal(records, b"\"b\nc\",a|e,d|")


@tests.add("progress is told where it is asked for")
def _(world):
    events = list(world.events("large.csv", "SELECT * FROM S3Object", _HEADER,
                               RequestProgress={"Enabled": True}))
    seen = [event["Progress"]["Details"]["BytesReturned"] for event in events
            if "Progress" in event]
    check(len(seen) > 2 and seen == sorted(seen), f"progress grows: {seen[:5]}")
    equal([next(iter(event)) for event in events[-2:]], ["Stats", "End"])


@tests.add("what fails half-way is an event, what fails before is an answer")
def _(world):
    lines = b"".join(b"%d\n" % number for number in range(200_000)) + b"no number\n"
    world.put("late.csv", lines)
    events = world.events("late.csv", "SELECT CAST(_1 AS INT) FROM S3Object", {"CSV": {}})
    try:
        for event in events:
            check("End" not in event, "there is no end")
        raise AssertionError("it did not fail")
    except EventStreamError as error:
        equal(error.response["Error"]["Code"], "CastFailed")
    refused("ParseUnexpectedToken", world.events, "late.csv", "SELECT 1 FROM", {"CSV": {}})
    refused("NoSuchKey", world.events, "none", "SELECT * FROM S3Object", {"CSV": {}})


@tests.add("a client that leaves ends its query")
def _(world):
    for _ in range(5):
        events = world.events("large.csv", "SELECT * FROM S3Object", _HEADER)
        next(iter(events))
        events.close()
    records, _ = world.select("large.csv", "SELECT COUNT(*) FROM S3Object", _HEADER)
    equal(records, b"%d\n" % _ROWS)


if __name__ == "__main__":
    with Server() as the_server:
        sys.exit(tests.run(World(the_server)))
