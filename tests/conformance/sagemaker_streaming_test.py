"""Pipe and FastFile: a job reads its data where it is stored, also across a crash of the server."""

import http.client
import json
import os
import signal
import socket
import sys
import urllib.parse

import sagemaker_world
from sagemaker_world import BUCKET, encode, rows
from server import descendants, wait_until
from tap import Tests, check, equal

tests = Tests()

_COPIES = 3_000  # Of 600 examples: some 120 MB, many pieces.
_PARAMETERS = {"num_factors": 2, "epochs": 1, "mini_batch_size": 1000}


def _model(world, job):
    end = world.job_end(job)
    equal(end["TrainingJobStatus"], "Completed", end.get("FailureReason", job))
    key = f"models/{job}/output/model.tar.gz"
    return world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()


def _create_large(world, name, mode):
    world.create_job(name, {"train": f"s3://{BUCKET}/large/"}, mode=mode, **_PARAMETERS)


def _programs(world):
    """The processes of jobs, but not of endpoints, with all that they have started."""
    return [pid for job, supervisor in world.server.supervisors().items()
            if not job.startswith("worker-") for pid in descendants(supervisor)]


def _pause(world):
    """Stops the processes of the job as soon as it has a program of its own."""
    found = wait_until("the program runs", lambda: len(_programs(world)) > 1 and _programs(world))
    for pid in found:
        os.kill(pid, signal.SIGSTOP)
    return found


def _go_on(pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


@tests.add("in the modes Pipe and FastFile a job makes the model that it makes of copied files")
def _(world):
    for mode in ("File", "Pipe", "FastFile"):
        world.create_job(f"small-{mode}", mode=mode)
    copied = _model(world, "small-File")
    for mode in ("Pipe", "FastFile"):
        check(_model(world, f"small-{mode}") == copied, f"the model of {mode} is another one")


@tests.add("what is streamed is not copied, and nobody else's job may ask for it")
def _(world):
    world.upload("large/part-0", encode(rows(seed=1)) * _COPIES)
    world.upload("large/part-1", encode(rows(seed=2)))
    world.upload("secret", b"of somebody else")
    _create_large(world, "asked", "Pipe")
    paused = _pause(world)
    folder, = (world.server.data / "training").iterdir()
    equal([path for path in (folder / "input/data").rglob("*") if path.is_file()], [], "copies")
    told = json.loads((folder / "input/config/storedchannels.json").read_text())
    equal([file["file"] for file in told["channels"]["train"]], ["part-0", "part-1"])
    path = world.server.data / "run/data/data.sock"
    if path.exists():  # Else the data directory's path is too long for a socket.
        good = told["channels"]["train"][1]
        asked = {"key": good["key"], "etag": good["etag"], "offset": 0, "size": 10}
        equal(_ask(path, told, asked), (200, encode(rows(seed=2))[:10]))
        equal(_ask(path, told, {**asked, "etag": "0" * 32})[0], 412)
        equal(_ask(path, told, {**asked, "key": "secret"})[0], 403)
        equal(_ask(path, told, {**asked, "key": "large/gone"})[0], 404)
        equal(_ask(path, told, {**asked, "offset": "x"})[0], 400)
        equal(_ask(path, {**told, "token": "0" * 32}, asked)[0], 403)
        equal(_ask(path, {**told, "job": "other"}, asked)[0], 403)
    _go_on(paused)
    check(_model(world, "asked"), "a model")


def _ask(path, told, asked):
    connection = http.client.HTTPConnection("jobs")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    connection.request("GET", f"/{told['job']}/train?{urllib.parse.urlencode(asked)}",
                       headers={"Authorization": told["token"]})
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


@tests.add("kill -9 of the server while a job reads: it waits, and goes on where it was")
def _(world):
    _create_large(world, "large-file", "File")
    copied = _model(world, "large-file")
    _create_large(world, "interrupted", "FastFile")
    paused = _pause(world)
    world.server.kill()
    _go_on(paused)
    running = set(_programs(world))
    check(running >= set(paused), f"{paused} wait, {running} run")
    world.server.start()
    world.connect()
    check(_model(world, "interrupted") == copied, "the model is another one")


@tests.add("an object that is replaced while a job reads it fails the job by name")
def _(world):
    _create_large(world, "replaced", "Pipe")
    paused = _pause(world)
    world.upload("large/part-1", encode(rows(seed=3)))
    _go_on(paused)
    end = world.job_end("replaced")
    equal(end["TrainingJobStatus"], "Failed")
    for words in ("ClientError: channel 'train', file 'part-1'",
                  f"s3://{BUCKET}/large/part-1 was replaced after the job had begun"):
        check(words in end["FailureReason"], end["FailureReason"])


if __name__ == "__main__":
    sys.exit(sagemaker_world.run(tests))
