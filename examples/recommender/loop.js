// One turn of the loop: data, prepare, train, deploy, evaluate.

import { randomBytes } from 'node:crypto';

import { connect, disconnect } from './aws/clients.js';
import { deploy } from './aws/endpoint.js';
import { factorizationMachinesImage } from './aws/image.js';
import { endpointMetrics } from './aws/metrics.js';
import { ensureRole } from './aws/role.js';
import { scoreAll } from './aws/scoring.js';
import { ensureBucket, uploadFiles, uploadParts } from './aws/storage.js';
import { train } from './aws/training.js';
import { findSource } from './data/source.js';
import { candidatesOf, popularity, sampleUsers } from './evaluate/candidates.js';
import { metrics, rank } from './evaluate/ranking.js';
import { Database } from './prepare/database.js';
import { hyperParameters } from './prepare/hyperparameters.js';
import { prepare } from './prepare/prepare.js';
import { encodeSamples } from './prepare/samples.js';

// Returns the result object that the example prints.
export async function turn(options, env, progress) {
  const source = await findSource(options.data, options.seed);
  let clients;
  let db;
  try {
    clients = await connect(env);
    db = await Database.open();
    const run = `recommender-${timestamp()}-${randomBytes(3).toString('hex')}`;
    progress.say(`account ${clients.account}, region ${clients.region}, run ${run}`);
    const context = { options, clients, db, progress, run };
    Object.assign(context, await progress.stage('data', () => loadData(context, source)));
    const settings = { ...source.dataset.settings, ...chosen(options) };
    const prepared = await progress.stage('prepare', () =>
      prepareData(context, source, settings));
    const trained = await progress.stage('train', () => trainModel(context, prepared, settings));
    const status = await progress.stage('deploy', () => deploy(clients, {
      run, endpoint: options.endpoint, image: context.image, role: context.role,
      artifacts: trained.artifacts,
    }, progress));
    const ranking = await progress.stage('evaluate', () => evaluate(context, prepared));
    return {
      dataset: source.dataset.name,
      rows: prepared.cleaning.before,
      row_counts: prepared.rowCounts,
      slice: { name: sliceOf(options), from: prepared.counts.cut },
      model: ranking.model,
      popularity: ranking.popularity,
      training_metrics: trained.metrics,
      seconds: progress.seconds,
      endpoint: options.endpoint,
      endpoint_status: status,
      run,
      bucket: context.bucket,
      user: ranking.user,
      recommendations: ranking.recommendations,
    };
  } finally {
    await source.close();
    db?.close();
    if (clients) disconnect(clients);
  }
}

// Puts the raw files into S3 and into the database. Returns { bucket, role, image }.
async function loadData({ clients, db, progress }, source) {
  await source.open();
  const { dataset, files } = source;
  const bucket = await ensureBucket(clients);
  const role = await ensureRole(clients, bucket);
  const prefix = `raw/${dataset.name}/`;
  const bytes = await uploadFiles(clients, bucket, prefix, files);
  progress.say(`${dataset.name}: ${files.length} raw files, ${megabytes(bytes)}, `
    + `to s3://${bucket}/${prefix}`);
  await dataset.load(db, source.path);
  return { bucket, role, image: factorizationMachinesImage(clients.region) };
}

// Cleans, splits, encodes, and puts the two channels into S3.
async function prepareData({ clients, db, progress, run, bucket, options }, source, settings) {
  const prepared = await prepare(db, source.dataset, sliceOf(options));
  const { cleaning, counts, space } = prepared;
  reportCleaning(cleaning, counts, progress);
  const sampling = { negatives: settings.negatives, seed: options.seed };
  const channels = {};
  const rows = {};
  for (const slice of ['train', 'test']) {
    const samples = await encodeSamples(prepared, slice, sampling);
    rows[slice] = samples.rows;
    const bytes = samples.parts.reduce((sum, part) => sum + part.length, 0);
    channels[slice] = await uploadParts(clients, bucket, `runs/${run}/${slice}/`, samples.parts);
    progress.say(`${slice}: ${samples.rows} rows of ${space.dimension} features, `
      + `${megabytes(bytes)} of recordIO-protobuf, to ${channels[slice]}`);
  }
  const rowCounts = { raw: cleaning.before, cleaned: cleaning.after, train: rows.train,
    test: rows.test, users: counts.users, products: counts.items };
  return { ...prepared, channels, rowCounts };
}

