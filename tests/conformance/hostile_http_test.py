"""HTTP that is malformed, cut off, too large or smuggles: refused, and nothing else is harmed."""

import pathlib
import random
import sys

from raw import Connection, Request, exchange, identity_request, json_request
from server import Server, wait_until
from tap import Tests, check, equal

tests = Tests()

_MEMORY_MAX = 256 << 20
_HOST = b"Host: 127.0.0.1\r\n"


def _identity(server):
    return identity_request(server).sign().bytes()


def _unharmed(server):
    """After each test: the server answers, is small, and keeps no half-made upload."""
    equal(identity_request(server).sign().send().status, 200, "GetCallerIdentity")
    check(server.memory_bytes() < _MEMORY_MAX, f"memory: {server.memory_bytes()}")
    equal(server.staged(), [], "staging")


def _refused(server, data, statuses, follow=True):
    """The bytes are answered once with one of the statuses, and what follows them is not read."""
    follower = _identity(server) if follow else b""
    answers = exchange(server.port, data + follower)
    got = [answer.status for answer in answers]
    check(len(got) == 1 and got[0] in statuses, f"{data[:120]!r}: {got}, expected {statuses}")
    equal(answers[0].headers.get("connection", "").lower(), "close", f"{data[:80]!r}: connection")


@tests.add("a good request is answered, also ten in one packet and in bytes of one")
def _(server):
    answers = exchange(server.port, _identity(server) * 10)
    equal([answer.status for answer in answers], [200] * 10)
    with Connection(server.port) as connection:
        for byte in _identity(server):
            connection.send(bytes([byte]))
        equal(connection.answer().status, 200)


