"""Tests of starting and stopping a server, with a small program in the place of millrace."""

import os
import pathlib
import socket
import tempfile
import unittest
from unittest import mock

import example
import server
from project import Failure

PROGRAM = """\
#!/bin/bash
if [[ $1 == env ]]; then
  echo "# for the shell"; echo "export AWS_ACCESS_KEY_ID=key"; echo "export AWS_REGION='us-east-1'"
  exit 0
fi
trap 'exit 0' TERM
%s
while :; do read -t 1 < /dev/zero; done
"""


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def start(self, said):
        program = pathlib.Path(self.folder.name) / "millrace"
        program.write_text(PROGRAM % said)
        program.chmod(0o755)
        log = pathlib.Path(self.folder.name) / "log"
        return server.Server(program, self.folder.name, 0, log), log

    def test_it_is_ready_when_it_prints_its_address(self):
        made, log = self.start('echo starting; echo "listening on http://127.0.0.1:4000"')
        self.assertEqual(made.url, "http://127.0.0.1:4000")
        self.assertEqual(made.client_environment(),
                         {"AWS_ACCESS_KEY_ID": "key", "AWS_REGION": "us-east-1",
                          "AWS_ENDPOINT_URL": "http://127.0.0.1:4000"})
        self.assertTrue(made.close())
        self.assertIn("listening", log.read_text())

    def test_what_it_said_is_told_when_it_does_not_start(self):
        with self.assertRaisesRegex(Failure, "the disk is full"):
            self.start("echo the disk is full; exit 1")

    def test_one_that_is_never_ready_is_ended(self):
        with mock.patch.object(server, "_READY_SECONDS", 0.2):
            with self.assertRaisesRegex(Failure, "not ready"):
                self.start('echo $$ > "$(dirname "$0")/pid"')
        pid = int((pathlib.Path(self.folder.name) / "pid").read_text())
        with self.assertRaises(ProcessLookupError):
            os.kill(pid, 0)

    def test_one_that_ignores_the_request_to_stop_is_ended(self):
        made, _ = self.start("trap '' TERM; echo http://127.0.0.1:1")
        with mock.patch.object(server, "_STOP_SECONDS", 0.2):
            self.assertFalse(made.close())
        self.assertIsNotNone(made.process.poll())


class PortTest(unittest.TestCase):
    def options(self, port, once):
        return mock.Mock(port=port, once=once)

    def test_a_taken_port(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with mock.patch.object(example, "_PORT", port):
                self.assertEqual(example._port(self.options(None, True)), 0)
                for options in (self.options(None, False), self.options(port, True)):
                    with self.assertRaisesRegex(Failure, "in use"):
                        example._port(options)
        self.assertEqual(example._port(self.options(0, False)), 0)


if __name__ == "__main__":
    unittest.main()
