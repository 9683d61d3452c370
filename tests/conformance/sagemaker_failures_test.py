"""What a user or the machine does wrong to SageMaker: bad data, bad archives, kill -9."""

import gzip
import io
import math
import sys
import tarfile

import recordio
import sagemaker_world
from sagemaker_world import BUCKET, DIMENSION, FINAL, encode, entries, like, rows
from server import descendants, end_process, wait_until
from tap import Tests, check, equal, refused

tests = Tests()

_REASON_MAX = 1024
_MODEL = f"s3://{BUCKET}/models/good/output/model.tar.gz"


def _fails(world, name):
    """The reason of a job that must fail."""
    job = world.job_end(name)
    equal(job["TrainingJobStatus"], "Failed", name)
    equal(job["SecondaryStatus"], "Failed", name)
    check("ModelArtifacts" not in job or not job["ModelArtifacts"].get("S3ModelArtifacts"),
          "there is no model")
    check(len(job["FailureReason"]) <= _REASON_MAX, "the reason has AWS's length")
    return job["FailureReason"]


@tests.add("hyperparameters that are unknown, out of range, missing or no number are refused")
def _(world):
    for wrong in ({"num_factor": 3}, {"epochs": 0}, {"mini_batch_size": "many"},
                  {"predictor_type": "clusterer"}, {"num_factors": ""}, {"factors_lr": -1},
                  {"feature_dim": 10 ** 18}):
        error = refused("ValidationException", world.create_job, "wrong", **wrong)
        check(next(iter(wrong)) in error["Error"]["Message"], f"it is named: {error['Error']}")
    equal(world.sagemaker.list_training_jobs()["TrainingJobSummaries"], [])


@tests.add("a channel with no objects is refused with AWS's words")
def _(world):
    for uri in (f"s3://{BUCKET}/nothing/", "s3://there-is-no-such-bucket/train/"):
        error = refused("ValidationException", world.create_job, "empty", {"train": uri})
        check(f'No S3 objects found under S3 URL "{uri}"' in error["Error"]["Message"],
              f"{error['Error']}")
    refused("ValidationException", world.create_job, "empty", {"train": "https://x/y"})


@tests.add("an unknown image is refused, and so are names and values outside AWS's constraints")
def _(world):
    refused("ValidationException", world.create_job, "not_a_name")
    refused("ValidationException", world.create_job, "n" * 64)
    for image in ("nothing", "382416733822.dkr.ecr.us-east-1.amazonaws.com/no-algorithm:1",
                  "example.com/../factorization-machines:1"):
        refused("ValidationException", world.create_job, "wrong", image=image)
    refused("ValidationException", world.sagemaker.describe_training_job, TrainingJobName="gone")
    refused("ValidationException", world.sagemaker.describe_endpoint, EndpointName="gone")
    refused("ValidationException", world.sagemaker.create_endpoint, EndpointName="e",
            EndpointConfigName="gone")
    refused("ValidationException", world.create_config, "c", "no-such-model")


def _damaged():
    """{name: (bytes of the second file, record that the reason names, words of the reason)}."""
    good = encode(rows(seed=9, count=50))
    frame = recordio.frame(recordio.record(like(1, 2), DIMENSION, 1.0))

    def with_frame(content, magic=recordio.MAGIC):
        return good + recordio.frame(content, magic) + frame

    return {
        "cut-short": (good[:-7], 50, "truncated"),
        "cut-in-a-head": (good + frame[:5], 51, "truncated"),
        "wrong-magic": (with_frame(recordio.record(like(1, 2), DIMENSION, 1.0), 0xdeadbeef), 51,
                        "magic"),
        "nan": (with_frame(recordio.record({1: math.nan, 20: 1.0}, DIMENSION, 1.0)), 51, "NaN"),
        "infinite": (with_frame(recordio.record({1: math.inf}, DIMENSION, 1.0)), 51, "infinite"),
        "beyond": (with_frame(recordio.record({DIMENSION: 1.0}, DIMENSION, 1.0)), 51,
                   str(DIMENSION)),
        "no-label": (with_frame(recordio.record(like(1, 2), DIMENSION)), 51, "label"),
        "dense-too-short": (with_frame(recordio.record([1.0] * 3, DIMENSION, 1.0)), 51, "dense"),
        "no-protobuf": (with_frame(b"\xff" * 40), 51, ""),
        "text": (b"user,item,rating\n1,2,3\n", 1, "magic"),
    }


@tests.add("damaged training data fails the job as ClientError, naming channel, file and record")
def _(world):
    damaged = _damaged()
    for name, (content, _, _) in damaged.items():
        world.upload(f"damaged/{name}/a-good", encode(rows(seed=8, count=20)))
        uri = world.upload(f"damaged/{name}/b-bad", content)
        world.create_job(name, {"train": uri.removesuffix("b-bad")}, epochs=2)
    for name, (_, record, words) in damaged.items():
        reason = _fails(world, name)
        check(reason.startswith("ClientError: "), f"{name}: {reason}")
        for part in ("'train'", "b-bad", f"record {record}", words):
            check(part in reason, f"{name}: {part!r} in {reason!r}")


