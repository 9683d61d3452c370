// Scores of (user, item) pairs from the endpoint, in requests of at most 5 MB, several at a time.

import { InvokeEndpointCommand } from '@aws-sdk/client-sagemaker-runtime';

import { RecordWriter } from '../recordio/record.js';

const REQUEST_BYTES = 5_000_000;
const RECORD_BYTES_MAX = 4096;
const IN_FLIGHT = 4;

// asks: [{ user, candidates }]. Returns { answers: the same with scores, requests, pairs }.
export async function scoreAll(clients, endpoint, prepared, asks, progress) {
  const answers = asks.map((ask) => ({ ...ask, scores: new Float64Array(ask.candidates.length) }));
  const batches = batchesOf(answers, prepared);
  let requests = 0;
  let pairs = 0;
  const worker = async () => {
    for (const { body, slots } of batches) {
      const scores = await invoke(clients, endpoint, body, slots.length);
      slots.forEach(({ answer, position }, i) => { answer.scores[position] = scores[i]; });
      requests++;
      pairs += slots.length;
      progress.update(`scored ${pairs} pairs in ${requests} requests`);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  return { answers, requests, pairs };
}

// One generator feeds all workers, so each batch is encoded once and when it is needed.
function* batchesOf(answers, { space, now }) {
  const writer = new RecordWriter(space.dimension, REQUEST_BYTES);
  let slots = [];
  for (const answer of answers) {
    const moment = now[answer.user];
    for (const [position, item] of answer.candidates.entries()) {
      writer.write(space.pair(moment, item));
      slots.push({ answer, position });
      if (writer.length > REQUEST_BYTES - RECORD_BYTES_MAX) {
        yield { body: writer.take(), slots };
        slots = [];
      }
    }
  }
  if (slots.length > 0) yield { body: writer.take(), slots };
}

async function invoke({ runtime }, endpoint, body, count) {
  const { Body } = await runtime.send(new InvokeEndpointCommand({
    EndpointName: endpoint,
    ContentType: 'application/x-recordio-protobuf',
    Accept: 'application/json',
    Body: body,
  }));
  const { predictions } = JSON.parse(Buffer.from(Body).toString('utf8'));
  if (predictions?.length !== count) {
    throw new Error(`endpoint ${endpoint} answered ${predictions?.length} predictions to ${count}`);
  }
  return predictions.map(({ score }) => score);
}
