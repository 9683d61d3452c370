// The command line.

import { parseArgs } from 'node:util';

export const HELP = `Usage: node main.js [--data PATH] [options]

One turn of the loop, through AWS's own APIs at AWS_ENDPOINT_URL: raw files to S3, cleaning and
features in SQL, a SageMaker Factorization Machines training job, an endpoint, and a ranking metric
on a later time slice, beside that of popularity.

  --data PATH        a folder that holds online-retail/ or complete-journey/, or one of the two;
                     without it a shop with known preferences is made up
  --epochs N         passes over the training data
  --factors N        num_factors of the model
  --negatives N      items not bought for every item bought
  --sample-users N   how many users the ranking is measured on (default 300)
  --seed N           of the made-up shop and of everything drawn (default 1)
  --validate         score the slice before the test slice, to choose settings on
  --linear-lr X      learning rate of the linear weights
  --factors-lr X     learning rate of the factors
  --endpoint NAME    the endpoint to create or update (default recommender)
  --help             this text

Progress goes to stderr. The last line of stdout is one JSON object.
Environment: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION.
Exit codes: 0 done, 1 failed, 2 wrong usage.`;

// What the user can set right: shown as one line.
export class UsageError extends Error {}

const OPTIONS = {
  data: { type: 'string' },
  epochs: { type: 'string' },
  factors: { type: 'string' },
  negatives: { type: 'string' },
  'sample-users': { type: 'string' },
  seed: { type: 'string' },
  validate: { type: 'boolean' },
  'linear-lr': { type: 'string' },
  'factors-lr': { type: 'string' },
  endpoint: { type: 'string' },
  help: { type: 'boolean' },
};

// Returns { help, data, validate, epochs, factors, negatives, linearLr, factorsLr, sampleUsers,
// seed, endpoint }; from epochs to factorsLr undefined where the data set's own settings decide.
export function parseOptions(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS, strict: true }));
  } catch (error) {
    throw new UsageError(error.message.split('\n')[0].split('. ')[0]);
  }
  const endpoint = values.endpoint ?? 'recommender';
  if (!/^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$/.test(endpoint)) {
    throw new UsageError(`--endpoint: not an endpoint name: ${endpoint}`);
  }
  return {
    help: values.help ?? false,
    data: values.data,
    validate: values.validate ?? false,
    epochs: whole(values, 'epochs', 1, 1000),
    factors: whole(values, 'factors', 1, 1000),
    negatives: whole(values, 'negatives', 1, 100),
    linearLr: rate(values, 'linear-lr'),
    factorsLr: rate(values, 'factors-lr'),
    sampleUsers: whole(values, 'sample-users', 1, 1_000_000) ?? 300,
    seed: whole(values, 'seed', 0, 4_294_967_295) ?? 1,
    endpoint,
  };
}

function rate(values, name) {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (!(number > 0 && number <= 10)) {
    throw new UsageError(`--${name}: a number above 0 and up to 10, not ${values[name]}`);
  }
  return number;
}

function whole(values, name, low, high) {
  if (values[name] === undefined) return undefined;
  const number = Number(values[name]);
  if (!Number.isInteger(number) || number < low || number > high || values[name].trim() === '') {
    throw new UsageError(`--${name}: a whole number from ${low} to ${high}, not ${values[name]}`);
  }
  return number;
}
