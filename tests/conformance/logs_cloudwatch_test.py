"""CloudWatch Logs and CloudWatch through boto3, the `aws` command and signed requests."""

import datetime
import json
import sys
import time
import urllib.error
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY, Server
from tap import Tests, check, equal, refused

tests = Tests()

_GROUP = "/shop/web"
_SPACE = "Shop"


def _now():
    return int(time.time() * 1000)


def _period(minutes=60):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
    return {"StartTime": end - datetime.timedelta(minutes=minutes), "EndTime": end}


def _metric(name, stat="Sum", period=7200, **more):
    return {"Metric": {"Namespace": _SPACE, "MetricName": name, **more}, "Period": period,
            "Stat": stat}


def _sent(server, service, headers, body, path="/"):
    """(status, headers, body) of a signed request to `service`, made by hand."""
    keys = botocore.credentials.Credentials(ACCESS_KEY_ID, SECRET_ACCESS_KEY)
    request = botocore.awsrequest.AWSRequest("POST", server.url + path, data=body, headers=headers)
    botocore.auth.SigV4Auth(keys, service, REGION).add_auth(request)
    try:
        with urllib.request.urlopen(urllib.request.Request(
                request.url, data=body, headers=dict(request.headers), method="POST"),
                timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def _json(server, operation, body):
    return _sent(server, "monitoring", {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": f"GraniteServiceVersion20100801.{operation}"}, json.dumps(body).encode())


@tests.add("a group and a stream take events, which come back with their times")
def _(server):
    logs = server.client("logs")
    logs.create_log_group(logGroupName=_GROUP)
    refused("ResourceAlreadyExistsException", logs.create_log_group, logGroupName=_GROUP)
    logs.create_log_stream(logGroupName=_GROUP, logStreamName="a")
    now = _now()
    events = [{"timestamp": now - 1000 + i, "message": f"line {i}"} for i in range(1000)]
    answer = logs.put_log_events(logGroupName=_GROUP, logStreamName="a", logEvents=events)
    check("rejectedLogEventsInfo" not in answer, "nothing is rejected")
    read = logs.get_log_events(logGroupName=_GROUP, logStreamName="a", startFromHead=True)
    equal([(e["timestamp"], e["message"]) for e in read["events"]],
          [(e["timestamp"], e["message"]) for e in events])
    end = logs.get_log_events(logGroupName=_GROUP, logStreamName="a", startFromHead=True,
                              nextToken=read["nextForwardToken"])
    equal(end["events"], [])
    equal(end["nextForwardToken"], read["nextForwardToken"])


@tests.add("paginators of boto3 end, and see every event and stream once")
def _(server):
    logs = server.client("logs")
    for number in range(5):
        name = f"page-{number}"
        logs.create_log_stream(logGroupName=_GROUP, logStreamName=name)
        logs.put_log_events(logGroupName=_GROUP, logStreamName=name, logEvents=[
            {"timestamp": _now(), "message": f"page {number} {i}"} for i in range(20)])
    found = [event["message"]
             for page in logs.get_paginator("filter_log_events").paginate(
                 logGroupName=_GROUP, filterPattern="page", PaginationConfig={"PageSize": 7})
             for event in page["events"]]
    equal(sorted(found), sorted(f"page {n} {i}" for n in range(5) for i in range(20)))
    streams = [stream["logStreamName"]
               for page in logs.get_paginator("describe_log_streams").paginate(
                   logGroupName=_GROUP, PaginationConfig={"PageSize": 2})
               for stream in page["logStreams"]]
    equal(streams, ["a", *(f"page-{n}" for n in range(5))])


@tests.add("a batch beyond AWS's limits is refused whole")
def _(server):
    logs = server.client("logs")
    put = {"logGroupName": _GROUP, "logStreamName": "a"}
    large = [{"timestamp": _now(), "message": "x" * 200_000} for _ in range(6)]
    refused("InvalidParameterException", logs.put_log_events, logEvents=large, **put)
    many = [{"timestamp": _now(), "message": "x"} for _ in range(10_001)]
    refused("InvalidParameterException", logs.put_log_events, logEvents=many, **put)
    refused("ResourceNotFoundException", logs.put_log_events, logEvents=many[:1],
            logGroupName=_GROUP, logStreamName="none")


@tests.add("the aws command writes, reads and tails")
def _(server):
    event = json.dumps([{"timestamp": _now(), "message": "from the command ü"}])
    server_says = server.aws("logs", "put-log-events", "--log-group-name", _GROUP,
                             "--log-stream-name", "a", "--log-events", event)
    equal(server_says.returncode, 0, server_says.stderr)
    tail = server.aws("logs", "tail", _GROUP, "--since", "1h", "--filter-pattern", "command")
    equal(tail.returncode, 0, tail.stderr)
    check("from the command ü" in tail.stdout, f"the tail has the line: {tail.stdout!r}")
    missing = server.aws("logs", "get-log-events", "--log-group-name", "none",
                         "--log-stream-name", "a")
    check("ResourceNotFoundException" in missing.stderr, missing.stderr)


@tests.add("metric data come back as statistics, percentiles and metric math")
def _(server):
    cloudwatch = server.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace=_SPACE, MetricData=[
        {"MetricName": "Latency", "Values": [1.0, 10.0, 100.0], "Counts": [50.0, 49.0, 1.0],
         "Unit": "Milliseconds", "Dimensions": [{"Name": "Page", "Value": "cart"}]},
        {"MetricName": "Orders", "Value": 30},
        {"MetricName": "Visits", "StatisticValues": {
            "SampleCount": 4, "Sum": 120, "Minimum": 10, "Maximum": 50}}])
    found = cloudwatch.get_metric_statistics(
        Namespace=_SPACE, MetricName="Latency", Period=7200, ExtendedStatistics=["p50", "p99"],
        Dimensions=[{"Name": "Page", "Value": "cart"}], **_period())
    equal([point["ExtendedStatistics"] for point in found["Datapoints"]],
          [{"p50": 1.0, "p99": 10.0}])
    results = cloudwatch.get_metric_data(MetricDataQueries=[
        {"Id": "o", "MetricStat": _metric("Orders"), "ReturnData": False},
        {"Id": "v", "MetricStat": _metric("Visits"), "ReturnData": False},
        {"Id": "rate", "Expression": "100 * o / v"}], **_period())["MetricDataResults"]
    equal([(r["Id"], r["Values"], r["StatusCode"]) for r in results],
          [("rate", [25.0], "Complete")])
    names = [metric["MetricName"] for page in cloudwatch.get_paginator("list_metrics").paginate(
        Namespace=_SPACE) for metric in page["Metrics"]]
    equal(names, ["Latency", "Orders", "Visits"])


@tests.add("wrong metric data are refused by CloudWatch's codes, over query and over json")
def _(server):
    cloudwatch = server.client("cloudwatch")
    datum = {"MetricName": "Wrong", "Value": 1.0,
             "Timestamp": datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)}
    refused(("InvalidParameterValue", "InvalidParameterValueException"),
            cloudwatch.put_metric_data, Namespace=_SPACE, MetricData=[datum])
    status, headers, body = _json(server, "PutMetricData", {
        "Namespace": _SPACE, "MetricData": [{"MetricName": "Wrong", "Values": [1], "Counts": []}]})
    equal(status, 400, body)
    equal(headers["x-amzn-query-error"], "InvalidParameterValue;Sender")
    check("InvalidParameterValueException" in json.loads(body)["__type"], body)
    listed = cloudwatch.list_metrics(Namespace=_SPACE, MetricName="Wrong")["Metrics"]
    equal(listed, [])


@tests.add("json-1.0 puts and reads")
def _(server):
    datum = {"MetricName": "Json", "Value": 2.5, "Timestamp": time.time()}
    status, _, body = _json(server, "PutMetricData", {"Namespace": _SPACE, "MetricData": [datum]})
    equal(status, 200, body)
    now = time.time()
    status, headers, body = _json(server, "GetMetricData", {
        "StartTime": now - 3600, "EndTime": now + 300, "MetricDataQueries": [
            {"Id": "m", "MetricStat": _metric("Json", "Maximum")}]})
    equal(status, 200, body)
    equal(headers["content-type"], "application/x-amz-json-1.0")
    equal(json.loads(body)["MetricDataResults"][0]["Values"], [2.5])


@tests.add("rpc-v2-cbor reads")
def _(server):
    def text(value):
        return bytes([0x60 + len(value)]) + value.encode()
    body = bytes([0xA2]) + text("Namespace") + text(_SPACE) + text("MetricName") + text("Orders")
    status, headers, body = _sent(
        server, "monitoring",
        {"content-type": "application/cbor", "accept": "application/cbor",
         "smithy-protocol": "rpc-v2-cbor"}, body,
        "/service/GraniteServiceVersion20100801/operation/ListMetrics")
    equal(status, 200, body)
    equal(headers["content-type"], "application/cbor")
    equal(headers["smithy-protocol"], "rpc-v2-cbor")
    check(text("MetricName") + text("Orders") in body, body)


@tests.add("the aws command puts and reads metrics")
def _(server):
    put = server.aws("cloudwatch", "put-metric-data", "--namespace", _SPACE, "--metric-name",
                     "Cli", "--value", "7", "--dimensions", "Page=cart")
    equal(put.returncode, 0, put.stderr)
    listed = server.aws("cloudwatch", "list-metrics", "--namespace", _SPACE, "--dimensions",
                        "Name=Page", "--query", "Metrics[].MetricName", "--output", "text")
    equal(listed.stdout.split(), ["Cli", "Latency"], listed.stderr)


@tests.add("answered events and metric data survive kill -9, each once")
def _(server):
    logs, cloudwatch = server.client("logs"), server.client("cloudwatch")
    logs.create_log_stream(logGroupName=_GROUP, logStreamName="killed")
    for i in range(50):
        logs.put_log_events(logGroupName=_GROUP, logStreamName="killed",
                            logEvents=[{"timestamp": _now(), "message": str(i)}])
        cloudwatch.put_metric_data(Namespace=_SPACE,
                                   MetricData=[{"MetricName": "Killed", "Value": 1}])
    server.kill()
    server.start()
    read = server.client("logs").get_log_events(logGroupName=_GROUP, logStreamName="killed",
                                                startFromHead=True)
    equal([event["message"] for event in read["events"]], [str(i) for i in range(50)])
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace=_SPACE, MetricName="Killed", Period=7200, Statistics=["Sum"], **_period())
    equal(sum(point["Sum"] for point in found["Datapoints"]), 50.0)


@tests.add("a deleted group is gone with everything in it")
def _(server):
    logs = server.client("logs")
    logs.delete_log_group(logGroupName=_GROUP)
    refused("ResourceNotFoundException", logs.describe_log_streams, logGroupName=_GROUP)
    logs.create_log_group(logGroupName=_GROUP)
    equal(logs.filter_log_events(logGroupName=_GROUP)["events"], [])


def main():
    with Server() as server:
        return tests.run(server, server.services())


if __name__ == "__main__":
    sys.exit(main())
