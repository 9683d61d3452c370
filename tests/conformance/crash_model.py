"""What a client knows of its objects when the server dies: what was acknowledged, what was on its
way. And the judgement of what it finds afterwards."""

import collections
import hashlib
import re

BLOB_BYTES = 16 * 1024  # A larger object is a file of its own, a smaller one lies in its row.
_SIZES = (24, 900, 16_000, 16_384, 16_385, 40_000, 65_536, 65_537, 300_000, 1_100_000)
_WEIGHTS = (8, 8, 3, 2, 3, 6, 2, 2, 4, 1)
_MARK = re.compile(rb"<([\w-]+) (\d+) (\d+)>")


class Value:
    """Bytes that were written once. Their beginning says which they are, and all of them follow
    from it."""

    def __init__(self, key, serial, size):
        self.key, self.serial, self.size = key, serial, size

    @classmethod
    def any(cls, random, key, serial):
        return cls(key, serial, random.choices(_SIZES, _WEIGHTS)[0])

    @classmethod
    def of(cls, body):
        """The value whose bytes these are, whole; else None."""
        mark = _MARK.match(body)
        if not mark:
            return None
        value = cls(mark[1].decode(), int(mark[2]), int(mark[3]))
        return value if value.body() == body else None

    def body(self):
        mark = b"<%s %d %d>" % (self.key.encode(), self.serial, self.size)
        piece = hashlib.sha256(mark).digest()
        return (mark + piece * (self.size // len(piece) + 1))[:self.size]

    def __eq__(self, other):
        return isinstance(other, Value) and (self.key, self.serial) == (other.key, other.serial)

    def __hash__(self):
        return hash((self.key, self.serial))

    def __repr__(self):
        return f"{self.key}/{self.serial} ({self.size} bytes)"


class Upload:
    """A multipart upload of one part, as the client knows it."""

    def __init__(self, key, name):
        self.key, self.name = key, name
        self.part = None      # (Value, etag), acknowledged.
        self.in_doubt = None  # "part", "complete" or "abort": sent, and not answered.
        self.sent = None      # The Value on its way.


class Findings:
    """Counts, and one line for each thing that is wrong."""

    KINDS = ("lost", "torn", "resurrected")

    def __init__(self):
        self.counts = collections.Counter()
        self.lines = []

    def add(self, kind, line):
        self.counts[kind] += 1
        self.lines.append(f"{kind}: {line}")

    def __bool__(self):
        return bool(self.lines)


class Lane:
    """The keys that one connection writes, and nobody else."""

    def __init__(self, name, keys):
        self.keys = [f"{name}-{number}" for number in range(keys)]
        self.values = dict.fromkeys(self.keys)  # Acknowledged; None where there is no object.
        self.in_doubt = {}                      # {key: what it becomes if the request was done}
        self.upload = None
        self.create_in_doubt = None  # The key of an upload whose name was not answered.
        self.serial = 0

    def next_serial(self):
        self.serial += 1
        return self.serial

    def begin(self, changes):
        self.in_doubt = dict(changes)

    def settle(self):
        self.values.update(self.in_doubt)
        self.in_doubt = {}

    def judge(self, key, body, findings):
        """Compares what is found (None: no object) with what may be there, and goes on from it."""
        allowed = [self.values[key]]
        if key in self.in_doubt:
            allowed.append(self.in_doubt[key])
        found = None if body is None else Value.of(body)
        if body is not None and found is None:
            findings.add("torn", f"{key} is {body[:60]!r} of {len(body)} bytes, not {allowed}")
        elif found not in allowed:
            kind = "lost" if found is None else "resurrected"
            findings.add(kind, f"{key} is {found}, not one of {allowed}")
        self.values[key] = found
        return found

    def live(self):
        return {key: value for key, value in self.values.items() if value is not None}

    def files(self):
        """The values that must lie in files of their own; copies share them."""
        kept = {value for value in self.values.values() if value and value.size > BLOB_BYTES}
        if self.upload and self.upload.part and self.upload.part[0].size > BLOB_BYTES:
            kept.add(self.upload.part[0])
        return kept
