#include "tests/call/fixtures.h"

namespace millrace::call_tests {
namespace {

// One fixture after the other, those that others need first.
constexpr FixtureText kFixtures[] = {
    {"bucket", R"({"name": null})", R"(
call s3 CreateBucket {"Bucket": "$name"}
---- 200
)"},

    // `body` is base64, as every blob in JSON.
    {"object", R"({"bucket": null, "key": null, "body": "aGVsbG8="})", R"(
call s3 PutObject {"Bucket": "$bucket", "Key": "$key", "Body": "$body"}
---- 200
)"},

    // A bucket with one object, `train/rows.pbr`: see worlds/training_data.h.
    {"training_data", R"({"bucket": null})", R"(
call s3 CreateBucket {"Bucket": "$bucket"}
---- 200

call s3 PutObject {"Bucket": "$bucket", "Key": "train/rows.pbr", "Body": "$training_rows"}
---- 200
)"},

    {"user", R"({"name": null})", R"(
call iam CreateUser {"UserName": "$name"}
---- 200
)"},

    // A role that the service of that host name may assume.
    {"role", R"({"name": null, "service": "sagemaker.amazonaws.com"})",
     R"(
call iam CreateRole {"RoleName": "$name", "AssumeRolePolicyDocument": ")"
     R"({\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",)"
     R"(\"Principal\":{\"Service\":\"${service}\"},\"Action\":\"sts:AssumeRole\"}]}"}
---- 200
)"},

    {"model", R"({"name": null, "data": "s3://models/model.tar.gz"})", R"(
call sagemaker CreateModel {
  "ModelName": "$name",
  "ExecutionRoleArn": "arn:aws:iam::000000000000:role/models",
  "PrimaryContainer": {
    "Image": "382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1",
    "ModelDataUrl": "$data"
  }
}
---- 200
)"},

    // Of the rows that training_data puts into `bucket`; its model goes to s3://<bucket>/out. With
    // many epochs it runs until it is stopped.
    {"training_job", R"({"name": null, "bucket": null, "epochs": "1"})", R"(
call sagemaker CreateTrainingJob {
  "TrainingJobName": "$name",
  "AlgorithmSpecification": {
    "TrainingImage": "382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1",
    "TrainingInputMode": "File"
  },
  "RoleArn": "arn:aws:iam::000000000000:role/training",
  "HyperParameters": {
    "feature_dim": "8", "num_factors": "2", "predictor_type": "binary_classifier",
    "mini_batch_size": "8", "epochs": "$epochs"
  },
  "InputDataConfig": [{
    "ChannelName": "train",
    "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://${bucket}/train/"}}
  }],
  "OutputDataConfig": {"S3OutputPath": "s3://${bucket}/out"},
  "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
  "StoppingCondition": {"MaxRuntimeInSeconds": 600}
}
---- 200
)"},

    // A training job that is awaited, and its model.
    {"trained_model", R"({"name": null, "bucket": null})", R"(
call s3 CreateBucket {"Bucket": "$bucket"}
---- 200

call s3 PutObject {"Bucket": "$bucket", "Key": "train/rows.pbr", "Body": "$training_rows"}
---- 200

given training_job {"name": "$name", "bucket": "$bucket"}

until sagemaker DescribeTrainingJob {"TrainingJobName": "$name"} .TrainingJobStatus == "Completed"

let artifacts = .ModelArtifacts.S3ModelArtifacts

given model {"name": "$name", "data": "$artifacts"}
)"},

    {"endpoint_config", R"({"name": null, "model": null})", R"(
call sagemaker CreateEndpointConfig {
  "EndpointConfigName": "$name",
  "ProductionVariants": [{
    "VariantName": "all", "ModelName": "$model", "InitialInstanceCount": 1,
    "InstanceType": "ml.m5.large", "InitialVariantWeight": 1
  }]
}
---- 200
)"},
    // One that is in service, of that model; its configuration has its name.
    {"endpoint", R"({"name": null, "model": null})", R"(
given endpoint_config {"name": "$name", "model": "$model"}

call sagemaker CreateEndpoint {"EndpointName": "$name", "EndpointConfigName": "$name"}
---- 200

until sagemaker DescribeEndpoint {"EndpointName": "$name"} .EndpointStatus == "InService"
)"},
};

}  // namespace

std::span<const FixtureText> fixture_texts() { return kFixtures; }

}  // namespace millrace::call_tests
