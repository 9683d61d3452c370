#!/usr/bin/env node
// Entry point: options in, exit code out. The turn itself is in loop.js.

import { HELP, UsageError, parseOptions } from './options.js';
import { Progress } from './progress.js';

async function main(args) {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  // Loaded here so that --help and a wrong option answer at once.
  const { turn } = await import('./loop.js');
  const result = await turn(options, process.env, new Progress(process.stderr));
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const wrongUsage = error instanceof UsageError;
  const message = String(error?.message || error?.name || error).split('\n')[0];
  const name = wrongUsage || !error?.$metadata ? '' : `${error.name}: `;
  process.stderr.write(`recommender: ${name}${message}\n`);
  if (process.env.RECOMMENDER_DEBUG) process.stderr.write(`${error?.stack}\n`);
  process.exitCode = wrongUsage ? 2 : 1;
}
