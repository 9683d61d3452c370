"""One throw-away `millrace serve` of a test's own, and boto3 clients that talk to it.

    with Server() as server:
        server.client("sts").get_caller_identity()

The program is $MILLRACE_BIN. The server listens on a free port, has fixed root keys and ends with
the test, with every process it has left running. stop(), kill() and start() may be called in any
order in between; the data stays, the port (and so every client) changes.
"""

import json
import os
import pathlib
import queue
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

ACCOUNT = "000000000000"
ACCESS_KEY_ID = "AKIACONFORMANCETESTS"
SECRET_ACCESS_KEY = "a-secret-that-only/the+tests=know"
REGION = "us-east-1"

_READY_SECONDS = 30
_STOP_SECONDS = 20
_ADDRESS = re.compile(r"http://[\w.\[\]:]+:(\d+)")


def environment(**more):
    """This process's, without what names other keys, endpoints or profiles."""
    env = {name: value for name, value in os.environ.items()
           if not name.startswith("AWS_") and
           (not name.startswith("MILLRACE_") or name == "MILLRACE_SHARED")}
    env.update(LC_ALL="C.UTF-8", AWS_EC2_METADATA_DISABLED="true", **more)
    return env


def program():
    return os.environ["MILLRACE_BIN"]


class Server:
    """Runs from start() to stop() or kill(); close() ends it and removes its folder."""

    def __init__(self, data=None, arguments=(), more_environment=None, running=True):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="server-"))
        self.data = pathlib.Path(data) if data else self._folder / "data"
        self.log = self._folder / "log"
        self.process = self.url = self.port = None
        self._arguments = list(arguments)
        self._environment = environment(MILLRACE_ACCESS_KEY_ID=ACCESS_KEY_ID,
                                        MILLRACE_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY,
                                        **(more_environment or {}))
        if running:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def launch(self):
        """Begins a start, and does not wait for it. Answers the queue of what it prints."""
        lines = queue.Queue()
        self.process = subprocess.Popen(
            [program(), "serve", "--data", str(self.data), "--port", "0", "--scratch", "--log",
             "warning", *self._arguments], env=self._environment, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True)
        threading.Thread(target=self._read, args=(self.process.stdout, lines),
                         daemon=True).start()
        return lines

    def start(self):
        lines = self.launch()
        heard = []
        while True:
            try:
                line = lines.get(timeout=_READY_SECONDS)
            except queue.Empty:
                raise AssertionError(f"not ready within {_READY_SECONDS} s: {heard}") from None
            if line is None:
                raise AssertionError(f"the server did not start: {heard}")
            heard.append(line)
            address = _ADDRESS.search(line)
            if address:
                self.port = int(address[1])
                self.url = f"http://127.0.0.1:{self.port}"
                return

    def _read(self, stream, lines):
        with open(self.log, "a") as out:
            for line in stream:
                out.write(line)
                out.flush()
                lines.put(line)
        lines.put(None)

    def stop(self):
        """SIGTERM. The exit code."""
        os.kill(self.process.pid, signal.SIGTERM)
        return self.process.wait(_STOP_SECONDS)

    def kill(self):
        """kill -9, as a power cut would."""
        self.process.kill()
        self.process.wait()

    def close(self):
        if self.process and self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        for pid in self.supervisors().values():
            for left in (*descendants(pid), pid):
                end_process(left)
        shutil.rmtree(self._folder, ignore_errors=True)

    def client(self, service, region=REGION, keys=(ACCESS_KEY_ID, SECRET_ACCESS_KEY), **config):
        """A boto3 client that does not retry, so that every failure is seen."""
        import boto3
        from botocore.config import Config
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        session = boto3.session.Session(*keys, region_name=region)
        settings = {"retries": {"total_max_attempts": 1}, "s3": {"addressing_style": "path"},
                    "connect_timeout": 5, "read_timeout": 60, **config}
        return session.client(service, endpoint_url=self.url, config=Config(**settings))

    def client_environment(self, **more):
        """For `aws` and other programs that read their settings from the environment."""
        nowhere = str(self._folder / "none")
        return environment(AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID=ACCESS_KEY_ID,
                           AWS_SECRET_ACCESS_KEY=SECRET_ACCESS_KEY, AWS_REGION=REGION,
                           AWS_DEFAULT_REGION=REGION, AWS_CONFIG_FILE=nowhere,
                           AWS_SHARED_CREDENTIALS_FILE=nowhere, AWS_PAGER="", **more)

    def aws(self, *arguments, **more):
        """Runs the `aws` command; the finished process, its output as text."""
        command = "/usr/bin/aws" if os.path.exists("/usr/bin/aws") else "aws"
        return subprocess.run([command, "--endpoint-url", self.url, *arguments], text=True,
                              env=self.client_environment(**more), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120)

    def services(self):
        """The names of the services that this build serves."""
        with urllib.request.urlopen(f"{self.url}/_millrace/health", timeout=10) as answer:
            return json.load(answer)["services"]

    def memory_bytes(self):
        """What the process has in memory now."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def supervisors(self):
        """The running supervisors of jobs: {job id: process id}. See docs/formats."""
        found = {}
        for lock in self.data.glob("jobs/*/lock"):
            try:
                pid, start = lock.read_text().split()
            except (OSError, ValueError):
                continue
            if start_time(int(pid)) == int(start):
                found[lock.parent.name] = int(pid)
        return found

    def staged(self):
        """Files of uploads that have neither been sealed nor given up."""
        folder = self.data / "staging"
        return sorted(folder.iterdir()) if folder.is_dir() else []


def start_time(pid):
    """In clock ticks since boot, or None where there is no such process (or a dead one)."""
    fields = _stat(pid)
    return int(fields[19]) if fields and fields[0] != "Z" else None


def descendants(pid):
    """The process's children, their children and so on; parents first."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        fields = _stat(entry.name) if entry.name.isdigit() else None
        if fields:
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(0), [])
        found += children
        waiting += children
    return found


def _stat(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def end_process(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def wait_until(what, condition, seconds=20, interval=0.05):
    """What `condition` answers once it is true. AssertionError, naming `what`, when it is late."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds} s")
        time.sleep(interval)
