// The role that training jobs and endpoints run under.

import { CreateRoleCommand, GetRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';

const ROLE = 'recommender-execution';

// Creates the role, or takes the one that is there. Returns its ARN.
export async function ensureRole({ iam }, bucket) {
  const arn = await createRole(iam);
  await iam.send(new PutRolePolicyCommand({
    RoleName: ROLE,
    PolicyName: 'recommender-data',
    PolicyDocument: policy([
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'],
        Resource: `arn:aws:s3:::${bucket}/*` },
      { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
      { Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream',
        'logs:PutLogEvents', 'cloudwatch:PutMetricData'], Resource: '*' },
    ]),
  }));
  return arn;
}

async function createRole(iam) {
  try {
    const { Role } = await iam.send(new CreateRoleCommand({
      RoleName: ROLE,
      AssumeRolePolicyDocument: policy([{ Effect: 'Allow', Action: 'sts:AssumeRole',
        Principal: { Service: 'sagemaker.amazonaws.com' } }]),
    }));
    return Role.Arn;
  } catch (error) {
    if (error.name !== 'EntityAlreadyExistsException' && error.name !== 'EntityAlreadyExists') {
      throw error;
    }
    return (await iam.send(new GetRoleCommand({ RoleName: ROLE }))).Role.Arn;
  }
}

function policy(statements) {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}
