"""The command line as scripts see it: exit codes, messages, files, ports, signals, kill -9."""

import os
import pathlib
import shlex
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from raw import identity_request
from server import (ACCESS_KEY_ID, ACCOUNT, REGION, SECRET_ACCESS_KEY, Server, environment, program,
                    wait_until)
from tap import Skip, Tests, check, equal, refused

tests = Tests()

_PATIENCE_SECONDS = 30
_STOP_SECONDS_MAX = 5
_STOPS = 8  # What comes while it stops comes at another moment each time.
_USAGE, _ABSENT, _FAILED = 2, 3, 1
_NOBODY = 65534


def _folder():
    return pathlib.Path(tempfile.mkdtemp(prefix="cli-"))


def _run(*arguments, **more):
    settings = more.pop("environment", {})
    return subprocess.run([program(), *map(str, arguments)], text=True, capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS,
                          env=environment(**settings), **more)


def _fails(ran, code, *words):
    """It ended with this code and one line on standard error, which has these words."""
    equal(ran.returncode, code, f"{ran.args}: {ran.stderr}")
    equal(ran.stdout, "", f"{ran.args}: standard output")
    lines = ran.stderr.strip().splitlines()
    check(len(lines) == 1, f"one line: {ran.stderr!r}")
    for word in words:
        check(str(word) in ran.stderr, f"{word!r} in {ran.stderr!r}")
    check("terminate called" not in ran.stderr, ran.stderr)


@tests.add("--help and --version answer on standard output with 0")
def _(_):
    for arguments, word in ((["--help"], "serve"), (["-h"], "status"), (["serve", "--help"],
                            "--port"), (["env", "--help"], "--data"), (["status", "--help"],
                            "--data"), (["--version"], ".")):
        ran = _run(*arguments)
        equal((ran.returncode, ran.stderr), (0, ""), arguments)
        check(word in ran.stdout, f"{word} in {ran.stdout}")


@tests.add("bad flags are refused with 2 and said on standard error")
def _(_):
    for arguments in ([], ["fly"], ["--fly"], ["serve", "--fly"], ["serve", "--port", "high"],
                      ["serve", "--port", "70000"], ["serve", "--port", "-1"],
                      ["serve", "--log", "loud"], ["serve", "--port"], ["serve", "surplus"],
                      ["env", "status"]):
        ran = _run(*arguments)
        equal((ran.returncode, ran.stdout), (_USAGE, ""), f"{arguments}: {ran.stderr}")
        check(ran.stderr.strip(), f"{arguments}: a reason")


@tests.add("env and status say that there is no instance")
def _(_):
    data = _folder() / "none"
    _fails(_run("env", "--data", data), _FAILED, data)
    ran = _run("status", "--data", data)
    equal(ran.returncode, _ABSENT)
    check("not running" in ran.stdout, ran.stdout)
    check(not data.exists(), "asking makes nothing")


@tests.add("env prints exports that a shell takes; status that it runs")
def _(server):
    ran = _run("env", "--data", server.data)
    equal((ran.returncode, ran.stderr), (0, ""))
    exports = dict(word.split("=", 1) for word in shlex.split(ran.stdout) if "=" in word)
    equal(exports["AWS_ENDPOINT_URL"], server.url)
    equal(exports["AWS_ACCESS_KEY_ID"], ACCESS_KEY_ID)
    equal(exports["AWS_SECRET_ACCESS_KEY"], SECRET_ACCESS_KEY)
    equal((exports["AWS_REGION"], exports["AWS_DEFAULT_REGION"]), (REGION, REGION))
    shell = subprocess.run(
        ["sh", "-c", f'eval "$({program()} env --data {server.data})"; echo "$AWS_ENDPOINT_URL"'],
        text=True, capture_output=True, env=environment())
    equal(shell.stdout.strip(), server.url)
    ran = _run("status", "--data", server.data)
    equal(ran.returncode, 0, ran.stderr)
    check(server.url in ran.stdout, ran.stdout)


@tests.add("the aws command finds out who it is")
def _(server):
    ran = server.aws("sts", "get-caller-identity", "--query", "Account", "--output", "text")
    equal((ran.returncode, ran.stdout.strip()), (0, ACCOUNT), ran.stderr)


