// A model behind an endpoint: created the first time, updated without a gap afterwards.

import { CreateEndpointCommand, CreateEndpointConfigCommand, CreateModelCommand,
  DeleteEndpointCommand, DescribeEndpointCommand, UpdateEndpointCommand }
  from '@aws-sdk/client-sagemaker';

import { pause } from './pause.js';

const POLL_MS = 200;
const WAIT_MS = 120_000;

// deployment: { run, endpoint, image, role, artifacts }. Returns the endpoint's final status.
export async function deploy({ sagemaker }, deployment, progress) {
  const { run, endpoint, image, role, artifacts } = deployment;
  await sagemaker.send(new CreateModelCommand({
    ModelName: run,
    ExecutionRoleArn: role,
    PrimaryContainer: { Image: image, ModelDataUrl: artifacts },
  }));
  await sagemaker.send(new CreateEndpointConfigCommand({
    EndpointConfigName: run,
    ProductionVariants: [{ VariantName: 'AllTraffic', ModelName: run,
      InstanceType: 'ml.m5.large', InitialInstanceCount: 1, InitialVariantWeight: 1 }],
  }));
  await removeBroken(sagemaker, endpoint, progress);
  const before = await settled(sagemaker, endpoint, progress);
  const Command = before === undefined ? CreateEndpointCommand : UpdateEndpointCommand;
  await sagemaker.send(new Command({ EndpointName: endpoint, EndpointConfigName: run }));
  const after = await settled(sagemaker, endpoint, progress);
  if (after?.EndpointStatus !== 'InService' || after.EndpointConfigName !== run) {
    throw new Error(`endpoint ${endpoint} is ${after?.EndpointStatus ?? 'gone'}: ${
      after?.FailureReason ?? `it serves ${after?.EndpointConfigName}, not ${run}`}`);
  }
  return after.EndpointStatus;
}

// An endpoint that failed cannot be updated.
async function removeBroken(sagemaker, endpoint, progress) {
  const now = await settled(sagemaker, endpoint, progress);
  if (now === undefined || now.EndpointStatus === 'InService') return;
  await sagemaker.send(new DeleteEndpointCommand({ EndpointName: endpoint }));
  const deadline = performance.now() + WAIT_MS;
  while (await describe(sagemaker, endpoint) !== undefined) {
    if (performance.now() > deadline) throw new Error(`endpoint ${endpoint} is not deleted`);
    await pause(POLL_MS);
  }
}

// The endpoint once it is neither creating nor updating; undefined when there is none.
async function settled(sagemaker, endpoint, progress) {
  const deadline = performance.now() + WAIT_MS;
  for (;;) {
    const described = await describe(sagemaker, endpoint);
    if (described === undefined || !/ing$/.test(described.EndpointStatus)) return described;
    if (performance.now() > deadline) {
      throw new Error(`endpoint ${endpoint} is still ${described.EndpointStatus} after ${
        WAIT_MS / 1000} s`);
    }
    progress.update(`endpoint ${endpoint}: ${described.EndpointStatus}`);
    await pause(POLL_MS);
  }
}

// SageMaker says "Could not find endpoint" as a ValidationException.
async function describe(sagemaker, endpoint) {
  try {
    return await sagemaker.send(new DescribeEndpointCommand({ EndpointName: endpoint }));
  } catch (error) {
    if (error.name === 'ResourceNotFound' || /could not find/i.test(error.message)) {
      return undefined;
    }
    throw error;
  }
}
