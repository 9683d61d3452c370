// A SageMaker training job: created, followed line by line, its metrics read.

import { DescribeLogStreamsCommand, GetLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTrainingJobCommand, DescribeTrainingJobCommand } from '@aws-sdk/client-sagemaker';

import { pause } from './pause.js';

const LOG_GROUP = '/aws/sagemaker/TrainingJobs';
const POLL_MS = 300;
const ENDED = new Set(['Completed', 'Failed', 'Stopped']);

// job: { name, image, role, hyperParameters, train, test, output }. Returns { artifacts, metrics }.
export async function train(clients, job, progress) {
  await clients.sagemaker.send(new CreateTrainingJobCommand({
    TrainingJobName: job.name,
    AlgorithmSpecification: { TrainingImage: job.image, TrainingInputMode: 'File' },
    RoleArn: job.role,
    HyperParameters: job.hyperParameters,
    InputDataConfig: [channel('train', job.train), channel('test', job.test)],
    OutputDataConfig: { S3OutputPath: job.output },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 },
    StoppingCondition: { MaxRuntimeInSeconds: 1800 },
  }));
  const logs = new LogTail(clients.logs, job.name);
  const described = await follow(clients, job.name, logs, progress);
  if (described.TrainingJobStatus !== 'Completed') {
    throw new Error(`training job ${job.name} ${described.TrainingJobStatus}: ${
      described.FailureReason ?? 'no reason given'}`);
  }
  return {
    artifacts: described.ModelArtifacts.S3ModelArtifacts,
    metrics: Object.fromEntries((described.FinalMetricDataList ?? []).map(
      ({ MetricName, Value }) => [MetricName, Value])),
  };
}

async function follow({ sagemaker }, name, logs, progress) {
  let stage = '';
  for (;;) {
    const described = await sagemaker.send(new DescribeTrainingJobCommand({
      TrainingJobName: name,
    }));
    if (described.SecondaryStatus !== stage) {
      stage = described.SecondaryStatus;
      progress.say(`training job ${name}: ${stage}`);
    }
    const ended = ENDED.has(described.TrainingJobStatus);
    for (const line of await logs.more()) progress.say(`  | ${line}`);
    if (ended) return described;
    progress.update(`training job ${name}: ${stage}, ${logs.lines} log lines`);
    await pause(POLL_MS);
  }
}

// What a job has written to CloudWatch Logs since the last look.
class LogTail {
  #logs;
  #job;
  #streams = new Map();
  lines = 0;

  constructor(logs, job) {
    this.#logs = logs;
    this.#job = job;
  }

  async more() {
    const lines = [];
    for (const stream of await this.#find()) {
      for (;;) {
        const nextToken = this.#streams.get(stream);
        const page = await this.#logs.send(new GetLogEventsCommand({
          logGroupName: LOG_GROUP, logStreamName: stream, startFromHead: true,
          ...(nextToken && { nextToken }),
        }));
        lines.push(...page.events.map((event) => event.message.trimEnd()));
        this.#streams.set(stream, page.nextForwardToken);
        if (page.events.length === 0 || page.nextForwardToken === nextToken) break;
      }
    }
    this.lines += lines.length;
    return lines;
  }

  // The group does not exist before the first job has written its first line.
  async #find() {
    try {
      const { logStreams } = await this.#logs.send(new DescribeLogStreamsCommand({
        logGroupName: LOG_GROUP, logStreamNamePrefix: `${this.#job}/`,
      }));
      return logStreams.map((stream) => stream.logStreamName);
    } catch (error) {
      if (error.name === 'ResourceNotFoundException') return [];
      throw error;
    }
  }
}

function channel(name, uri) {
  return {
    ChannelName: name,
    ContentType: 'application/x-recordio-protobuf',
    DataSource: { S3DataSource: {
      S3DataType: 'S3Prefix', S3Uri: uri, S3DataDistributionType: 'FullyReplicated',
    } },
  };
}
