"""SageMaker's recordIO-protobuf, written: float32 features and one label a record."""

import random
import struct

_MAGIC = 0xCED7230A


def training_set(rows, dimension, seed=7):
    """Rows whose label follows two hidden factors, the same in every run."""
    chance = random.Random(seed)
    weights = [chance.gauss(0, 1) for _ in range(dimension)]
    out = bytearray()
    for _ in range(rows):
        features = [chance.random() for _ in range(dimension)]
        label = sum(weight * value for weight, value in zip(weights, features))
        out += _record(features, label)
    return bytes(out)


def sparse(keys, values, label=None):
    """A record of the features `keys`; without a label, as an endpoint takes it."""
    packed = _field(2, b"".join(_varint(key) for key in keys))
    tensor = _field(1, struct.pack(f"<{len(values)}f", *values)) + packed
    body = _map_entry(1, tensor)
    if label is not None:
        body += _map_entry(2, _field(1, struct.pack("<f", label)))
    return _framed(body)


def _record(features, label):
    return _framed(_map_entry(1, _field(1, struct.pack(f"<{len(features)}f", *features)))
                   + _map_entry(2, _field(1, struct.pack("<f", label))))


def _framed(body):
    return struct.pack("<II", _MAGIC, len(body)) + body + b"\0" * (-len(body) % 4)


def _map_entry(number, tensor):
    return _field(number, _field(1, b"values") + _field(2, _field(2, tensor)))


def _field(number, data):
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)
