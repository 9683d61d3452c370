"""Many connections put, read, list and delete the same keys at once: every answer is one that a
single store could have given, in an order that agrees with the clock (linearizable, key by key)."""

import hashlib
import random
import sys
import threading
import time

from crash_load import Client
from server import Server
from tap import Tests, check, equal

tests = Tests()

_KEYS = ("a", "b")
_CLIENTS = 6
_SECONDS = 6
_PERIOD_SECONDS = 0.25  # Then all wait for each other, so that histories stay short.
_SIZES = (40, 5_000, 16_385, 90_000)


class Event:
    """A request: what it wrote or read (None: no object), between two moments."""

    def __init__(self, kind, value, begin, end):
        self.kind, self.value, self.begin, self.end = kind, value, begin, end

    def __repr__(self):
        return f"{self.kind} {self.value} {self.begin:.4f}-{self.end:.4f}"


def linearizable(events, first):
    """The values that the key may have after `events`, or an empty set where no order of them
    explains what was read. `first` are those it may have before."""
    events = sorted(events, key=lambda event: event.begin)
    states = {(0, value) for value in first}  # (which events are done, the value)
    ends = set()
    every = (1 << len(events)) - 1
    seen = set(states)
    while states:
        state = states.pop()
        done, value = state
        if done == every:
            ends.add(value)
            continue
        earliest_end = min(event.end for number, event in enumerate(events)
                           if not done >> number & 1)
        for number, event in enumerate(events):
            if done >> number & 1:
                continue
            if event.begin > earliest_end:
                break
            if event.kind == "read" and event.value != value:
                continue
            following = (done | 1 << number, value if event.kind == "read" else event.value)
            if following not in seen:
                seen.add(following)
                states.add(following)
    return ends


class Load:
    """Clients that act in periods; between two periods nobody has a request open."""

    def __init__(self, server):
        self.server = server
        self.failures = []
        self.requests = 0
        self._lock = threading.Lock()
        self._serial = 0
        self._history = {key: [] for key in _KEYS}
        self._periods = []
        self._meeting = threading.Barrier(_CLIENTS, self._turn)
        self._until = time.monotonic() + _SECONDS
        self._period_end = time.monotonic() + _PERIOD_SECONDS
        self._over = False

    def _turn(self):
        self._periods.append(self._history)
        self._history = {key: [] for key in _KEYS}
        self._period_end = time.monotonic() + _PERIOD_SECONDS
        self._over = time.monotonic() > self._until

    def run(self):
        threads = [threading.Thread(target=self._client, args=(number,))
                   for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self._periods

    def _client(self, number):
        client = Client(self.server)
        chance = random.Random(number)
        try:
            while not self._over:
                while time.monotonic() < self._period_end:
                    self._step(client, chance)
                self._meeting.wait()
        except Exception as problem:
            self.failures.append(f"{type(problem).__name__}: {problem}")
            self._meeting.abort()
        client.close()

    def _note(self, key, kind, value, begin):
        event = Event(kind, value, begin, time.monotonic())
        with self._lock:
            self._history[key].append(event)
            self.requests += 1

    def _step(self, client, chance):
        key = chance.choice(_KEYS)
        choice = chance.random()
        begin = time.monotonic()
        if choice < 0.35:
            with self._lock:
                self._serial += 1
                mark = b"<%d>" % self._serial
            body = (mark * (chance.choice(_SIZES) // len(mark) + 1))
            begin = time.monotonic()
            answer = client.call("PUT", key, body=body, signed=False)
            equal(answer.status, 200, "put")
            self._note(key, "write", hashlib.md5(body).hexdigest(), begin)
        elif choice < 0.45:
            equal(client.call("DELETE", key).status, 204, "delete")
            self._note(key, "write", None, begin)
        elif choice < 0.55:
            listed = {}
            answer = client.call("GET", "", "list-type=2")
            for item in answer.body.split(b"<Contents>")[1:]:
                name = item.split(b"<Key>")[1].split(b"<")[0].decode()
                listed[name] = item.split(b"<ETag>")[1].split(b"</")[0].replace(
                    b"&quot;", b"").strip(b'"').decode()
            for name in _KEYS:
                self._note(name, "read", listed.get(name), begin)
        else:
            body = client.get(key)
            value = None if body is None else hashlib.md5(body).hexdigest()
            self._note(key, "read", value, begin)


def _histories(periods, key):
    """Expects every period of a key to be explained; answers how many events there were."""
    possible, count = {None}, 0
    for number, period in enumerate(periods):
        events = period[key]
        possible = linearizable(events, possible)
        check(possible, f"period {number} of {key} has no order: {events}")
        count += len(events)
    return count


@tests.add("the judge: what no order explains is found")
def _(_server):
    def event(kind, value, begin, end):
        return Event(kind, value, begin, end)

    equal(linearizable([event("write", 1, 0, 5), event("read", 1, 1, 2)], {None}), {1})
    equal(linearizable([event("write", 1, 0, 1), event("read", None, 2, 3)], {None}), set())
    equal(linearizable([event("write", 1, 0, 9), event("read", 1, 1, 2),
                        event("read", None, 3, 4)], {None}), set())
    equal(linearizable([event("write", 1, 0, 4), event("write", 2, 0, 4)], {None}), {1, 2})
    equal(linearizable([event("write", 1, 0, 1), event("write", None, 2, 3),
                        event("read", 1, 4, 5)], {None}), set())


@tests.add("puts, deletes, reads and listings of the same keys are linearizable")
def _(server):
    equal(Client(server).call("PUT").status, 200, "create the bucket")
    load = Load(server)
    periods = load.run()
    equal(load.failures, [])
    counts = [_histories(periods, key) for key in _KEYS]
    check(min(counts) > 100, f"only {counts} events")
    print(f"# {load.requests} requests in {len(periods)} periods")


def main():
    with Server() as server:
        return tests.run(server)


if __name__ == "__main__":
    sys.exit(main())
