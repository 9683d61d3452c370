"""Writes and reads SageMaker's recordIO-protobuf: MXNet RecordIO frames around aialgs Records."""

import struct

MAGIC = 0xced7230a
_VALUES = b"values"


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _field(number, content):
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _entry(number, tensor):
    return _field(number, _field(1, _VALUES) + _field(2, _field(2, tensor)))


def _floats(values):
    return _field(1, struct.pack(f"<{len(values)}f", *values))


def record(features, dimension, label=None):
    """One Record. `features` is {index: value} (sparse) or a list (dense)."""
    if isinstance(features, dict):
        tensor = _floats(list(features.values()))
        tensor += _field(2, b"".join(map(_varint, features)))
        tensor += _field(3, _varint(dimension))
    else:
        tensor = _floats(features)
    out = _entry(1, tensor)
    return out if label is None else out + _entry(2, _floats([label]))


def frame(content, magic=MAGIC):
    return struct.pack("<II", magic, len(content)) + content + bytes(-len(content) % 4)


def contents(data):
    """The records of a recordIO stream."""
    found = []
    while data:
        magic, length = struct.unpack("<II", data[:8])
        assert magic == MAGIC, hex(magic)
        found.append(data[8:8 + length])
        assert len(found[-1]) == length
        data = data[8 + length + -length % 4:]
    return found


def score(content):
    """The float of the label `score` in a Record that answers a request."""
    value = content.index(b"score") + len(b"score") + 6  # Three heads of fields of two bytes each.
    return struct.unpack("<f", content[value:value + 4])[0]