def _wrong_text():
    """{name: (content type, bytes, line that the reason names, words of the reason)}."""
    csv = ",".join(["1"] + ["0.5"] * DIMENSION).encode() + b"\n"
    libsvm = b"4 1:1 20:1\n"
    nan, longer = csv.replace(b"0.5", b"nan", 1), csv[:-1] + b",7\n"
    return {
        "csv-nan": ("text/csv", csv + nan, 2, "the value of feature 0 is NaN"),
        "csv-label": ("text/csv", csv + b"inf" + csv[1:], 2, "the label is not a finite number"),
        "csv-header": ("text/csv", b"a" + csv, 1, "a CSV file has no header record"),
        "csv-columns": ("text/csv", csv + longer, 2, f"feature_dim is {DIMENSION}"),
        "csv-latin": ("text/csv", csv + csv.replace(b"0.5", b"\xe9", 1), 2, r"'\xe9'"),
        "csv-gz": ("text/csv", gzip.compress(csv * 5 + nan), 6, "NaN"),
        "csv-libsvm": ("text/csv", libsvm, 1, "column 1 is not a number"),
        "libsvm-beyond": ("text/libsvm", libsvm + b"1 1:1 28:1\n", 2, "feature index 28"),
        "libsvm-nan": ("text/libsvm", libsvm + b"1 1:nan\n", 2, "the value of feature 1 is NaN"),
        "libsvm-csv": ("text/libsvm", csv, 1, "the label is not a number"),
        "libsvm-line": ("text/libsvm", libsvm + b"x" * 300_000, 2, "the label is not a number"),
        "libsvm-gz": ("text/libsvm", gzip.compress(libsvm * 9_000 + b"1 a\n"), 9_001, "'a'"),
    }


@tests.add("text that is no data fails the job as ClientError, naming file, line and cause")
def _(world):
    wrong = _wrong_text()
    for name, (content_type, content, _, _) in wrong.items():
        uri = world.upload(f"text/{name}/part", content)
        world.create_job(name, {"train": uri}, content_type=content_type)
    for name, (_, _, line, words) in wrong.items():
        reason = _fails(world, name)
        for part in ("ClientError: channel 'train', file 'part'", f"line {line}: ", words):
            check(part in reason, f"{name}: {part!r} in {reason!r}")


_SOLVERS = ("adam", "sgd", "adagrad", "als", "mcmc", "auto", "bpr", "softmax", "ials")


@tests.add("every solver's job fails by name on cut off data, on none, and where it diverges")
def _(world):
    good = encode(rows(seed=9, count=50))
    cut = world.upload("solvers/cut/part", gzip.compress(good)[:-9])
    nothing = world.upload("solvers/nothing/part", gzip.compress(b""))
    jobs = {}
    for solver in _SOLVERS:
        jobs[f"{solver}-cut"] = "ClientError: channel 'train', file 'part', record "
        world.create_job(f"{solver}-cut", {"train": cut}, solver=solver)
        world.create_job(f"{solver}-nothing", {"train": nothing}, solver=solver)
        jobs[f"{solver}-nothing"] = "ClientError: The channel 'train' has files, but no record"
    for solver in ("adam", "bpr", "softmax"):
        world.create_job(f"{solver}-diverges", solver=solver, factors_lr=1e30, linear_lr=1e30)
        jobs[f"{solver}-diverges"] = "ClientError: The training diverged in epoch "
    for name, words in jobs.items():
        reason = _fails(world, name)
        check(reason.startswith(words), f"{name}: {reason!r}")
        if name.endswith("-cut"):
            check("the gzip data is cut off" in reason, f"{name}: {reason!r}")


@tests.add("a good job beside them completes, its model serves")
def _(world):
    world.create_job("good")
    equal(world.job_end("good")["TrainingJobStatus"], "Completed")
    world.deploy("steady", _MODEL)
    world.wait_in_service("steady")
    check(world.invoke("steady", [like(0, 0)])[0] > world.invoke("steady", [like(0, 1)])[0],
          "it has learned")


