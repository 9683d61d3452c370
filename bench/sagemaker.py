"""SageMaker's waits, as a client sees them: first log line, Completed, InService."""

import time

import programs
import record_io
from figure import Figure

_DIMENSION = 100
_ROWS = 2000
_POLL_SECONDS = 0.004
_WAIT_SECONDS = 60
_IMAGE = "382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1"
_ROLE = "arn:aws:iam::000000000000:role/bench"
_LOG_GROUP = "/aws/sagemaker/TrainingJobs"


def measure(case):
    try:
        import botocore.exceptions as problems
    except ImportError:
        raise programs.Unable("python3-boto3 is not installed")
    with programs.Server() as server:
        try:
            return _waits(case, server)
        except (problems.BotoCoreError, problems.ClientError) as problem:
            raise programs.Unable(str(problem))


def _waits(case, server):
    clients, rounds = Clients(server), case.number("rounds", 3)
    clients.s3.put_object(Bucket="bench", Key="train/data",
                          Body=record_io.training_set(_ROWS, _DIMENSION))
    first_line, completed = [], []
    for n in range(rounds):
        line_ms, completed_ms = train(clients, f"bench-{n}", {"train": None}, {
            "feature_dim": _DIMENSION, "num_factors": 8, "epochs": 2,
            "predictor_type": "regressor", "mini_batch_size": 200})
        first_line.append(line_ms)
        completed.append(completed_ms)
    in_service = [deploy(clients, f"bench-{n}") for n in range(rounds)]
    return [Figure("CreateTrainingJob to first log line", first_line, "ms"),
            Figure(f"CreateTrainingJob to Completed, {_ROWS} rows", completed, "ms"),
            Figure("CreateEndpoint to InService", in_service, "ms")]


class Clients:
    def __init__(self, server):
        import boto3
        from botocore.config import Config
        keys = server.keys()
        session = boto3.Session(keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"],
                                region_name=keys["AWS_REGION"])
        config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"})

        def client(name):
            return session.client(name, endpoint_url=server.url, config=config)

        self.s3, self.logs, self.sagemaker = client("s3"), client("logs"), client("sagemaker")
        self.s3.create_bucket(Bucket="bench")


def until(what, answer):
    """Asks again and again until `answer()` is true; returns it."""
    end = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < end:
        found = answer()
        if found:
            return found
        time.sleep(_POLL_SECONDS)
    raise programs.Unable(f"{what} took over {_WAIT_SECONDS} s")


def train(clients, name, channels, hyperparameters):
    """(ms to the first line of the job's log, ms to Completed). `channels` of the bucket's folder
    of the same name: {channel: content type, or None}."""
    sagemaker = clients.sagemaker
    began = time.monotonic()
    sagemaker.create_training_job(
        TrainingJobName=name, RoleArn=_ROLE,
        AlgorithmSpecification={"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
        HyperParameters={word: str(value) for word, value in hyperparameters.items()},
        InputDataConfig=[_channel(*channel) for channel in channels.items()],
        OutputDataConfig={"S3OutputPath": "s3://bench/models"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 300})
    until("the first log line", lambda: _log_line(clients.logs, name))
    first_line = (time.monotonic() - began) * 1e3

    def ended():
        job = sagemaker.describe_training_job(TrainingJobName=name)
        if job["TrainingJobStatus"] in ("Failed", "Stopped"):
            raise programs.Unable(f"training {job['TrainingJobStatus']}: "
                                  f"{job.get('FailureReason')}")
        return job["TrainingJobStatus"] == "Completed"

    until("training", ended)
    return first_line, (time.monotonic() - began) * 1e3


def _channel(name, content_type):
    channel = {"ChannelName": name, "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": f"s3://bench/{name}/",
        "S3DataDistributionType": "FullyReplicated"}}}
    return dict(channel, ContentType=content_type) if content_type else channel


def _log_line(logs, name):
    try:
        return logs.filter_log_events(logGroupName=_LOG_GROUP, logStreamNamePrefix=name,
                                      limit=1)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return []


def deploy(clients, name):
    """ms from CreateEndpoint to InService, as a client that asks without pause sees it."""
    sagemaker = clients.sagemaker
    artifact = sagemaker.describe_training_job(TrainingJobName=name)["ModelArtifacts"]
    sagemaker.create_model(ModelName=name, ExecutionRoleArn=_ROLE, PrimaryContainer={
        "Image": _IMAGE, "ModelDataUrl": artifact["S3ModelArtifacts"]})
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[{
        "VariantName": "all", "ModelName": name, "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1}])
    began = time.monotonic()
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def in_service():
        status = sagemaker.describe_endpoint(EndpointName=name)
        if status["EndpointStatus"] == "Failed":
            raise programs.Unable(f"the endpoint failed: {status.get('FailureReason')}")
        return status["EndpointStatus"] == "InService"

    until("the endpoint", in_service)
    return (time.monotonic() - began) * 1e3
