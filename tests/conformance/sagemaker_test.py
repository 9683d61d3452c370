"""One turn of the wheel through boto3: data to S3, a job, its logs, an endpoint, its metrics."""

import datetime
import io
import json
import os
import signal
import sys
import tarfile
import threading
import zipfile

import recordio
import sagemaker_world
from sagemaker_world import (BUCKET, DIMENSION, LOG_GROUP, QUICKLY, REGION, encode, entries,
                             instance, like, rows)
from server import ACCOUNT, descendants, wait_until
from tap import Tests, check, equal, refused

tests = Tests()

_JOB = "first-job"
_ENDPOINT = "first-endpoint"
_PAIRS = [like(user, item) for user in range(4) for item in range(4)]
_CLIENTS = 4


def _archive(world, job=_JOB):
    return f"s3://{BUCKET}/models/{job}/output/model.tar.gz"


def _read(world, uri):
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return world.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


@tests.add("a job is created under its ARN, and its name is taken then")
def _(world):
    arn = world.create_job(_JOB)["TrainingJobArn"]
    equal(arn, f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{_JOB}")
    refused("ResourceInUse", world.create_job, _JOB)


@tests.add("the waiter training_job_completed_or_stopped sees the job complete")
def _(world):
    world.sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName=_JOB, WaiterConfig=QUICKLY)
    job = world.job(_JOB)
    equal(job["TrainingJobStatus"], "Completed")
    equal(job["SecondaryStatus"], "Completed")
    equal(job["ModelArtifacts"], {"S3ModelArtifacts": _archive(world)})
    check("FailureReason" not in job, "there is no reason of failure")
    check(job["TrainingTimeInSeconds"] >= 1, "the training took time")
    check(job["CreationTime"] <= job["TrainingStartTime"] <= job["TrainingEndTime"], "in order")


@tests.add("the job has gone through AWS's secondary states, each with its times and message")
def _(world):
    steps = world.job(_JOB)["SecondaryStatusTransitions"]
    equal([step["Status"] for step in steps],
          ["Starting", "Downloading", "Training", "Uploading", "Completed"])
    for before, after in zip(steps, steps[1:]):
        check(before["StartTime"] <= before["EndTime"] <= after["StartTime"], "times in order")
    check(all(step["StatusMessage"] for step in steps), "each has a message")


@tests.add("FinalMetricDataList holds what the job has measured")
def _(world):
    found = {each["MetricName"]: each for each in world.job(_JOB)["FinalMetricDataList"]}
    check("test:rmse" in found, f"test:rmse among {sorted(found)}")
    check(0 < found["test:rmse"]["Value"] < 1.0, f"it has learned: {found['test:rmse']}")
    check(isinstance(found["test:rmse"]["Timestamp"], datetime.datetime), "with its time")


@tests.add("the SDK's analytics find the metrics in CloudWatch, by the names that the job tells")
def _(world):
    job = world.job(_JOB)
    found = {}
    for metric in job["AlgorithmSpecification"]["MetricDefinitions"]:
        points = world.cloudwatch.get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs", MetricName=metric["Name"],
            StartTime=job["TrainingStartTime"],
            EndTime=job["TrainingEndTime"] + datetime.timedelta(minutes=1), Period=60,
            Statistics=["Average"], Dimensions=[{"Name": "TrainingJobName", "Value": _JOB}]
        )["Datapoints"]
        if points:
            found[metric["Name"]] = [point["Average"] for point in points]
    final = {each["MetricName"]: each["Value"] for each in job["FinalMetricDataList"]}
    equal(sorted(found), sorted(final))
    check(abs(found["test:rmse"][0] - final["test:rmse"]) < 1e-6, f"{found} as {final}")


@tests.add("a manifest of shards trains, as the SDK's record_set() uploads them")
def _(world):
    examples = rows(seed=8)
    for shard in range(2):
        world.upload(f"shards/matrix_{shard}.pbr", encode(examples[shard::2]))
    manifest = json.dumps([{"prefix": f"s3://{BUCKET}/shards/"}, "matrix_0.pbr", "matrix_1.pbr"])
    uri = world.upload("shards/.amazon.manifest", manifest.encode())
    source = {"S3DataType": "ManifestFile", "S3Uri": uri,
              "S3DataDistributionType": "ShardedByS3Key"}
    world.create_job("of-shards", {"train": source})
    job = world.job_end("of-shards")
    equal(job["TrainingJobStatus"], "Completed", job.get("FailureReason"))
    equal(job["InputDataConfig"][0]["DataSource"]["S3DataSource"], source)


