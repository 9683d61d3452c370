import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RecordWriter, fragment } from '../recordio/record.js';

// features {3: 1.0, 130: 0.5} of 200, label 1: what protobuf's own encoder writes for this Record.
const RECORD = '0a1f' + '0a0676616c756573' + '1215' + '1213'
  + '0a08' + '0000803f' + '0000003f' + '1203' + '03' + '8201' + '1a02' + 'c801'
  + '1212' + '0a0676616c756573' + '1208' + '1206' + '0a04' + '0000803f';

test('a labelled sparse record has the bytes that the format prescribes', () => {
  const writer = new RecordWriter(200);
  writer.write([fragment([3, 130], [1, 0.5])], 1);
  assert.equal(RECORD.length / 2, 53);
  assert.equal(writer.take().toString('hex'), `0a23d7ce35000000${RECORD}000000`);
});

test('a record without a label, as an endpoint takes it', () => {
  const writer = new RecordWriter(200);
  writer.write([fragment([3, 130], [1, 0.5])]);
  assert.equal(writer.take().toString('hex'), `0a23d7ce21000000${RECORD.slice(0, 66)}000000`);
});

test('records follow one another aligned, across growth of the buffer', () => {
  const one = new RecordWriter(1 << 20);
  const row = fragment([0, 127, 128, 16384, 1048575], [1, 2, 3, 4, 5]);
  one.write([row], 0);
  const expected = one.take();
  const many = new RecordWriter(1 << 20, 16);
  for (let i = 0; i < 50; i++) many.write([row], 0);
  const bytes = many.take();
  assert.equal(expected.length % 4, 0);
  assert.equal(bytes.length, 50 * expected.length);
  for (let i = 0; i < 50; i++) {
    const frame = bytes.subarray(i * expected.length, (i + 1) * expected.length);
    assert.deepEqual(frame, expected);
  }
  assert.equal(many.length, 0);
});

test('a record of no features is still a record', () => {
  const writer = new RecordWriter(8);
  writer.write([fragment([], [])], 0);
  const bytes = writer.take();
  assert.equal(bytes.readUInt32LE(0), 0xced7230a);
  assert.equal(bytes.length, 8 + Math.ceil(bytes.readUInt32LE(4) / 4) * 4);
});

test('fragments of a row join into the record of the whole row', () => {
  const whole = new RecordWriter(70000);
  whole.write([fragment([1, 300, 65535], [0.25, -2, 3])], 1);
  const joined = new RecordWriter(70000);
  joined.write([fragment([1], [0.25]), fragment([], []), fragment([300, 65535], [-2, 3])], 1);
  assert.deepEqual(joined.take(), whole.take());
});