@tests.add("request lines that are none are 400 and end the connection")
def _(server):
    for line in (b"\x00\x01\x02\x03", b"GET", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 x",
                 b" GET / HTTP/1.1", b"G\x00T / HTTP/1.1", b"GET / http/1.1", b"GET / HTTP/1.1\r",
                 b"GET /\x7f HTTP/1.1", b"GET x HTTP/1.1", b"GET /a b HTTP/1.1",
                 b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"):
        _refused(server, line + b"\r\n" + _HOST + b"\r\n", (400,))
    for version in (b"HTTP/0.9", b"HTTP/2.0", b"HTTP/9.9", b"HTTP/1.10"):
        _refused(server, b"GET / " + version + b"\r\n" + _HOST + b"\r\n", (400, 505))


@tests.add("headers that are none are 400 and end the connection")
def _(server):
    for header in (b"no colon", b": no name", b"a b: c", b"name : value", b"na\x00me: value",
                   b"name: va\x00lue", b"name: a\rb", b" folded: first", b"name: a\r\n folded",
                   b"n\xc3\xa4me: value", b"Host: second"):
        _refused(server, b"GET / HTTP/1.1\r\n" + _HOST + header + b"\r\n\r\n", (400,))
    _refused(server, b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", (400,))


@tests.add("a body whose length is ambiguous is refused: no request is smuggled")
def _(server):
    smuggled = _identity(server)
    heads = [b"Content-Length: 0\r\nContent-Length: %d" % len(smuggled),
             b"Content-Length: %d, 0" % len(smuggled),
             b"Content-Length: 0\r\nTransfer-Encoding: chunked",
             b"Transfer-Encoding: chunked\r\nContent-Length: 5",
             b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity",
             b"Transfer-Encoding: xchunked", b"Transfer-Encoding: chunked\r\n"
             b"Transfer-Encoding: chunked", b"Transfer-Encoding: \x0bchunked",
             b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding : chunked",
             b"Content-Length: +5", b"Content-Length: -1", b"Content-Length: 0x5",
             b"Content-Length: 5 5", b"Content-Length: ", b"Content-Length: five",
             b"Content-Length: 18446744073709551621", b"Content-Length: 9" + b"9" * 40]
    for head in heads:
        _refused(server, b"POST / HTTP/1.1\r\n" + _HOST + head + b"\r\n\r\n", (400, 413, 501))


@tests.add("HTTP/1.0 with a transfer encoding is refused")
def _(server):
    _refused(server, b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, 501))


def _chunked(server, chunks):
    """A signed request whose body comes as the given chunks."""
    request = identity_request(server)
    request.headers["transfer-encoding"] = "chunked"
    request.sign()
    del request.headers["content-length"]
    return request.head() + chunks, request.body


@tests.add("chunks: good ones are joined; malformed ones are refused and end the connection")
def _(server):
    head, body = _chunked(server, b"")
    good = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    answers = exchange(server.port, head + good + b"0\r\nx-trailer: 1\r\n\r\n" + _identity(server))
    equal([answer.status for answer in answers], [200, 200])
    for bad in (b"zz\r\n", b"-1\r\n", b"+5\r\nhello\r\n", b"0x5\r\nhello\r\n", b" 5\r\nhello\r\n",
                b"5\r\nhelloworld", b"5\r\nhello0\r\n\r\n", b"fffffffffffffffff\r\n",
                b"ffffffffffffffff\r\n" + bytes(64), b"5;" + b"x" * 70_000 + b"\r\nhello\r\n",
                b"\r\n\r\n", b"5\nhello\n0\n\n", b"0\r\n" + b"a: b\r\n" * 20_000 + b"\r\n"):
        answers = exchange(server.port, head + bad + b"\r\n" + _identity(server))
        got = [answer.status for answer in answers]
        check(len(got) <= 1 and all(400 <= status < 500 for status in got), f"{bad[:40]!r}: {got}")


@tests.add("a request that ends in the middle, anywhere, is nothing")
def _(server):
    whole = _identity(server)
    head = whole.index(b"\r\n\r\n")
    for end in (1, 10, head - 1, head, head + 2, head + 4, len(whole) - 1):
        answers = exchange(server.port, whole[:end])
        check(all(answer.status >= 400 for answer in answers), f"cut at {end}: {answers}")
    chunks, body = _chunked(server, b"")
    for tail in (b"27", b"27\r\n", b"27\r\n" + body, b"27\r\n" + body + b"\r\n0", b"f" * 6):
        answers = exchange(server.port, chunks + tail)
        check(all(answer.status >= 400 for answer in answers), f"cut after {tail}: {answers}")


@tests.add("a head that is too large is 431, a target that is too long 414")
def _(server):
    start = b"GET / HTTP/1.1\r\n" + _HOST
    _refused(server, start + b"x-big: " + b"a" * (1 << 20) + b"\r\n\r\n", (431,), follow=False)
    _refused(server, start + b"".join(b"x-%d: 1\r\n" % n for n in range(5000)) + b"\r\n", (431,),
             follow=False)
    _refused(server, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n" + _HOST + b"\r\n", (414,))
    _refused(server, b"GET /?" + b"a" * (1 << 20) + b" HTTP/1.1\r\n" + _HOST + b"\r\n",
             (414, 431), follow=False)


@tests.add("a typed operation's body that is too large is refused before it is sent")
def _(server):
    for size in (64 << 20, 1 << 40, (1 << 63) - 1):
        for service, target in (("sts", None), ("sagemaker", "SageMaker.ListModels")):
            request = Request(server, service, headers={
                "content-type": "application/x-amz-json-1.1" if target else
                                "application/x-www-form-urlencoded",
                **({"x-amz-target": target} if target else {}),
                "content-length": str(size), "expect": "100-continue"}).sign()
            with Connection(server.port) as connection:
                answer = connection.send(request.head()).answer()
                # What no counter of bytes can hold is no length at all.
                equal(answer.status, 400 if size > 1 << 62 else 413, f"{service}, {size} bytes")


@tests.add("a typed operation's body that turns out too large is refused while it is sent")
def _(server):
    head, _ = _chunked(server, b"")
    chunk = b"100000\r\n" + b"a" * (1 << 20) + b"\r\n"
    with Connection(server.port) as connection:
        connection.send(head)
        for _ in range(48):
            connection.send(chunk)
        answer = connection.send(b"0\r\n\r\n").end().answer()
        check(answer is None or answer.status == 413, f"{answer}")


@tests.add("Expect: 100-continue is answered first; another expectation is 417")
def _(server):
    request = identity_request(server)
    request.headers["expect"] = "100-continue"
    request.sign()
    with Connection(server.port) as connection:
        connection.send(request.head())
        equal(connection.line(), b"HTTP/1.1 100 Continue\r\n")
        equal(connection.line(), b"\r\n")
        equal(connection.send(request.body).answer().status, 200)
    _refused(server, b"POST / HTTP/1.1\r\n" + _HOST + b"Expect: miracles\r\n"
             b"Content-Length: 0\r\n\r\n", (400, 417))


@tests.add("connections that say nothing, or a byte at a time, keep nobody else waiting")
def _(server):
    slow = [Connection(server.port) for _ in range(300)]
    try:
        for number, connection in enumerate(slow):
            connection.send(_identity(server)[:number % 40])
        for _ in range(5):
            equal(identity_request(server).sign().send().status, 200)
    finally:
        for connection in slow:
            connection.close()

    descriptors = pathlib.Path(f"/proc/{server.process.pid}/fd")
    wait_until("their descriptors are closed", lambda: len(list(descriptors.iterdir())) < 150)


def _mutated(draw, data):
    """The bytes with one to eight changes: flipped, removed, repeated or put in."""
    data = bytearray(data)
    for _ in range(draw.randrange(1, 9)):
        at = draw.randrange(len(data))
        end = min(len(data), at + draw.randrange(1, 20))
        kind = draw.randrange(4)
        if kind == 0:
            data[at] ^= 1 << draw.randrange(8)
        elif kind == 1 and end - at < len(data):
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end]
        else:
            data[at:at] = draw.choice((b"\r\n", b"\0", b":", b" ", b"%", b"\xff", b"\r", b"0"))
    return bytes(data)


@tests.add("a thousand requests with random damage: none of them is the server's fault")
def _(server):
    draw = random.Random(20_241)
    listing = json_request(server, "SageMaker.ListModels", b'{"MaxResults": 10}').sign().bytes()
    chunked, _ = _chunked(server, b"7\r\nAction=\r\n0\r\n\r\n")
    for number in range(1000):
        data = _mutated(draw, (_identity(server), listing, chunked)[number % 3])
        for answer in exchange(server.port, data):
            check(answer.status < 500 or answer.status in (501, 505), f"{data!r}: {answer}")


@tests.add("methods that no operation has are refused")
def _(server):
    for method in ("TRACE", "CONNECT", "OPTIONS", "PATCH", "BREW"):
        for answer in exchange(server.port, f"{method} / HTTP/1.1\r\nHost: x\r\n\r\n".encode()):
            check(400 <= answer.status <= 501, f"{method}: {answer}")


if __name__ == "__main__":
    with Server() as own:
        sys.exit(tests.run(own, after=_unharmed))