@tests.add("a binary classifier reports AWS's three metrics of classifiers")
def _(world):
    likes = [(features, float(label > 2)) for features, label in rows(seed=4)]
    uri = world.upload("likes/all", encode(likes))
    world.create_job("classifier", {"train": uri, "test": uri},
                     predictor_type="binary_classifier", epochs=40)
    job = world.job_end("classifier")
    equal(job["TrainingJobStatus"], "Completed", job.get("FailureReason"))
    found = {each["MetricName"]: each["Value"] for each in job["FinalMetricDataList"]}
    check(found["test:binary_classification_accuracy"] > 0.7, f"it has learned: {found}")
    check(found["test:binary_classification_cross_entropy"] > 0, f"{found}")
    check(0 < found["test:binary_f_beta"] <= 1, f"{found}")


@tests.add("the job's lines are in /aws/sagemaker/TrainingJobs")
def _(world):
    streams = world.logs.describe_log_streams(
        logGroupName=LOG_GROUP, logStreamNamePrefix=f"{_JOB}/")["logStreams"]
    equal(len(streams), 1)
    name = streams[0]["logStreamName"]
    check(name.startswith(f"{_JOB}/algo-1-"), name)
    events = world.logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=name,
                                       startFromHead=True)["events"]
    text = "\n".join(event["message"] for event in events)
    check("rmse" in text, text)
    stamps = [event["timestamp"] for event in events]
    equal(stamps, sorted(stamps))


@tests.add("model.tar.gz has AWS's layout")
def _(world):
    with tarfile.open(fileobj=io.BytesIO(_read(world, _archive(world))), mode="r:gz") as archive:
        equal(archive.getnames(), ["model_algo-1"])
        check(archive.extractfile("model_algo-1").read(4) == b"PK\x03\x04", "it is a zip file")


@tests.add("the same seed gives the same bytes, another one gives others")
def _(world):
    for name, seed in (("seed-1", 5), ("seed-2", 5), ("seed-3", 6)):
        world.create_job(name, seed=seed, epochs=2)
    models = {}
    for name in ("seed-1", "seed-2", "seed-3"):
        job = world.job_end(name)
        equal(job["TrainingJobStatus"], "Completed", job.get("FailureReason"))
        with tarfile.open(fileobj=io.BytesIO(_read(world, _archive(world, name)))) as archive:
            model = io.BytesIO(archive.extractfile("model_algo-1").read())
        models[name] = zipfile.ZipFile(model).read("params")
    equal(_read(world, _archive(world, "seed-1")), _read(world, _archive(world, "seed-2")))
    check(models["seed-1"] != models["seed-3"], "another seed gives other parameters")


@tests.add("jobs are listed, filtered by name and state")
def _(world):
    pages = world.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="seed", StatusEquals="Completed", SortBy="Name", SortOrder="Ascending",
        PaginationConfig={"PageSize": 2})
    names = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    equal(names, ["seed-1", "seed-2", "seed-3"])


@tests.add("a running job stops, and one that has ended cannot be stopped")
def _(world):
    world.create_job("endless", epochs=2_000_000)
    world.wait_for_training("endless")
    world.sagemaker.stop_training_job(TrainingJobName="endless")
    world.sagemaker.get_waiter("training_job_completed_or_stopped").wait(
        TrainingJobName="endless", WaiterConfig=QUICKLY)
    job = world.job("endless")
    equal(job["TrainingJobStatus"], "Stopped")
    equal(job["SecondaryStatus"], "Stopped")
    refused("ValidationException", world.sagemaker.stop_training_job, TrainingJobName="endless")