def _tar(members):
    """A tar.gz of (name, bytes) or of (TarInfo, None)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members:
            if content is None:
                archive.addfile(name)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def _link(name, target, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _device(name):
    info = tarfile.TarInfo(name)
    info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
    return info


def _bad_archives(good):
    return {
        "no-gzip": b"this is no archive at all",
        "half": good[:len(good) // 2],
        "flipped": good[:60] + bytes([good[60] ^ 255]) + good[61:],
        "nothing-inside": _tar([]),
        "no-model": _tar([("readme.txt", b"hello")]),
        "garbage-model": _tar([("model_algo-1", b"PK\x03\x04" + bytes(200))]),
        "climbs": _tar([("../climbed", b"out"), ("model_algo-1", b"x")]),
        "climbs-deep": _tar([("a/../../../climbed", b"out")]),
        "absolute": _tar([("/tmp/climbed-by-millrace-test", b"out")]),
        "link": _tar([(_link("way", "../.."), None), ("way/climbed", b"out")]),
        "hard-link": _tar([(_link("model_algo-1", "/etc/passwd", tarfile.LNKTYPE), None)]),
        "device": _tar([(_device("model_algo-1"), None)]),
    }


@tests.add("an endpoint of a damaged archive, or one that climbs out, fails and can be deleted")
def _(world):
    good = world.s3.get_object(Bucket=BUCKET, Key="models/good/output/model.tar.gz")
    archives = _bad_archives(good["Body"].read())
    for name, content in archives.items():
        world.deploy(name, world.upload(f"bad/{name}.tar.gz", content))
    world.deploy("absent", f"s3://{BUCKET}/bad/absent.tar.gz")
    for name in (*archives, "absent"):
        found = world.endpoint_settled(name)
        equal(found["EndpointStatus"], "Failed", name)
        check(len(found["FailureReason"]) > 20, f"{name}: {found['FailureReason']}")
    for name in (*archives, "absent"):
        refused(("ValidationError", "ValidationException"), world.runtime.invoke_endpoint,
                EndpointName=name, ContentType="application/json", Body="{}")
        world.delete_endpoint(name)
    climbed = [path for path in world.server.data.parent.rglob("climbed*")]
    equal(climbed, [], "what has left its folder")


@tests.add("an update to a bad archive leaves the endpoint in service with what it had")
def _(world):
    world.create_config("bad-config", "half")
    world.sagemaker.update_endpoint(EndpointName="steady", EndpointConfigName="bad-config")
    found = world.endpoint_settled("steady")
    equal(found["EndpointStatus"], "InService")
    equal(found["EndpointConfigName"], "steady")
    check(found.get("FailureReason"), "with the reason")
    world.invoke("steady", [like(0, 0)])


@tests.add("kill -9 while jobs train: each completes or fails with the reason, the endpoint serves")
def _(world):
    expected = world.invoke("steady", [like(0, 0), like(0, 1)])
    world.create_job("interrupted", epochs=600)
    world.wait_for_training("interrupted")
    world.create_job("just-created")
    world.server.kill()
    world.server.start()
    world.connect()
    wait_until("the endpoint answers", lambda: _scores(world) == expected)
    equal(world.endpoint("steady")["EndpointStatus"], "InService")
    for name in ("interrupted", "just-created"):
        job = world.job_end(name)
        check(job["TrainingJobStatus"] in FINAL, f"{job}")
        if job["TrainingJobStatus"] == "Completed":
            uri = job["ModelArtifacts"]["S3ModelArtifacts"].removeprefix("s3://").split("/", 1)
            check(world.s3.head_object(Bucket=uri[0], Key=uri[1])["ContentLength"] > 0, "a model")
        else:
            check(job["FailureReason"], "the reason")
        world.logs.describe_log_streams(logGroupName=sagemaker_world.LOG_GROUP,
                                        logStreamNamePrefix=name)


@tests.add("a machine that dies with the job: the job is retried or failed, never forgotten")
def _(world):
    world.create_job("lost", epochs=600)
    world.wait_for_training("lost")
    jobs = wait_until("it has a process", lambda: [
        pid for job, pid in world.server.supervisors().items() if not job.startswith("worker-")])
    equal(len(jobs), 1, "processes")
    world.server.kill()
    for each in (jobs[0], *descendants(jobs[0])):
        end_process(each)
    world.server.start()
    world.connect()
    job = world.job_end("lost")
    check(job["TrainingJobStatus"] == "Completed" or job["FailureReason"], f"{job}")


def _scores(world):
    try:
        return world.invoke("steady", [like(0, 0), like(0, 1)])
    except world.runtime.exceptions.ClientError:
        return None


@tests.add("a stopped and started server serves its endpoints again")
def _(world):
    expected = _scores(world)
    equal(world.server.stop(), 0)
    world.server.start()
    world.connect()
    wait_until("the endpoint answers", lambda: _scores(world) == expected)
    world.delete_endpoint("steady")
    wait_until("no process is left", lambda: not world.server.supervisors())
    for folder in ("jobs", "training", "models", "run", "staging"):
        wait_until(f"{folder} is empty", lambda: not entries(world.server.data / folder))


if __name__ == "__main__":
    sys.exit(sagemaker_world.run(tests))
