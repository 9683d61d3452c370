"""The programs that a benchmark runs: the server under test, the load, fio, callgrind.

Every process is ended by the object that started it, and nothing else is.
"""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))
from project import environment  # noqa: E402

_READY_SECONDS = 60
_STOP_SECONDS = 20
_RUN_SECONDS = 120
_ADDRESS = re.compile(r"http://[\w.\[\]]+:\d+")


class Unable(Exception):
    """Why a figure could not be measured; the run goes on with the others."""


class Absent(Exception):
    """What a case needs is optional, and not here."""


def server_program():
    return pathlib.Path(os.environ.get("MILLRACE_BIN") or ROOT / "build-release/millrace")


def built(name):
    return server_program().parent / name


def load_program():
    return built("millrace_load")


class Server:
    """`millrace serve` on a free port and a scratch folder, from construction to close()."""

    def __init__(self, options=(), before=(), program=None, prepare=None):
        self._scratch = tempfile.mkdtemp(prefix="millrace-bench-")
        self._log = open(pathlib.Path(self._scratch) / "log", "w")
        self.data = pathlib.Path(self._scratch) / "data"
        if prepare:
            prepare(self.data)
        command = [*before, program or server_program(), "serve", "--data", self.data,
                   "--port", "0", "--log", "warning", *options]
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            [str(part) for part in command], text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self._log, env=environment())
        self.pid = self.process.pid
        try:
            self.url = self._address()
            self.ready_ms = (time.monotonic() - self._started) * 1e3
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _address(self):
        timer_end = self._started + _READY_SECONDS
        for line in self.process.stdout:
            found = _ADDRESS.search(line)
            if found:
                return found[0]
            if time.monotonic() > timer_end:
                break
        self._log.flush()
        said = pathlib.Path(self._log.name).read_text()[-500:]
        raise Unable(f"the server did not become ready: {said}")

    def keys(self):
        """What `millrace env` prints, as the environment of clients."""
        printed = subprocess.run([server_program(), "env", "--data", self.data], text=True,
                                 capture_output=True, check=True)
        words = (word.partition("=") for word in shlex.split(printed.stdout, comments=True))
        exports = {name: value for name, equals, value in words if equals}
        return dict(exports, AWS_ENDPOINT_URL=self.url)

    def cpu_seconds(self):
        return time.clock_gettime((~self.pid << 3) | 2)

    def memory_mib(self, field):
        """`Rss` or `Pss` of /proc/PID/smaps_rollup."""
        for line in pathlib.Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise Unable(f"the kernel does not tell {field}")

    def peak_mib(self):
        """The most that was resident since the start."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise Unable("the kernel does not tell VmHWM")

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()
        shutil.rmtree(self._scratch, ignore_errors=True)


def run(command, env=None, cwd=None, limit=_RUN_SECONDS):
    """The output of a program that must end well and within `limit` seconds."""
    try:
        done = subprocess.run([str(part) for part in command], text=True, cwd=cwd,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=limit,
                              env=dict(environment(), **(env or {})))
    except FileNotFoundError:
        raise Unable(f"{command[0]} is not installed")
    except subprocess.TimeoutExpired:
        raise Unable(f"{pathlib.Path(str(command[0])).name} took over {limit} s")
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-600:]
        raise Unable(f"{pathlib.Path(str(command[0])).name} failed: {said}")
    return done.stdout


def load(arguments, keys=None):
    """Runs millrace_load and returns what it measured."""
    return json.loads(run([load_program(), *arguments], env=keys))


def fio(arguments, folder):
    """Runs one fio job in `folder` and returns its description of the job."""
    said = run(["fio", "--name=bench", f"--directory={folder}", "--output-format=json",
                "--group_reporting", "--thread", *arguments], cwd=folder)
    return json.loads(said[said.index("{"):])["jobs"][0]


class Counted:
    """A server under callgrind, which counts the instructions of a piece of its life."""

    def __init__(self, options=()):
        if not shutil.which("valgrind"):
            raise Unable("valgrind is not installed")
        self._folder = tempfile.mkdtemp(prefix="millrace-count-")
        # Valgrind 3.19 cannot read the line tables of this compiler; functions' names suffice.
        program = pathlib.Path(self._folder) / "millrace"
        run(["objcopy", "--strip-debug", server_program(), program])
        before = ["valgrind", "--tool=callgrind", "--instr-atstart=no",
                  f"--callgrind-out-file={self._folder}/out"]
        try:
            self.server = Server(options, before, program)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def instructions(self, work):
        """How many the server executes while `work()` runs."""
        run(["callgrind_control", "-i", "on", self.server.pid])
        work()
        run(["callgrind_control", "-d", self.server.pid])
        for path in sorted(pathlib.Path(self._folder).glob("out.*")):
            for line in path.read_text(errors="replace").splitlines():
                if line.startswith(("totals:", "summary:")):
                    return int(line.split()[1])
        raise Unable("callgrind wrote no total")