@tests.add("the waiter endpoint_in_service sees the endpoint come up")
def _(world):
    arn = world.deploy(_ENDPOINT, _archive(world))["EndpointArn"]
    equal(arn, f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{_ENDPOINT}")
    world.wait_in_service(_ENDPOINT)
    found = world.endpoint(_ENDPOINT)
    equal(found["EndpointConfigName"], _ENDPOINT)
    equal(found["ProductionVariants"][0]["CurrentInstanceCount"], 1)
    refused("ValidationException", world.sagemaker.create_endpoint, EndpointName=_ENDPOINT,
            EndpointConfigName=_ENDPOINT)


@tests.add("JSON: what was liked is scored higher than what was not")
def _(world):
    scores = dict(zip(((u, i) for u in range(4) for i in range(4)),
                      world.invoke(_ENDPOINT, _PAIRS)))
    likes = [score for (user, item), score in scores.items() if user % 2 == item % 2]
    others = [score for (user, item), score in scores.items() if user % 2 != item % 2]
    check(min(likes) > max(others) + 1, f"{scores}")


@tests.add("JSON Lines and recordIO give the same scores as JSON")
def _(world):
    expected = world.invoke(_ENDPOINT, _PAIRS)
    lines = "\n".join(json.dumps(instance(pair)) for pair in _PAIRS)
    answer = world.runtime.invoke_endpoint(
        EndpointName=_ENDPOINT, ContentType="application/jsonlines",
        Accept="application/jsonlines", Body=lines)
    equal(answer["ContentType"], "application/jsonlines")
    equal([json.loads(line)["score"] for line in answer["Body"].read().splitlines()], expected)
    body = b"".join(recordio.frame(recordio.record(pair, DIMENSION)) for pair in _PAIRS)
    answer = world.runtime.invoke_endpoint(
        EndpointName=_ENDPOINT, ContentType="application/x-recordio-protobuf",
        Accept="application/x-recordio-protobuf", Body=body)
    records = recordio.contents(answer["Body"].read())
    for record, score in zip(records, expected, strict=True):
        check(abs(recordio.score(record) - score) < 1e-5, f"{recordio.score(record)} is {score}")


@tests.add("what the model refuses is a ModelError with the model's status and words")
def _(world):
    def invoke(body, content_type="application/json"):
        return refused("ModelError", world.runtime.invoke_endpoint, EndpointName=_ENDPOINT,
                       ContentType=content_type, Body=body)

    for body in ("{", '{"instances": []}', json.dumps({"instances": [instance({DIMENSION: 1.0})]}),
                 '{"instances": [{"data": {"features": {"keys": [1], "shape": [9]}}}]}'):
        error = invoke(body)
        equal(error["OriginalStatusCode"], 400, body)
        check(error["OriginalMessage"], "the model's words")
    equal(invoke("a,b", "text/html")["OriginalStatusCode"], 415)
    refused(("ValidationError", "ValidationException"), world.runtime.invoke_endpoint,
            EndpointName="nobody", ContentType="application/json", Body="{}")


class _Load:
    """Clients that invoke the endpoint without a pause and without retries."""

    def __init__(self, world):
        self.answered, self.failures, self._ended = 0, [], threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(world,), daemon=True)
                         for _ in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def _ask(self, world):
        runtime = world.server.client("sagemaker-runtime")
        while not self._ended.is_set():
            try:
                world.invoke(_ENDPOINT, _PAIRS[:2], runtime)
                with self._lock:
                    self.answered += 1
            except Exception as problem:  # Each counts, whatever it is.
                with self._lock:
                    self.failures.append(problem)

    def end(self):
        self._ended.set()
        for thread in self._threads:
            thread.join()


@tests.add("UpdateEndpoint under load: no request fails, and the new model answers afterwards")
def _(world):
    before = world.invoke(_ENDPOINT, _PAIRS)
    world.create_model("second-model", _archive(world, "seed-3"))
    world.create_config("second-config", "second-model", count=2)
    load = _Load(world)
    try:
        wait_until("the load runs", lambda: load.answered >= 20)
        world.sagemaker.update_endpoint(EndpointName=_ENDPOINT, EndpointConfigName="second-config")
        equal(world.endpoint(_ENDPOINT)["EndpointStatus"], "Updating")
        world.wait_in_service(_ENDPOINT)
        answered = load.answered
        wait_until("the load goes on", lambda: load.answered >= answered + 40)
    finally:
        load.end()
    equal(load.failures[:3], [], f"failures among {load.answered} requests")
    found = world.endpoint(_ENDPOINT)
    equal(found["EndpointConfigName"], "second-config")
    equal(found["ProductionVariants"][0]["CurrentInstanceCount"], 2)
    check(world.invoke(_ENDPOINT, _PAIRS) != before, "another model answers")


