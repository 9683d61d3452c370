"""What an endpoint's clients wait for: a model trained, deployed and invoked over HTTP, in every
format, beside our own HTTP server with nothing behind it (what signing and the socket cost)."""

import json
import pathlib
import random
import tempfile

import programs
import record_io
import sagemaker
from figure import Figure

_USERS, _ITEMS = 10_000, 100_000
_FEATURES = _USERS + _ITEMS
_ROWS = 50_000
_BATCH = 100
_ENDPOINT = "predictions"
_JSON, _LINES = "application/json", "application/jsonlines"
_RECORD_IO = "application/x-recordio-protobuf"


def measure(case):
    try:
        import botocore.exceptions as problems
    except ImportError:
        raise programs.Unable("python3-boto3 is not installed")
    with programs.Server() as server, tempfile.TemporaryDirectory() as folder:
        try:
            return _deployed(case, server, pathlib.Path(folder))
        except (problems.BotoCoreError, problems.ClientError) as problem:
            raise programs.Unable(str(problem))


def _deployed(case, server, folder):
    deploy(server)
    figures = []
    for what, content_type, body in requests():
        path = folder / "body"
        path.write_bytes(body)
        figures += _invoked(case, server, what, content_type, path)
    return figures


def deploy(server):
    """The endpoint of a model of users and items, with tables of both."""
    clients = sagemaker.Clients(server)
    chance = random.Random(11)
    clients.s3.put_object(Bucket="bench", Key="train/data", Body=b"".join(
        record_io.sparse(_pair(chance), [1, 1], chance.gauss(3, 1)) for _ in range(_ROWS)))
    for name, first, count in (("users", 0, _USERS), ("items", _USERS, _ITEMS)):
        lines = (json.dumps({"id": f"{name[0]}{n}", "features": {"keys": [first + n],
                                                                 "values": [1]}})
                 for n in range(count))
        clients.s3.put_object(Bucket="bench", Key=f"{name}/table.jsonl",
                              Body="\n".join(lines).encode())
    sagemaker.train(clients, _ENDPOINT, {"train": None, "users": _LINES, "items": _LINES}, {
        "feature_dim": _FEATURES, "num_factors": 64, "predictor_type": "regressor",
        "factors_init_sigma": 0.3})
    sagemaker.deploy(clients, _ENDPOINT)


def _pair(chance):
    return [chance.randrange(_USERS), _USERS + chance.randrange(_ITEMS)]


def requests():
    """(what, content type, body) of each request that is measured."""
    chance = random.Random(12)
    instances = [{"data": {"features": {"keys": _pair(chance), "shape": [_FEATURES],
                                        "values": [1, 1]}}} for _ in range(_BATCH)]
    records = [record_io.sparse(instance["data"]["features"]["keys"], [1, 1])
               for instance in instances]
    lines = "\n".join(map(json.dumps, instances))
    top = {"instances": [{"user": "u17", "top_n": 10}]}
    return [("JSON, 1 instance", _JSON, json.dumps({"instances": instances[:1]}).encode()),
            (f"JSON Lines, {_BATCH}", _LINES, lines.encode()),
            (f"recordIO, {_BATCH}", _RECORD_IO, b"".join(records)),
            (f"top-10 of {_ITEMS:,} items", _JSON, json.dumps(top).encode())]


def _invoked(case, server, what, content_type, body):
    request = arguments(content_type, body)
    keys = server.keys()
    found = []
    for connections in case.numbers("connections", "1 16 64"):
        load = [*request, "--connections", connections, "--seconds", case.number("seconds", 0.6),
                "--warm-up", 0.2]
        runs = [programs.load(["--url", server.url, "--server", server.pid, *load], keys)
                for _ in range(case.number("rounds", 3))]
        answer_bytes = round(runs[0]["answer_bytes_per_second"] * runs[0]["seconds"]
                             / runs[0]["requests"])
        echo = programs.load(["--echo-answer", answer_bytes, *load], keys)
        at = f"at {connections} connection{'s' if connections > 1 else ''}"
        for name, column, unit in ((f"{what}: p50 {at}", "p50_us", "µs"),
                                   (f"{what}: p99 {at}", "p99_us", "µs"),
                                   (f"{what}: requests/s {at}", "requests_per_second", "1/s")):
            found.append(Figure(name, [run[column] for run in runs], unit,
                                {"bare Asio echo": echo[column]}))
    return found


def arguments(content_type, body):
    """What millrace_load is told, beside where and how often."""
    return ["--service", "sagemaker", "--target", f"/endpoints/{_ENDPOINT}/invocations",
            "--header", f"Content-Type: {content_type}", "--body-file", body]
