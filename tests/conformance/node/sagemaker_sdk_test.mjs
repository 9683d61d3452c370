// One turn of the wheel through @aws-sdk v3: data to S3, a job, an endpoint, its metrics.

import assert from 'node:assert/strict';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient, FilterLogEventsCommand, paginateDescribeLogStreams,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateEndpointCommand, CreateEndpointConfigCommand, CreateModelCommand, CreateTrainingJobCommand,
  DeleteEndpointCommand, DescribeEndpointCommand, DescribeTrainingJobCommand, SageMakerClient,
  waitUntilEndpointDeleted, waitUntilEndpointInService, waitUntilTrainingJobCompletedOrStopped,
} from '@aws-sdk/client-sagemaker';
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startServer } from './server.mjs';
import { runTests, test } from './tap.mjs';

const BUCKET = 'learning';
const IMAGE = '382416733822.dkr.ecr.us-east-1.amazonaws.com/factorization-machines:1';
const ROLE = 'arn:aws:iam::000000000000:role/learner';
const DIMENSION = 12;
const NAME = 'node-turn';
const WAIT = { maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.2 };

const server = await startServer();
const s3 = new S3Client({ ...server.settings, forcePathStyle: true });
const sagemaker = new SageMakerClient(server.settings);
const runtime = new SageMakerRuntimeClient(server.settings);

const varint = (number) => {
  const bytes = [];
  for (; number > 127; number >>= 7) bytes.push((number & 127) | 128);
  return Buffer.from([...bytes, number]);
};
const field = (number, content) =>
  Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
const floats = (values) => field(1, Buffer.from(new Float32Array(values).buffer));
const entry = (number, tensor) => field(
  number, Buffer.concat([field(1, Buffer.from('values')), field(2, field(2, tensor))]));

// One sparse row, framed as MXNet RecordIO.
function frame(keys, label) {
  const tensor = Buffer.concat([
    floats(keys.map(() => 1)), field(2, Buffer.concat(keys.map(varint))),
    field(3, varint(DIMENSION))]);
  const record = Buffer.concat([entry(1, tensor), entry(2, floats([label]))]);
  const head = Buffer.alloc(8);
  head.writeUInt32LE(0xced7230a, 0);
  head.writeUInt32LE(record.length, 4);
  return Buffer.concat([head, record, Buffer.alloc((4 - (record.length % 4)) % 4)]);
}

// Every user (0-5) likes the items (6-11) of its own parity.
function trainingData() {
  const rows = [];
  for (let i = 0; i < 720; i += 1) {
    const [user, item] = [i % 6, 6 + (Math.floor(i / 6) % 6)];
    rows.push(frame([user, item], user % 2 === item % 2 ? 4 : 1));
  }
  return Buffer.concat(rows);
}

const instance = (keys) => (
  { data: { features: { keys, shape: [DIMENSION], values: keys.map(() => 1) } } });

const channel = (name) => ({
  ChannelName: name,
  ContentType: 'application/x-recordio-protobuf',
  DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${BUCKET}/data/` } },
});

test('STS says who is calling, and to whom a role was given', async () => {
  const sts = new STSClient(server.settings);
  const identity = await sts.send(new GetCallerIdentityCommand({}));
  assert.equal(identity.Account, '000000000000');
  await assert.rejects(
    sts.send(new AssumeRoleCommand({ RoleArn: 'no-arn-at-all-here', RoleSessionName: 'session' })),
    (error) => error.$metadata.httpStatusCode >= 400 && error.name !== 'Error');
});

test('data goes into a bucket, with the checksum that the SDK computes', async () => {
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  const body = trainingData();
  const put = await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'data/all', Body: body }));
  assert.ok(put.ChecksumCRC32, 'the checksum is answered');
  const got = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'data/all' }));
  assert.deepEqual(Buffer.from(await got.Body.transformToByteArray()), body);
});

test('a job trains to its end, seen by the waiter', async () => {
  const input = {
    TrainingJobName: NAME,
    RoleArn: ROLE,
    AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
    HyperParameters: {
      feature_dim: String(DIMENSION), num_factors: '2', predictor_type: 'regressor',
      mini_batch_size: '100', epochs: '40', factors_lr: '0.05', linear_lr: '0.05',
      factors_init_sigma: '0.3',
    },
    InputDataConfig: [channel('train'), channel('test')],
    OutputDataConfig: { S3OutputPath: `s3://${BUCKET}/models/` },
    ResourceConfig: { InstanceType: 'ml.c5.xlarge', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 120 },
  };
  const made = await sagemaker.send(new CreateTrainingJobCommand(input));
  assert.match(made.TrainingJobArn, /^arn:aws:sagemaker:us-east-1:000000000000:training-job\//);
  await assert.rejects(sagemaker.send(new CreateTrainingJobCommand(input)),
    { name: 'ResourceInUse' });
  const waited = await waitUntilTrainingJobCompletedOrStopped(
    { client: sagemaker, ...WAIT }, { TrainingJobName: NAME });
  assert.equal(waited.state, 'SUCCESS');
  const job = await sagemaker.send(new DescribeTrainingJobCommand({ TrainingJobName: NAME }));
  assert.equal(job.TrainingJobStatus, 'Completed');
  assert.ok(job.TrainingEndTime instanceof Date);
  const rmse = job.FinalMetricDataList.find((metric) => metric.MetricName === 'test:rmse');
  assert.ok(rmse.Value > 0 && rmse.Value < 1, `it has learned: ${rmse.Value}`);
});

