"""One `millrace serve` of our own: started, waited for, stopped by its process id."""

import os
import pathlib
import queue
import re
import shlex
import signal
import socket
import subprocess
import threading

from project import Failure, environment

_READY_SECONDS = 30
_STOP_SECONDS = 20
_ADDRESS = re.compile(r"http://[\w.\[\]:]+:(\d+)")


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Server:
    """Runs from construction to close(). Failure when it does not become ready."""

    def __init__(self, program, data, port, log):
        self.data, self._log, self.url = pathlib.Path(data), pathlib.Path(log), None
        self._program = str(program)
        self._lines = queue.Queue()
        self.process = subprocess.Popen(
            [self._program, "serve", "--data", str(data), "--port", str(port)], text=True,
            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, errors="replace", start_new_session=True)
        threading.Thread(target=self._read, daemon=True).start()
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _read(self):
        with open(self._log, "w") as out:
            for line in self.process.stdout:
                out.write(line)
                out.flush()
                if self.url is None:
                    self._lines.put(line)
        self._lines.put(None)

    def _wait_until_ready(self):
        heard = []
        while True:
            try:
                line = self._lines.get(timeout=_READY_SECONDS)
            except queue.Empty:
                raise Failure(f"millrace was not ready within {_READY_SECONDS} s; see {self._log}")
            if line is None:
                raise Failure("millrace did not start: " + "".join(heard[-5:]).strip())
            heard.append(line)
            address = _ADDRESS.search(line)
            if address:
                self.url = f"http://127.0.0.1:{address[1]}"
                return

    def client_environment(self):
        """What `millrace env` prints, as a dictionary: endpoint, key, secret, region."""
        printed = subprocess.run([self._program, "env", "--data", str(self.data)], text=True,
                                 capture_output=True, env=environment())
        if printed.returncode != 0:
            raise Failure(f"millrace env failed: {printed.stderr.strip()}")
        exports = {}
        for word in shlex.split(printed.stdout, comments=True):
            name, equals, value = word.partition("=")
            if equals and name.isidentifier():
                exports[name] = value
        exports["AWS_ENDPOINT_URL"] = self.url
        return exports

    def close(self):
        """Asks it to stop, which drains it; insists after a while. True when it obeyed."""
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        try:
            return self.process.wait(_STOP_SECONDS) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