@tests.add("a worker that is killed is started again")
def _(world):
    workers = {job: pid for job, pid in world.server.supervisors().items()
               if job.startswith("worker-")}
    equal(len(workers), 2, f"workers {workers}; those of the old configuration are gone")
    for supervisor in workers.values():
        os.kill(descendants(supervisor)[-1], signal.SIGKILL)

    def answers():
        try:
            return world.invoke(_ENDPOINT, _PAIRS)
        except world.runtime.exceptions.ClientError:
            return None
    wait_until("the endpoint answers again", answers)
    wait_until("both workers are back", lambda: world.endpoint(_ENDPOINT)["ProductionVariants"][0]
               ["CurrentInstanceCount"] == 2)
    after = world.server.supervisors()
    check(not set(workers.values()) & set(after.values()), f"{workers} became {after}")


@tests.add("invocations, latencies and errors are in CloudWatch unasked")
def _(world):
    now = datetime.datetime.now(datetime.timezone.utc)
    hour = datetime.timedelta(hours=1)
    dimensions = [{"Name": "EndpointName", "Value": _ENDPOINT},
                  {"Name": "VariantName", "Value": "AllTraffic"}]

    def total(name, statistic="Sum"):
        points = world.cloudwatch.get_metric_statistics(
            Namespace="AWS/SageMaker", MetricName=name, Dimensions=dimensions,
            StartTime=now - hour, EndTime=now + hour, Period=7200,
            Statistics=[statistic])["Datapoints"]
        return sum(point[statistic] for point in points)

    wait_until("the invocations are counted", lambda: total("Invocations") >= 60)
    wait_until("those that the model refused, too", lambda: total("Invocation4XXErrors") >= 5)
    check(total("ModelLatency", "Average") > 0, "ModelLatency in microseconds")
    check(total("OverheadLatency", "Maximum") > 0, "OverheadLatency in microseconds")
    names = {metric["MetricName"] for metric in world.cloudwatch.list_metrics(
        Namespace="AWS/SageMaker", Dimensions=dimensions)["Metrics"]}
    check({"Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency",
           "OverheadLatency"} <= names, f"{names}")


@tests.add("tags are kept with their resource and go with it")
def _(world):
    arn = world.endpoint(_ENDPOINT)["EndpointArn"]
    world.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "team", "Value": "shop"}])
    equal(world.sagemaker.list_tags(ResourceArn=arn)["Tags"], [{"Key": "team", "Value": "shop"}])


@tests.add("everything can be deleted, and nothing of it stays on the machine")
def _(world):
    world.delete_endpoint(_ENDPOINT)
    refused("ValidationException", world.endpoint, _ENDPOINT)
    for name in (_ENDPOINT, "second-config"):
        world.sagemaker.delete_endpoint_config(EndpointConfigName=name)
    for name in (_ENDPOINT, "second-model"):
        world.sagemaker.delete_model(ModelName=name)
    equal(world.sagemaker.list_endpoints()["Endpoints"], [])
    equal(world.sagemaker.list_endpoint_configs()["EndpointConfigs"], [])
    equal(world.sagemaker.list_models()["Models"], [])
    found = world.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    world.s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": o["Key"]} for o in found]})
    world.s3.delete_bucket(Bucket=BUCKET)
    refused("NoSuchBucket", world.s3.list_objects_v2, Bucket=BUCKET)
    for folder in ("jobs", "training", "models", "run", "staging"):
        wait_until(f"{folder} is empty", lambda: not entries(world.server.data / folder))


if __name__ == "__main__":
    sys.exit(sagemaker_world.run(tests))
