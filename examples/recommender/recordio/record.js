// SageMaker's recordIO-protobuf: one aialgs.data.Record per frame, sparse float32 features.
//
// Frame (MXNet RecordIO, little endian): uint32 magic 0xced7230a, uint32 length, the record, zero
// bytes up to a multiple of four. Record (protobuf):
//   Record         { map<string, Value> features = 1; map<string, Value> label = 2; }
//   Value          { Float32Tensor float32_tensor = 2; }
//   Float32Tensor  { repeated float values = 1 [packed]; repeated uint64 keys = 2 [packed];
//                    repeated uint64 shape = 3 [packed]; }
// Both maps have one entry, under the key "values".

const MAGIC = 0xced7230a;
const KEY = Buffer.from('\x0a\x06values', 'latin1');
const LENGTH_DELIMITED = 2;

// Part of a row, encoded once and used in many: { values, keys } as bytes of a record.
export function fragment(indices, values) {
  const floats = Buffer.alloc(4 * values.length);
  values.forEach((value, i) => floats.writeFloatLE(value, 4 * i));
  const keys = Buffer.alloc(indices.reduce((sum, index) => sum + varintLength(index), 0));
  let length = 0;
  for (const index of indices) length = putVarint(keys, length, index);
  return { values: floats, keys };
}

// Encodes rows into one growing buffer; take() hands it over and starts anew.
export class RecordWriter {
  #dimension;
  #buffer;
  #length = 0;

  constructor(dimension, capacity = 1 << 20) {
    this.#dimension = dimension;
    this.#buffer = Buffer.allocUnsafe(capacity);
  }

  get length() {
    return this.#length;
  }

  // fragments: parts of one row, their keys ascending; label is left out when undefined.
  write(fragments, label) {
    let valueBytes = 0;
    let keyBytes = 0;
    for (const { values, keys } of fragments) {
      valueBytes += values.length;
      keyBytes += keys.length;
    }
    this.#reserve(160 + valueBytes + keyBytes);
    const start = this.#length;
    this.#length += 8;
    const shapeBytes = varintLength(this.#dimension);
    const tensor = fieldLength(valueBytes) + fieldLength(keyBytes) + fieldLength(shapeBytes);
    this.#entry(1, tensor);
    this.#field(1, valueBytes);
    for (const { values } of fragments) this.#append(values);
    this.#field(2, keyBytes);
    for (const { keys } of fragments) this.#append(keys);
    this.#field(3, shapeBytes);
    this.#varint(this.#dimension);
    if (label !== undefined) {
      this.#entry(2, fieldLength(4));
      this.#field(1, 4);
      this.#length = this.#buffer.writeFloatLE(label, this.#length);
    }
    this.#frame(start);
  }

  take() {
    const bytes = Buffer.from(this.#buffer.subarray(0, this.#length));
    this.#length = 0;
    return bytes;
  }

  // A map entry "values" -> Value with a float32_tensor of `tensor` bytes, up to the tensor itself.
  #entry(number, tensor) {
    const value = fieldLength(tensor);
    this.#field(number, KEY.length + fieldLength(value));
    this.#length += KEY.copy(this.#buffer, this.#length);
    this.#field(2, value);
    this.#field(2, tensor);
  }

  #frame(start) {
    const length = this.#length - start - 8;
    this.#buffer.writeUInt32LE(MAGIC, start);
    this.#buffer.writeUInt32LE(length, start + 4);
    while (this.#length % 4 !== start % 4) this.#buffer[this.#length++] = 0;
  }

  #field(number, length) {
    this.#buffer[this.#length++] = (number << 3) | LENGTH_DELIMITED;
    this.#varint(length);
  }

  #append(bytes) {
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #varint(value) {
    this.#length = putVarint(this.#buffer, this.#length, value);
  }

  #reserve(more) {
    if (this.#length + more <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * this.#buffer.length, this.#length + more));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}

function putVarint(buffer, offset, value) {
  let rest = value;
  let end = offset;
  while (rest >= 128) {
    buffer[end++] = (rest & 127) | 128;
    rest >>>= 7;
  }
  buffer[end++] = rest;
  return end;
}

function varintLength(value) {
  if (value < 1 << 7) return 1;
  if (value < 1 << 14) return 2;
  if (value < 1 << 21) return 3;
  return value < 1 << 28 ? 4 : 5;
}

// Tag, length and content of a length-delimited field whose number is below 16.
function fieldLength(content) {
  return 1 + varintLength(content) + content;
}
