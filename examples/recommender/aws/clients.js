// The AWS clients, all against one endpoint, and the one question asked first: who are we?

import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { SageMakerClient } from '@aws-sdk/client-sagemaker';
import { SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';

import { UsageError } from '../options.js';

const NEEDED = ['AWS_ENDPOINT_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'];

// Returns the clients, region and account. Throws UsageError when the server cannot be reached.
export async function connect(env) {
  const missing = NEEDED.filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new UsageError(`${missing.join(', ')} not set: eval "$(millrace env)" sets them`);
  }
  const region = env.AWS_REGION ?? env.AWS_DEFAULT_REGION ?? 'us-east-1';
  const settings = {
    endpoint: env.AWS_ENDPOINT_URL,
    region,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 120_000 },
  };
  const clients = {
    region,
    cloudwatch: new CloudWatchClient(settings),
    iam: new IAMClient(settings),
    logs: new CloudWatchLogsClient(settings),
    runtime: new SageMakerRuntimeClient(settings),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    sagemaker: new SageMakerClient(settings),
    sts: new STSClient({ ...settings, maxAttempts: 1 }),
  };
  try {
    clients.account = (await clients.sts.send(new GetCallerIdentityCommand({}))).Account;
  } catch (error) {
    if (error.$metadata?.httpStatusCode === undefined) {
      throw new UsageError(`no server at ${env.AWS_ENDPOINT_URL} (${reason(error)})`);
    }
    throw error;
  }
  return clients;
}

export function disconnect(clients) {
  for (const client of Object.values(clients)) client.destroy?.();
}

function reason(error) {
  return error.code || error.errors?.[0]?.code || error.message || error.name;
}