@tests.add("a port that is taken is said, and nothing is left running")
def _(server):
    _fails(_run("serve", "--data", _folder(), "--port", server.port), _FAILED, server.port)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _fails(_run("serve", "--data", _folder(), "--port", port), _FAILED, port)


@tests.add("a data directory that another process uses is said, and that one goes on")
def _(server):
    _fails(_run("serve", "--data", server.data, "--port", "0"), _FAILED, server.data)
    equal(identity_request(server).sign().send().status, 200)
    equal(_run("env", "--data", server.data).stdout.count(server.url), 1)


@tests.add("a data directory that cannot be one is said")
def _(_):
    folder = _folder()
    (folder / "file").write_text("here already")
    _fails(_run("serve", "--data", folder / "file", "--port", "0"), _FAILED, folder / "file")
    _fails(_run("serve", "--data", folder / "file" / "below", "--port", "0"), _FAILED, folder)
    _fails(_run("serve", "--data", "/proc/millrace", "--port", "0"), _FAILED, "/proc/millrace")


@tests.add("a data directory without permission is said")
def _(_):
    if os.geteuid() != 0:
        raise Skip("only root can become somebody else")
    folder = _folder()
    folder.chmod(0o700)
    for path in (folder, folder / "below"):
        try:
            ran = _run("serve", "--data", path, "--port", "0", user=_NOBODY, group=_NOBODY,
                       extra_groups=[])
        except PermissionError:
            raise Skip("the program cannot be reached by another user") from None
        _fails(ran, _FAILED, folder)


@tests.add("the first start makes a root key that only its owner can read")
def _(_):
    folder = _folder() / "data"
    own = _plain_server(folder)
    try:
        file = folder / "credentials"
        equal(stat.S_IMODE(file.stat().st_mode), 0o600)
        exports = dict(word.split("=", 1) for word in
                       shlex.split(_run("env", "--data", folder).stdout) if "=" in word)
        keys = (exports["AWS_ACCESS_KEY_ID"], exports["AWS_SECRET_ACCESS_KEY"])
        check(keys[0].startswith("AKIA") and len(keys[0]) == 20 and len(keys[1]) >= 40, keys[0])
        equal(own.client("sts", keys=keys).get_caller_identity()["Account"], ACCOUNT)
        refused("InvalidClientTokenId", own.client("sts").get_caller_identity)
        log = own.log.read_text()
        check(keys[1] not in log, "the secret is not logged")
    finally:
        own.close()
    file.chmod(0o644)
    _fails(_run("serve", "--data", folder, "--port", "0"), _FAILED, file, "chmod 600")
    file.chmod(0o600)
    file.write_text("no credentials\n")
    _fails(_run("serve", "--data", folder, "--port", "0"), _FAILED, file, "line 1")


class _Plain(Server):
    """A server with no keys in its environment."""

    def start(self):
        for name in ("MILLRACE_ACCESS_KEY_ID", "MILLRACE_SECRET_ACCESS_KEY"):
            self._environment.pop(name, None)
        super().start()


def _plain_server(folder):
    return _Plain(data=folder)


@tests.add("two accounts of MILLRACE_ACCOUNTS see themselves, and nothing of each other")
def _(_):
    first = ("AKIAFIRSTACCOUNT0000", "first-secret")
    second = ("AKIASECONDACCOUNT000", "second/secret+x=")
    accounts = f"111111111111:{first[0]}:{first[1]},222222222222:{second[0]}:{second[1]}"
    with Server(more_environment={"MILLRACE_ACCOUNTS": accounts}) as own:
        for keys, account in ((first, "111111111111"), (second, "222222222222"),
                              ((ACCESS_KEY_ID, SECRET_ACCESS_KEY), ACCOUNT)):
            identity = own.client("sts", keys=keys).get_caller_identity()
            equal((identity["Account"], identity["Arn"]),
                  (account, f"arn:aws:iam::{account}:root"))
        refused("SignatureDoesNotMatch",
                own.client("sts", keys=(first[0], second[1])).get_caller_identity)
        if "s3" in own.services():
            mine = own.client("s3", keys=first)
            theirs = own.client("s3", keys=second)
            mine.create_bucket(Bucket="of-the-first")
            mine.put_object(Bucket="of-the-first", Key="k", Body=b"mine")
            equal(theirs.list_buckets()["Buckets"], [])
            refused("AccessDenied", theirs.get_object, Bucket="of-the-first", Key="k")
            refused("AccessDenied", theirs.delete_object, Bucket="of-the-first", Key="k")
            refused("BucketAlreadyExists", theirs.create_bucket, Bucket="of-the-first")
            equal(mine.get_object(Bucket="of-the-first", Key="k")["Body"].read(), b"mine")


