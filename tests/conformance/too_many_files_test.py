"""Too many open files: refused with an error of AWS, nothing acknowledged lost, and usable again as
soon as files can be opened."""

import os
import resource
import sys

from crash_load import Client
from crash_model import Value
from server import Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_SIZES = (900, 16_384, 40_000, 300_000)
_REQUESTS = 60


class World:
    def __init__(self, server):
        self.server, self.client = server, Client(server)
        equal(self.client.call("PUT").status, 200)
        self.written = {}
        self.refusals = []
        self._soft, self._hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)

    def limit_files(self):
        """No further file can be opened by the server."""
        open_now = [int(name) for name in os.listdir(f"/proc/{self.server.process.pid}/fd")]
        lowest_free = next(number for number in range(len(open_now) + 1)
                           if number not in open_now)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE, (lowest_free, self._hard))

    def release_files(self):
        resource.prlimit(self.server.process.pid, resource.RLIMIT_NOFILE, (self._soft, self._hard))

    def put(self, number, size):
        value = Value(f"key-{size}-{number}", 1, size)
        answer = self.client.call("PUT", value.key, body=value.body(), signed=False)
        if answer.status == 200:
            self.written[value.key] = value
        else:
            self.refusals.append(answer)
        return answer.status == 200

    def read_all(self):
        for key, value in self.written.items():
            equal(self.client.get(key) == value.body(), True, key)
        equal(sorted(self.client.list()), sorted(self.written))


@tests.add("no file can be opened: a clear 5xx that names the cause, or it is done")
def _(world):
    for size in _SIZES:
        check(world.put("before", size), f"{world.refusals}")
    world.limit_files()
    for number in range(_REQUESTS):
        world.put(number, _SIZES[number % len(_SIZES)])
    check(world.refusals, "something was refused")
    for answer in world.refusals:
        check((answer.status, answer.code) in ((503, "ServiceUnavailable"), (500, "InternalError"),
                                               (503, "SlowDown")), f"{answer}")
        check(b"too many files open" in answer.body, f"{answer}")
    small = [key for key, value in world.written.items() if value.size <= 16_384]
    for key in small:
        equal(world.client.get(key), world.written[key].body(), "what lies in a row")


@tests.add("files can be opened again: everything is there, and writes work")
def _(world):
    world.release_files()
    world.read_all()
    for size in _SIZES:
        check(world.put("after", size), f"{world.refusals[-1:]}")
    world.read_all()
    equal(world.server.staged(), [])
    # Another connection is taken, too.
    equal(Client(world.server).get("key-900-after"), world.written["key-900-after"].body())


@tests.add("kill -9 and a start later, all of it is there still")
def _(world):
    world.server.kill()
    world.server.start()
    world.client = Client(world.server)
    wait_until("it answers", lambda: world.client.list())
    world.read_all()


def main():
    with Server() as server:
        return tests.run(World(server))


if __name__ == "__main__":
    sys.exit(main())
