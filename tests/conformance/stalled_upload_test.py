"""Uploads that stop in the middle or say what is not so: nothing becomes visible, what was there
stays, and what was staged goes."""

import base64
import hashlib
import sys
import zlib

from crash_load import BUCKET, Client
from raw import Connection, Request, STREAMING, UNSIGNED
from server import Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_OLD = b"what was there before" * 5_000  # A blob of its own.
_NEW = b"what must not be seen" * 50_000
_STALL_SECONDS = 30  # After which the server gives a silent client up.


def _files(server):
    return sum(path.is_file() for path in (server.data / "blobs").glob("*/*/*"))


def _request(server, key="old", headers=None, body=_NEW, payload=UNSIGNED):
    request = Request(server, "s3", "PUT", f"/{BUCKET}/{key}", "", headers, body)
    request.payload_hash = payload
    return request


def _unchanged(server):
    """After each test: the old object, no other, and no file that nobody needs."""
    client = Client(server)
    equal(client.get("old"), _OLD, "the object that was there")
    equal(list(client.list()), ["old"], "keys")
    client.close()
    wait_until("nothing is staged", lambda: not server.staged())
    wait_until("one blob is left", lambda: _files(server) == 1)


def _cut(server, request, size):
    """Sends the head and so much of the body, and hangs up."""
    with Connection(server.port) as connection:
        connection.send(request.head() + request.body[:size])
        if size >= 400_000:
            wait_until("something is staged", server.staged)


@tests.add("a client that hangs up in the middle leaves nothing")
def _(server):
    for key in ("old", "new"):
        for size in (0, 1, 20_000, 600_000, len(_NEW) - 1):
            _cut(server, _request(server, key).sign(), size)


@tests.add("a client that ends its side in the middle is told so")
def _(server):
    for key in ("old", "new"):
        request = _request(server, key).sign()
        with Connection(server.port) as connection:
            answer = connection.send(request.head() + request.body[:600_000]).end().answer()
            check(answer is None or answer.code == "IncompleteBody", f"{answer}")


@tests.add("a client that stops sending is given up, and what it had sent goes")
def _(server):
    request = _request(server).sign()
    with Connection(server.port) as connection:
        connection.send(request.head() + request.body[:600_000])
        wait_until("something is staged", server.staged)
        equal(Client(server).get("old"), _OLD)
        wait_until("it is given up", lambda: not server.staged(), seconds=2 * _STALL_SECONDS)


@tests.add("kill -9 while a client is sending: what was staged goes with the next start")
def _(server):
    request = _request(server).sign()
    with Connection(server.port) as connection:
        connection.send(request.head() + request.body[:600_000])
        wait_until("something is staged", server.staged)
        server.kill()
        check(server.staged(), "a kill leaves what was staged")
        server.start()
    equal(server.staged(), [])


@tests.add("fewer bytes than announced and more than announced")
def _(server):
    short = _request(server, headers={"content-length": str(len(_NEW) + 1)}).sign()
    with Connection(server.port) as connection:
        answer = connection.send(short.bytes()).end().answer()
        check(answer is None or answer.status == 400, f"{answer}")
    # What is behind the announced bytes is another request, and none.
    long = _request(server, "beyond", {"content-length": str(100)}, _NEW[:200]).sign()
    with Connection(server.port) as connection:
        answers = connection.send(long.bytes()).end().answers()
        equal([answer.status for answer in answers], [200, 400])
    equal(Client(server).get("beyond"), _NEW[:100])
    equal(Client(server).call("DELETE", "beyond").status, 204)


@tests.add("a decoded length that is not the chunks'")
def _(server):
    for announced in (len(_NEW) - 1, len(_NEW) + 1):
        request = _request(server, headers={"x-amz-decoded-content-length": str(announced),
                                            "content-encoding": "aws-chunked",
                                            "transfer-encoding": "chunked"}, payload=STREAMING)
        request.headers["content-length"] = ""
        request.sign()
        del request.headers["content-length"]
        data = request.chunk(_NEW) + request.chunk(b"")
        with Connection(server.port) as connection:
            framed = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
            answer = connection.send(request.head() + framed).answer()
        check(answer is not None and 400 <= answer.status < 500, f"{announced}: {answer}")


@tests.add("digests and checksums of other bytes")
def _(server):
    other = b"other"
    cases = [
        ({"content-md5": base64.b64encode(hashlib.md5(other).digest()).decode()}, UNSIGNED,
         ("BadDigest", "InvalidDigest")),
        ({"x-amz-checksum-crc32": base64.b64encode(
            zlib.crc32(other).to_bytes(4, "big")).decode()}, UNSIGNED, ("BadDigest",)),
        ({"x-amz-checksum-sha256": base64.b64encode(
            hashlib.sha256(other).digest()).decode()}, UNSIGNED, ("BadDigest",)),
        ({}, hashlib.sha256(other).hexdigest(), ("XAmzContentSHA256Mismatch",)),
    ]
    for key in ("old", "new"):
        for headers, payload, codes in cases:
            answer = _request(server, key, dict(headers), payload=payload).sign().send()
            check(answer.status == 400 and answer.code in codes, f"{headers}: {answer}")


def main():
    with Server() as server:
        client = Client(server)
        equal(client.call("PUT").status, 200)
        equal(client.call("PUT", "old", body=_OLD).status, 200)
        client.close()
        return tests.run(server, after=_unchanged)


if __name__ == "__main__":
    sys.exit(main())