@tests.add("accounts and keys that are half given are said, with 2")
def _(_):
    for settings in ({"MILLRACE_ACCESS_KEY_ID": "AKIAALONE"},
                     {"MILLRACE_SECRET_ACCESS_KEY": "alone"}, {"MILLRACE_ACCOUNTS": "1:a:b"},
                     {"MILLRACE_ACCOUNTS": "111111111111"}, {"MILLRACE_ACCOUNTS": "nonsense"},
                     {"MILLRACE_ACCOUNTS": "111111111111::b"}):
        ran = _run("serve", "--data", _folder(), "--port", "0", environment=settings)
        _fails(ran, _USAGE, next(iter(settings)).partition("_SECRET")[0].partition("_ACCESS")[0])
        check("alone" not in ran.stderr, "a secret is not repeated")


@tests.add("an address beyond this machine needs --allow-remote")
def _(_):
    _fails(_run("serve", "--data", _folder(), "--port", "0", "--address", "0.0.0.0"), _FAILED,
           "--allow-remote")


@tests.add("SIGTERM and SIGINT stop it with 0 within seconds, open connections or not")
def _(_):
    for number in (signal.SIGTERM, signal.SIGINT) * _STOPS:
        with Server() as own:
            idle = [socket.create_connection(("127.0.0.1", own.port)) for _ in range(5)]
            idle[0].sendall(b"POST / HTTP/1.1\r\nHos")
            began = time.monotonic()
            os.kill(own.process.pid, number)
            equal(own.process.wait(_PATIENCE_SECONDS), 0)
            took = time.monotonic() - began
            check(took < _STOP_SECONDS_MAX, f"it took {took:.1f} s")
            for connection in idle:
                connection.close()
            equal(_run("status", "--data", own.data).returncode, _ABSENT)


@tests.add("its own programs are not for people")
def _(_):
    for arguments in (["algorithm"], ["algorithm", "fly", "x"], ["launch-job"]):
        ran = _run(*arguments)
        check(ran.returncode not in (0, -signal.SIGABRT, -signal.SIGSEGV), f"{arguments}")
        check(ran.stderr.strip(), "a reason")


@tests.add("kill -9 while clients write: everything that was acknowledged is there afterwards",
           needs=("s3",))
def _(server):
    s3 = server.client("s3")
    s3.create_bucket(Bucket="kept")
    acknowledged = {}
    lock = threading.Lock()

    def write(writer):
        mine = server.client("s3")
        for number in range(100_000):
            key = f"{writer}/{number}"
            body = key.encode() * (1 if number % 5 else 20_000)
            try:
                mine.put_object(Bucket="kept", Key=key, Body=body)
            except Exception:  # The server is gone.
                return
            with lock:
                acknowledged[key] = body

    writers = [threading.Thread(target=write, args=(writer,)) for writer in range(3)]
    for writer in writers:
        writer.start()
    wait_until("objects are written", lambda: len(acknowledged) >= 100)
    server.kill()
    for writer in writers:
        writer.join()
    server.start()
    s3 = server.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="kept")
    listed = {item["Key"] for page in pages for item in page.get("Contents", [])}
    equal(set(acknowledged) - listed, set(), "acknowledged and lost")
    # What was not acknowledged is whole or not there: each writer had one request in flight.
    check(len(listed) <= len(acknowledged) + len(writers), "more than was sent")
    for key in sorted(listed):
        body = s3.get_object(Bucket="kept", Key=key)["Body"].read()
        check(body in (key.encode(), key.encode() * 20_000), f"{key} is whole")
        equal(acknowledged.get(key, body), body, key)
    equal(server.staged(), [], "staging")


@tests.add("users and keys are there after kill -9", needs=("iam",))
def _(server):
    iam = server.client("iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]
    server.kill()
    server.start()
    own = server.client("sts", keys=(key["AccessKeyId"], key["SecretAccessKey"]))
    equal(own.get_caller_identity()["Arn"], f"arn:aws:iam::{ACCOUNT}:user/ada")


if __name__ == "__main__":
    with Server() as shared:
        sys.exit(tests.run(shared, services=shared.services()))
