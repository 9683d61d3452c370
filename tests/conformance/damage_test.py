"""Bits that flip in any file of the data directory: what is read is what was written, or an error;
a server that cannot know what it has does not start."""

import random
import shutil
import sys

from crash_load import Client, Ended
from crash_model import Value
from server import Server
from tap import Tests, check, equal

tests = Tests()

_SIZES = (24, 16_384, 16_385, 65_536, 70_000, 300_000, 1_000_000)
_FLIPS = 40


class World:
    def __init__(self, server):
        self.server = server
        self.random = random.Random(20)
        self.values = {}
        client = Client(server)
        equal(client.call("PUT").status, 200)
        for serial in range(3):  # What was replaced is dead, and lies about.
            for size in _SIZES:
                value = Value(f"key-{size}", serial, size)
                equal(client.call("PUT", value.key, body=value.body(), signed=False).status, 200)
                self.values[value.key] = value
        client.close()
        server.stop()
        self.whole = server.data.with_name("whole")
        shutil.copytree(server.data, self.whole)

    def files(self):
        """Of rows and of blobs, which are what answers are made of."""
        return sorted(path.relative_to(self.whole) for folder in ("rows", "blobs")
                      for path in (self.whole / folder).rglob("*")
                      if path.is_file() and path.stat().st_size)

    def restore(self):
        shutil.rmtree(self.server.data)
        shutil.copytree(self.whole, self.server.data)

    def flip(self, name, bit):
        with open(self.server.data / name, "r+b") as file:
            file.seek(bit // 8)
            byte = file.read(1)[0] ^ 1 << bit % 8
            file.seek(bit // 8)
            file.write(bytes([byte]))

    def start(self):
        try:
            self.server.start()
        except AssertionError:
            return False
        return True

    def read_all(self):
        """How many reads were refused; that the others are right is checked."""
        refused = 0
        for key, value in self.values.items():
            client = Client(self.server)
            try:
                answer = client.call("GET", key)
            except Ended:  # Cut in the middle of the answer.
                refused += 1
                continue
            finally:
                client.close()
            if answer.status == 200:
                check(answer.body == value.body(), f"{key}: other bytes than were written")
            else:
                equal((answer.status, answer.code), (500, "InternalError"), key)
                refused += 1
        return refused


@tests.add("a bit anywhere in a blob is found by its reader, and by nobody else")
def _(world):
    blobs = [name for name in world.files() if name.parts[0] == "blobs"]
    equal(len(blobs), sum(size > 16_384 for size in _SIZES))
    world.restore()
    check(world.start(), "it starts")
    for number in range(_FLIPS):
        name = blobs[number % len(blobs)]
        bit = world.random.randrange((world.whole / name).stat().st_size * 8)
        world.flip(name, bit)
        equal(world.read_all(), 1, f"reads refused, bit {bit} of {name}")
        world.flip(name, bit)
    equal(world.read_all(), 0)
    world.server.stop()


@tests.add("a large object: the damage in its beginning is InternalError, later it cuts the answer")
def _(world):
    name = max(world.files(), key=lambda name: (world.whole / name).stat().st_size
               if name.parts[0] == "blobs" else 0)
    key = f"key-{_SIZES[-1]}"
    world.restore()
    check(world.start(), "it starts")
    world.flip(name, 8)
    answer = Client(world.server).call("GET", key)
    equal((answer.status, answer.code), (500, "InternalError"))
    check(b"checksum" in answer.body, f"{answer}")
    equal(Client(world.server).call("HEAD", key).status, 200, "HEAD reads no bytes")
    part = Client(world.server).call("GET", key, headers={"range": "bytes=70000-80000"})
    equal((part.status, part.body), (206, world.values[key].body()[70000:80001]), "another chunk")
    world.flip(name, 8)
    world.flip(name, 8 * 900_000)
    try:
        whole = Client(world.server).call("GET", key)
        check(False, f"{whole.status} with {len(whole.body)} bytes")
    except Ended:
        pass
    world.server.stop()


@tests.add("a bit anywhere in the rows' files: right answers, errors, or no start")
def _(world):
    rows = [name for name in world.files() if name.parts[0] == "rows"]
    found = 0
    for _ in range(_FLIPS):
        name = world.random.choice(rows)
        bit = world.random.randrange((world.whole / name).stat().st_size * 8)
        world.restore()
        world.flip(name, bit)
        try:
            if world.start():
                found += world.read_all() > 0
                world.server.kill()
            else:
                found += 1
        except BaseException:
            print(f"# bit {bit} of {name}")
            raise
    check(found > _FLIPS // 4, f"only {found} of {_FLIPS} were found")
    print(f"# {found} of {_FLIPS} flips were met; the others were in what nobody reads")


def main():
    with Server() as server:
        return tests.run(World(server))


if __name__ == "__main__":
    sys.exit(main())
