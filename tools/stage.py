"""Runs one long step, showing that it lives: its last line on a terminal, else a line in 30 s."""

import os
import shlex
import signal
import subprocess
import sys
import threading
import time

from project import DEPS, Failure, ROOT, environment

_QUIET_SECONDS = 30


def run(title, command, env=None, cwd=ROOT, timeout=None, show=False, brief=False):
    """Runs `command` to its end and returns its output; Failure with the last lines when it fails.

    `show` passes the output on as it comes; `brief` says nothing of what took less than a second.
    The whole output is kept in .deps/log/<title>.log.
    """
    log = DEPS / "log" / (title.replace(" ", "-").replace("/", "-") + ".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    ticker = _Ticker(title, show)
    lines = []
    process = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=env or environment(), text=True,
        errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)
    timer = threading.Timer(timeout or 1e6, _kill, [process])
    timer.daemon = True
    timer.start()
    try:
        with open(log, "w", buffering=1) as out:
            for line in process.stdout:
                out.write(line)
                lines.append(line)
                ticker.heard(line)
        code = process.wait()
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()
        ticker.stop()
    seconds = time.monotonic() - started
    if code != 0:
        tail = "" if show else "".join(lines[-40:])
        raise Failure(f"{tail}{title} failed with {code} after {seconds:.0f} s: "
                      f"{shlex.join(str(part) for part in command)}\n"
                      f"(all of its output: {log.relative_to(ROOT)})")
    if not brief or seconds >= 1:
        print(f"{title}: {seconds:.1f} s", flush=True)
    return "".join(lines)


def _kill(process):
    """Ends the step and what it started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class _Ticker:
    def __init__(self, title, show):
        self._title, self._show = title, show
        self._terminal = sys.stdout.isatty() and not show
        self._started = self._spoke = time.monotonic()
        self._done = threading.Event()
        if not self._terminal and not show:
            threading.Thread(target=self._beat, daemon=True).start()

    def heard(self, line):
        if self._show:
            print(line, end="", flush=True)
        elif self._terminal and time.monotonic() - self._spoke > 0.1:
            self._spoke = time.monotonic()
            width = os.get_terminal_size().columns - 1
            print(f"\r\033[K{self._title}: {line.strip()}"[:width], end="", flush=True)

    def _beat(self):
        while not self._done.wait(_QUIET_SECONDS):
            print(f"{self._title}: {time.monotonic() - self._started:.0f} s so far", flush=True)

    def stop(self):
        self._done.set()
        if self._terminal:
            print("\r\033[K", end="", flush=True)