test('its lines are found in the logs', async () => {
  const logs = new CloudWatchLogsClient(server.settings);
  const logGroupName = '/aws/sagemaker/TrainingJobs';
  const names = [];
  const pages = paginateDescribeLogStreams(
    { client: logs }, { logGroupName, logStreamNamePrefix: `${NAME}/` });
  for await (const page of pages) names.push(...page.logStreams.map((s) => s.logStreamName));
  assert.equal(names.length, 1);
  const found = await logs.send(new FilterLogEventsCommand(
    { logGroupName, logStreamNames: names, filterPattern: 'rmse' }));
  assert.ok(found.events.length > 0, 'lines with rmse');
});

test('an endpoint comes up, answers and is refused what it cannot read', async () => {
  await sagemaker.send(new CreateModelCommand({
    ModelName: NAME,
    ExecutionRoleArn: ROLE,
    PrimaryContainer: {
      Image: IMAGE, ModelDataUrl: `s3://${BUCKET}/models/${NAME}/output/model.tar.gz` },
  }));
  await sagemaker.send(new CreateEndpointConfigCommand({
    EndpointConfigName: NAME,
    ProductionVariants: [{
      VariantName: 'main', ModelName: NAME, InitialInstanceCount: 1,
      InstanceType: 'ml.t2.medium', InitialVariantWeight: 1 }],
  }));
  await sagemaker.send(new CreateEndpointCommand(
    { EndpointName: NAME, EndpointConfigName: NAME }));
  const waited = await waitUntilEndpointInService(
    { client: sagemaker, ...WAIT }, { EndpointName: NAME });
  assert.equal(waited.state, 'SUCCESS');
  const body = JSON.stringify({ instances: [instance([0, 6]), instance([0, 7])] });
  const answer = await runtime.send(new InvokeEndpointCommand(
    { EndpointName: NAME, ContentType: 'application/json', Body: body }));
  assert.equal(answer.InvokedProductionVariant, 'main');
  const [liked, other] = JSON.parse(Buffer.from(answer.Body)).predictions.map((p) => p.score);
  assert.ok(liked > other + 1, `${liked} > ${other} + 1`);
  await assert.rejects(
    runtime.send(new InvokeEndpointCommand(
      { EndpointName: NAME, ContentType: 'application/json', Body: '{' })),
    (error) => error.name === 'ModelError' && error.OriginalStatusCode === 400);
});

test('its invocations are in CloudWatch', async () => {
  const cloudwatch = new CloudWatchClient(server.settings);
  const now = Date.now();
  const query = new GetMetricDataCommand({
    StartTime: new Date(now - 3_600_000),
    EndTime: new Date(now + 3_600_000),
    MetricDataQueries: [{
      Id: 'calls',
      MetricStat: {
        Metric: {
          Namespace: 'AWS/SageMaker',
          MetricName: 'Invocations',
          Dimensions: [
            { Name: 'EndpointName', Value: NAME }, { Name: 'VariantName', Value: 'main' }],
        },
        Period: 60,
        Stat: 'Sum',
      },
    }],
  });
  let sum = 0;
  for (let tries = 0; tries < 200 && sum < 2; tries += 1) {
    const answer = await cloudwatch.send(query);
    sum = answer.MetricDataResults[0].Values.reduce((a, b) => a + b, 0);
  }
  assert.equal(sum, 2);
});

test('what is not there is the error that AWS documents, typed', async () => {
  await assert.rejects(
    s3.send(new GetObjectCommand({ Bucket: BUCKET, Key: 'none' })), { name: 'NoSuchKey' });
  await assert.rejects(
    sagemaker.send(new DescribeEndpointCommand({ EndpointName: 'none' })),
    (error) => error.name === 'ValidationException' && error.message.includes('Could not find'));
});

test('the endpoint is deleted, seen by the waiter', async () => {
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: NAME }));
  const waited = await waitUntilEndpointDeleted(
    { client: sagemaker, ...WAIT }, { EndpointName: NAME });
  assert.equal(waited.state, 'SUCCESS');
});

await runTests(async () => assert.equal(await server.close(), 0, 'SIGTERM ends it with 0'));