function reportCleaning({ before, after, rules, dropped }, counts, progress) {
  progress.say(`cleaning: ${before} rows`);
  for (const { name, removed, left } of rules) {
    progress.say(`  ${String(left).padStart(8)} left, ${removed} removed: ${name}`);
  }
  progress.say(`  ${String(after).padStart(8)} kept; columns dropped: ${
    dropped.join(', ') || 'none'}`);
  progress.say(`cut at ${counts.cut}: ${counts.train} purchases before, ${counts.test} `
    + `after; ${counts.items} of ${counts.products} products have enough buyers, ${
      counts.users} customers`);
}

async function trainModel({ clients, progress, run, bucket, role, image }, prepared, settings) {
  const trained = await train(clients, {
    name: run, image, role,
    hyperParameters: hyperParameters(prepared.space.dimension, settings),
    train: prepared.channels.train,
    test: prepared.channels.test,
    output: `s3://${bucket}/runs/${run}/output`,
  }, progress);
  for (const [name, value] of Object.entries(trained.metrics)) progress.say(`${name} ${value}`);
  return trained;
}

// Ranks all candidates of a sample of users by the endpoint's scores and by popularity.
async function evaluate({ clients, progress, options }, prepared) {
  const asks = sampleUsers(prepared, options.sampleUsers, options.seed).map((user) =>
    ({ user, candidates: candidatesOf(prepared, user) }));
  const { answers, requests, pairs } = await scoreAll(clients, options.endpoint, prepared, asks,
    progress);
  progress.say(`${pairs} pairs of ${asks.length} users scored in ${requests} requests`);
  const relevantOf = (user) => prepared.sold[user];
  const model = metrics(answers.map(({ user, candidates, scores }) =>
    ({ user, ranked: rank(candidates, scores) })), relevantOf);
  const popular = metrics(asks.map(({ user, candidates }) =>
    ({ user, ranked: rank(candidates, popularity(prepared, candidates)) })), relevantOf);
  for (const name of Object.keys(model)) {
    progress.say(`${name}: model ${model[name]}, popularity ${popular[name]}`);
  }
  const seen = await endpointMetrics(clients, options.endpoint);
  progress.say(`CloudWatch: ${seen.invocations ?? 'no'} invocations, slowest ${
    seen.latencyMs ?? '?'} ms`);
  return { model, popularity: popular, ...topFive(prepared, answers[0], progress) };
}

function topFive(prepared, { user, candidates, scores }, progress) {
  const scoreOf = new Map(candidates.map((item, i) => [item, scores[i]]));
  const recommendations = rank(candidates, scores).slice(0, 5).map((item) => ({
    product_id: prepared.items[item].product_id,
    name: prepared.items[item].name,
    score: scoreOf.get(item),
  }));
  progress.say(`customer ${prepared.users[user]} bought last: ${prepared.moments[prepared.now[user]]
    .bought.slice(0, 5).map((item) => prepared.items[item].name).join('; ')}`);
  for (const { name, score } of recommendations) {
    progress.say(`  recommended: ${name} (${score.toFixed(4)})`);
  }
  return { user: prepared.users[user], recommendations };
}

function sliceOf({ validate }) {
  return validate ? 'validation' : 'test';
}

// The settings that the command line gives.
function chosen({ epochs, factors, negatives, linearLr, factorsLr }) {
  return Object.fromEntries(Object.entries({ epochs, factors, negatives, linearLr, factorsLr })
    .filter(([, value]) => value !== undefined));
}

function timestamp() {
  return new Date().toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
