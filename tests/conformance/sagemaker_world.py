"""What the SageMaker tests share: a server, clients, tiny data and short ways to ask for things."""

import json
import random

import recordio
from server import ACCOUNT, REGION, Server, wait_until
from tap import check, equal

IMAGE = f"382416733822.dkr.ecr.{REGION}.amazonaws.com/factorization-machines:1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/learner"
BUCKET = "learning"
USERS, ITEMS = 12, 16
DIMENSION = USERS + ITEMS
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
FINAL = ("Completed", "Failed", "Stopped")
QUICKLY = {"Delay": 0.1, "MaxAttempts": 600}


def rows(seed=7, count=600):
    """Users who like items of their own parity: (features, label) of one user and one item."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        user, item = draw.randrange(USERS), draw.randrange(ITEMS)
        made.append(({user: 1.0, USERS + item: 1.0}, 4.0 if user % 2 == item % 2 else 1.0))
    return made


def encode(data):
    return b"".join(recordio.frame(recordio.record(features, DIMENSION, label))
                    for features, label in data)


class World:
    def __init__(self, server):
        self.server = server
        self.connect()

    def connect(self):
        """Makes the clients; again after each start of the server."""
        client = self.server.client
        self.s3, self.sagemaker, self.logs = client("s3"), client("sagemaker"), client("logs")
        self.runtime, self.cloudwatch = client("sagemaker-runtime"), client("cloudwatch")

    def upload(self, key, body):
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return f"s3://{BUCKET}/{key}"

    def prepare(self):
        self.s3.create_bucket(Bucket=BUCKET)
        self.upload("train/part-0", encode(rows(seed=1)))
        self.upload("train/part-1", encode(rows(seed=2)))
        self.upload("test/all", encode(rows(seed=3, count=200)))

    def create_job(self, name, channels=None, image=IMAGE, mode="File",
                   content_type="application/x-recordio-protobuf", **hyperparameters):
        """CreateTrainingJob. `channels` is {name: s3 uri, or an S3DataSource}."""
        channels = channels or {"train": f"s3://{BUCKET}/train/", "test": f"s3://{BUCKET}/test/"}
        values = {"feature_dim": DIMENSION, "num_factors": 4, "predictor_type": "regressor",
                  "mini_batch_size": 100, "epochs": 20, "factors_lr": 0.05, "linear_lr": 0.05,
                  "factors_init_sigma": 0.3, **hyperparameters}
        return self.sagemaker.create_training_job(
            TrainingJobName=name, RoleArn=ROLE,
            AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": mode},
            HyperParameters={key: str(value) for key, value in values.items()},
            InputDataConfig=[
                {"ChannelName": channel, "ContentType": content_type,
                 "DataSource": {"S3DataSource": source if isinstance(source, dict) else {
                     "S3DataType": "S3Prefix", "S3Uri": source,
                     "S3DataDistributionType": "FullyReplicated"}}}
                for channel, source in channels.items()],
            OutputDataConfig={"S3OutputPath": f"s3://{BUCKET}/models"},
            ResourceConfig={"InstanceType": "ml.c5.xlarge", "InstanceCount": 1,
                            "VolumeSizeInGB": 10},
            StoppingCondition={"MaxRuntimeInSeconds": 300})

    def job(self, name):
        return self.sagemaker.describe_training_job(TrainingJobName=name)

    def job_end(self, name):
        def ended():
            found = self.job(name)
            return found if found["TrainingJobStatus"] in FINAL else None
        return wait_until(f"the end of job {name}", ended, seconds=60)

    def wait_for_training(self, name):
        """Until the job's program runs and has said something."""
        def training():
            found = self.job(name)
            check(found["TrainingJobStatus"] == "InProgress", f"{name} has ended: {found}")
            return found["SecondaryStatus"] == "Training"
        wait_until(f"job {name} is Training", training)

    def create_model(self, name, archive):
        return self.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=ROLE,
            PrimaryContainer={"Image": IMAGE, "ModelDataUrl": archive})

    def create_config(self, name, model, count=1):
        return self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[{"VariantName": "AllTraffic", "ModelName": model,
                                 "InitialInstanceCount": count, "InstanceType": "ml.t2.medium",
                                 "InitialVariantWeight": 1.0}])

    def deploy(self, name, archive):
        """Model, configuration and endpoint, all of one name."""
        self.create_model(name, archive)
        self.create_config(name, name)
        return self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def endpoint(self, name):
        return self.sagemaker.describe_endpoint(EndpointName=name)

    def endpoint_settled(self, name):
        def settled():
            found = self.endpoint(name)
            return found if found["EndpointStatus"] in ("InService", "Failed") else None
        return wait_until(f"endpoint {name}", settled, seconds=30)

    def wait_in_service(self, name):
        self.sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig=QUICKLY)

    def delete_endpoint(self, name):
        self.sagemaker.delete_endpoint(EndpointName=name)
        self.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=QUICKLY)

    def invoke(self, name, instances, runtime=None):
        """The scores of (features, …) pairs, asked for and answered in JSON."""
        body = {"instances": [instance(features) for features in instances]}
        answer = (runtime or self.runtime).invoke_endpoint(
            EndpointName=name, ContentType="application/json", Body=json.dumps(body))
        equal(answer["InvokedProductionVariant"], "AllTraffic")
        return [each["score"] for each in json.load(answer["Body"])["predictions"]]


def instance(features):
    """One instance as AWS documents it for Factorization Machines in JSON."""
    return {"data": {"features": {"keys": list(features), "shape": [DIMENSION],
                                  "values": list(features.values())}}}


def like(user, item):
    return {user: 1.0, USERS + item: 1.0}


def entries(folder):
    """What is in the folder, but for that of the socket at which jobs ask for their data."""
    return sorted(p for p in folder.iterdir() if p.name != "data") if folder.is_dir() else []


def run(tests, after=None):
    """Runs the tests against a server of their own, if it has the services. The exit code."""
    with Server() as server:
        services = server.services()
        missing = {"s3", "logs", "sagemaker", "sagemaker_runtime", "cloudwatch"} - set(services)
        if missing:
            print(f"not ok 1 the services are there: {sorted(missing)} missing of {services}")
            return 1
        world = World(server)
        world.prepare()
        return tests.run(world, after=after)
