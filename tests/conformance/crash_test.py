"""kill -9 at random moments under a mixed load over HTTP: nothing that was acknowledged is lost,
nothing is there by half, nothing that was deleted comes back.

Without arguments a short run, as a test. `./dev crash 2000` makes a long one: a table, and the
counts in its last line.
"""

import argparse
import datetime
import random
import sys
import time
import urllib.request

from crash_load import BUCKET, Client, Ended, Worker
from crash_model import Findings, Lane
from server import Server, wait_until

_LANES = 6
_KEYS = 7
_LOAD_SECONDS = 0.12  # On average; some loads are killed at once, some last longer.
_EARLY = 0.1          # How many starts are killed before they are ready.
_JOIN_SECONDS = 30
_DAY_AND_MORE = datetime.timedelta(hours=26)


class Harness:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.lanes = [Lane(f"lane{number}", _KEYS) for number in range(_LANES)]
        self.findings = Findings()
        self.crashes = self.requests = self.checked = self.in_doubt = 0
        client = Client(server)
        answer = client.call("PUT", "", "")
        assert answer.status == 200, answer
        client.close()

    def round(self):
        """A load, its end by SIGKILL, a new start, and a look at everything."""
        workers = [Worker(self.server, lane, random.Random(self.random.random()))
                   for lane in self.lanes]
        for worker in workers:
            worker.start()
        time.sleep(min(self.random.expovariate(1 / _LOAD_SECONDS), 6 * _LOAD_SECONDS))
        self._kill()
        for worker in workers:
            if not worker.join(_JOIN_SECONDS):
                self.findings.add("wrong", "a connection did not end with the server")
            if worker.problem:
                self.findings.add("wrong", str(worker.problem))
            self.requests += worker.done
        self.in_doubt += sum(bool(lane.in_doubt) for lane in self.lanes)
        while self.random.random() < _EARLY:
            self._crash_while_starting()
        self.server.start()
        self.check()

    def _kill(self):
        self.server.kill()
        self.crashes += 1

    def _crash_while_starting(self):
        self.server.launch()
        time.sleep(self.random.random() * 0.04)
        self._kill()

    def check(self):
        client = Client(self.server)
        try:
            for lane in self.lanes:
                self._check_objects(client, lane)
                self._check_upload(client, lane)
                lane.in_doubt = {}
            self._check_lists(client)
            if self.server.staged():
                self.findings.add("torn", f"staged after a start: {self.server.staged()}")
        except (Ended, AssertionError) as problem:
            self.findings.add("torn", f"{problem!r}")
        client.close()

    def _check_objects(self, client, lane):
        for key in lane.keys:
            lane.judge(key, client.get(key), self.findings)
            self.checked += 1

    def _check_upload(self, client, lane):
        upload = lane.upload
        if upload is None:
            return
        tags = client.parts(upload)
        if tags is None:
            lane.upload = None
            if upload.in_doubt not in ("complete", "abort"):
                self.findings.add("lost", f"upload {upload.name} of {upload.key}")
            elif upload.in_doubt == "complete" and lane.values[upload.key] != upload.part[0]:
                self.findings.add("torn", f"{upload.key} was completed, but is not the object")
            return
        known = [upload.part[1]] if upload.part else []
        if upload.in_doubt == "complete" and lane.values[upload.key] == upload.part[0]:
            self.findings.add("torn", f"{upload.key} was completed, but its upload is there")
        if tags != known:
            if upload.in_doubt != "part" or len(tags) != 1:
                self.findings.add("lost", f"parts of {upload.key}: {tags}, not {known}")
            upload.part = (upload.sent, tags[0]) if tags else None
        upload.in_doubt = None

    def _check_lists(self, client):
        wanted = {key: value.size for lane in self.lanes for key, value in lane.live().items()}
        found = client.list()
        for key in wanted.keys() | found.keys():
            if wanted.get(key) != found.get(key):
                self.findings.add("torn", f"{key} is listed with {found.get(key)} bytes and has "
                                          f"{wanted.get(key)}")
        known = {lane.upload.name for lane in self.lanes if lane.upload}
        doubtful = [lane.create_in_doubt for lane in self.lanes if lane.create_in_doubt]
        for key, name in client.uploads():
            if name in known:
                continue
            if key not in doubtful:
                self.findings.add("resurrected", f"upload {name} of {key}")
            client.call("DELETE", key, f"uploadId={name}")
        for lane in self.lanes:
            lane.create_in_doubt = None

    def orphans(self):
        """Files that no object names are gone a day later; answers how many there were."""
        folder = self.server.data / "blobs"
        wanted = len(set().union(*(lane.files() for lane in self.lanes)))

        def files():
            return sum(path.is_file() for path in folder.glob("*/*/*"))

        before = files()
        seconds = int(_DAY_AND_MORE.total_seconds())
        for _ in range(2):  # Once so that they are old, and once until the next sweep.
            urllib.request.urlopen(urllib.request.Request(
                f"{self.server.url}/_millrace/clock?advance={seconds}", method="POST"))
        try:
            wait_until("orphans are swept", lambda: files() == wanted)
        except AssertionError:
            self.findings.add("lost", f"{files()} files after the sweep, {wanted} values")
        client = Client(self.server)
        for lane in self.lanes:
            self._check_objects(client, lane)
        client.close()
        return before - wanted


def run(crashes, seconds, seed):
    started = time.monotonic()
    print(f"seed {seed}")
    print(f"{'crashes':>8} {'requests':>9} {'in doubt':>9} {'read':>8} {'lost':>5} {'torn':>5} "
          f"{'resurrected':>12} {'seconds':>8}", flush=True)
    with Server() as server:
        harness = Harness(server, seed)

        def line():
            counts = harness.findings.counts
            print(f"{harness.crashes:>8} {harness.requests:>9} {harness.in_doubt:>9} "
                  f"{harness.checked:>8} {counts['lost']:>5} {counts['torn']:>5} "
                  f"{counts['resurrected']:>12} {time.monotonic() - started:>8.0f}", flush=True)

        next_line = 100
        while harness.crashes < crashes and time.monotonic() - started < seconds:
            harness.round()
            if harness.crashes >= next_line:
                line()
                next_line += 100
            if len(harness.findings.lines) > 20:
                break
        orphans = harness.orphans()
        line()
        print(f"orphans swept: {orphans}")
        for finding in harness.findings.lines:
            print(finding)
        counts = harness.findings.counts
        print(f"crashes {harness.crashes}, lost {counts['lost']}, torn {counts['torn']}, "
              f"resurrected {counts['resurrected']}")
        good = not harness.findings and harness.crashes > 0
        print(f"{'ok' if good else 'not ok'} 1 what was acknowledged survives kill -9: "
              f"{harness.crashes} times, objects in {BUCKET}")
        return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crashes", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    return run(options.crashes, options.seconds, options.seed)


if __name__ == "__main__":
    sys.exit(main())
