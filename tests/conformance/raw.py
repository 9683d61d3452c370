"""Requests as bytes: signed by hand, so that any part can be wrong, and sent as they are."""

import datetime
import hashlib
import hmac
import json
import re
import socket
import urllib.parse

from server import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY

UNSIGNED = "UNSIGNED-PAYLOAD"
STREAMING = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
_PATIENCE_SECONDS = 10


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self):
        """The error's code, from XML, from JSON or from the header; without its namespace."""
        found = re.search(rb"<Code>([^<]*)</Code>", self.body)
        if found:
            return found[1].decode()
        code = self.headers.get("x-amzn-errortype", "")
        if not code and self.body.startswith(b"{"):
            document = json.loads(self.body)
            code = document.get("__type") or document.get("code") or ""
        if not code:
            # CBOR: the text after the key __type, its length in the low bits of its head.
            found = re.search(rb"__type([\x60-\x77]|\x78.)", self.body, re.DOTALL)
            size = (found[1][-1] & 31 if len(found[1]) == 1 else found[1][1]) if found else 0
            code = self.body[found.end():found.end() + size].decode() if found else ""
        return code.rpartition("#")[2].partition(":")[0]

    def __repr__(self):
        return f"<{self.status} {self.code} {self.body[:200]!r}>"


class Connection:
    """One connection; send() bytes, answer() reads one answer, closed() whether it has ended."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), _PATIENCE_SECONDS)
        self._input = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._input.close()
        self._socket.close()

    def send(self, data):
        """Sends all of it, or what the server takes before it hangs up."""
        try:
            self._socket.sendall(data)
        except (ConnectionError, BrokenPipeError):
            pass
        return self

    def end(self):
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return self

    def line(self):
        return self._input.readline(65536)

    def answer(self, method="GET"):
        """The next answer, or None where the connection ends instead."""
        try:
            line = self.line()
        except ConnectionError:
            return None
        if not line:
            return None
        status = int(re.fullmatch(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\r\n", line)[1])
        headers = {}
        while (line := self.line()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        if status == 100:
            return self.answer(method)
        body = b"" if method == "HEAD" else self._body(headers)
        return Answer(status, headers, body)

    def _body(self, headers):
        if "chunked" not in headers.get("transfer-encoding", ""):
            return self._input.read(int(headers.get("content-length", 0)))
        body = b""
        while (size := int(self._input.readline(), 16)) > 0:
            body += self._input.read(size)
            self._input.readline()
        self._input.readline()
        return body

    def answers(self):
        """Every answer until the server closes the connection."""
        found = []
        while (answer := self.answer()) is not None:
            found.append(answer)
        return found


def exchange(port, data):
    """Sends the bytes, ends the sending side, and answers all that comes back."""
    with Connection(port) as connection:
        return connection.send(data).end().answers()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Request:
    """A request that can be signed. `path` is as it stands on the wire."""

    def __init__(self, server, service, method="POST", path="/", query="", headers=None, body=b""):
        self.server, self.service, self.method = server, service, method
        self.path, self.query, self.body = path, query, body
        self.headers = {"host": f"127.0.0.1:{server.port}", **(headers or {})}
        self.key, self.secret, self.region = ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION
        self.when = datetime.datetime.now(datetime.timezone.utc)
        self.payload_hash = hashlib.sha256(body).hexdigest()
        self.signature = ""

    def change(self, **values):
        for name, value in values.items():
            setattr(self, name, value)
        return self

    @property
    def stamp(self):
        return self.when.strftime("%Y%m%dT%H%M%SZ")

    @property
    def scope(self):
        return f"{self.stamp[:8]}/{self.region}/{self.service}/aws4_request"

    def _signing_key(self):
        key = ("AWS4" + self.secret).encode()
        for part in self.scope.split("/"):
            key = _hmac(key, part)
        return key

    def _canonical_path(self):
        """S3's is encoded once, whatever the client has sent, and a plus sign is a space; other
        services' paths are plain."""
        if re.search(r"%(?![0-9a-fA-F]{2})", self.path):
            return self.path
        names = [urllib.parse.unquote_to_bytes(name) for name in
                 self.path.replace("+", " ").split("/")]
        return "/".join(urllib.parse.quote(name, safe="-_.~") for name in names)

    def _signature(self, query, headers, payload_hash):
        names = ";".join(sorted(headers))
        canonical = "\n".join([self.method, self._canonical_path(), query,
                               *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names,
                               payload_hash])
        digest = hashlib.sha256(canonical.encode("latin-1")).hexdigest()
        text = f"AWS4-HMAC-SHA256\n{self.stamp}\n{self.scope}\n{digest}"
        return hmac.new(self._signing_key(), text.encode(), hashlib.sha256).hexdigest()

    def sign(self):
        """Adds the headers of a signature over all headers that there are."""
        self.headers["x-amz-date"] = self.stamp
        if self.service == "s3":
            self.headers["x-amz-content-sha256"] = self.payload_hash
        self.headers.setdefault("content-length", str(len(self.body)))
        signed = {name: value for name, value in self.headers.items() if name != "content-length"}
        self.signature = self._signature(self.query, signed, self.payload_hash)
        self.headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self.key}/{self.scope}, "
            f"SignedHeaders={';'.join(sorted(signed))}, Signature={self.signature}")
        return self

    def presign(self, seconds):
        """Puts the signature into the query; the body is not signed."""
        parameters = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256",
                      "X-Amz-Credential": f"{self.key}/{self.scope}", "X-Amz-Date": self.stamp,
                      "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host"}
        query = urllib.parse.urlencode(sorted(parameters.items()), quote_via=urllib.parse.quote,
                                       safe="-_.~")
        signature = self._signature(query, {"host": self.headers["host"]}, UNSIGNED)
        self.query = f"{query}&X-Amz-Signature={signature}"
        self.headers.setdefault("content-length", str(len(self.body)))
        return self

    def chunk(self, data, signature=None):
        """One aws-chunked chunk that follows the last one (or the head); the last one is empty."""
        digest = hashlib.sha256(data).hexdigest()
        text = (f"AWS4-HMAC-SHA256-PAYLOAD\n{self.stamp}\n{self.scope}\n{self.signature}\n"
                f"{hashlib.sha256(b'').hexdigest()}\n{digest}")
        self.signature = hmac.new(self._signing_key(), text.encode(), hashlib.sha256).hexdigest()
        return b"%x;chunk-signature=%s\r\n%s\r\n" % (
            len(data), (signature or self.signature).encode(), data)

    def head(self):
        target = self.path + ("?" + self.query if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1",
                 *(f"{name}: {value}" for name, value in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def bytes(self):
        return self.head() + self.body

    def send(self):
        """The answer to this request alone."""
        with Connection(self.server.port) as connection:
            return connection.send(self.bytes()).answer(self.method)


def identity_request(server):
    """STS GetCallerIdentity, unsigned as yet."""
    return Request(server, "sts", body=b"Action=GetCallerIdentity&Version=2011-06-15",
                   headers={"content-type": "application/x-www-form-urlencoded"})


def json_request(server, target, body, service="sagemaker"):
    return Request(server, service, body=body,
                   headers={"content-type": "application/x-amz-json-1.1", "x-amz-target": target})


def put_request(server, bucket, key, body=b"content", headers=None):
    """S3 PutObject; `key` as it stands on the wire."""
    return Request(server, "s3", "PUT", f"/{bucket}/{key}", body=body, headers=headers)
