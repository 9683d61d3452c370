"""A mixed load of S3 requests on one connection, with a model of what was acknowledged."""

import base64
import hashlib
import re
import threading

from crash_model import Upload, Value
from raw import Connection, Request, UNSIGNED

BUCKET = "durable"


class Ended(Exception):
    """The server has gone; what was on its way is in doubt."""


class Client:
    """Signed requests on one connection. Raises Ended where no whole answer comes."""

    def __init__(self, server):
        self.server = server
        self._connection = None

    def call(self, method, key="", query="", body=b"", headers=None, signed=True):
        path = f"/{BUCKET}/{key}" if key else f"/{BUCKET}"
        request = Request(self.server, "s3", method, path, query, headers, body)
        if not signed:
            request.payload_hash = UNSIGNED
        try:
            if self._connection is None:
                self._connection = Connection(self.server.port)
            answer = self._connection.send(request.sign().bytes()).answer(method)
        except (OSError, ValueError, TypeError) as problem:
            raise Ended from problem
        if answer is None:
            raise Ended
        announced = int(answer.headers.get("content-length", 0))
        if method != "HEAD" and "content-length" in answer.headers and (
                len(answer.body) != announced):
            raise Ended
        return answer

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def get(self, key):
        """The object's bytes, or None where there is none."""
        answer = self.call("GET", key)
        if answer.status == 404 and answer.code == "NoSuchKey":
            return None
        if answer.status != 200:
            raise AssertionError(f"GET {key}: {answer}")
        return answer.body

    def list(self, query="list-type=2"):
        """{key: size} of the whole bucket, which has less than one page."""
        answer = self.call("GET", "", query)
        if answer.status != 200:
            raise AssertionError(f"list: {answer}")
        return {key.decode(): int(size) for key, size in re.findall(
            rb"<Key>([^<]*)</Key>.*?<Size>(\d+)</Size>", answer.body, re.DOTALL)}

    def uploads(self):
        answer = self.call("GET", "", "uploads=")
        return [(key.decode(), name.decode()) for key, name in re.findall(
            rb"<Key>([^<]*)</Key>\s*<UploadId>([^<]*)</UploadId>", answer.body)]

    def parts(self, upload):
        """The etags of an upload's parts, or None where there is no such upload."""
        answer = self.call("GET", upload.key, f"uploadId={upload.name}")
        if answer.status == 404:
            return None
        return [tag.decode() for tag in re.findall(rb"<ETag>&quot;([^&]*)&quot;", answer.body)] or [
            tag.decode() for tag in re.findall(rb'<ETag>"([^"]*)"', answer.body)]


class Worker:
    """Does random things to the keys of a lane until the server dies or it is told to end."""

    def __init__(self, server, lane, random):
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._client, self._lane, self._random = Client(server), lane, random
        self._ending = threading.Event()
        self.done = 0
        self.problem = None
        self._actions = {self._put: 40, self._delete: 12, self._delete_some: 6, self._copy: 14,
                         self._read: 10, self._list: 3, self._upload: 15}

    def start(self):
        self._thread.start()

    def end(self):
        self._ending.set()

    def join(self, seconds):
        """Whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self):
        try:
            while not self._ending.is_set():
                self._random.choices(*zip(*self._actions.items()))[0]()
                self.done += 1
        except Ended:
            pass
        except Exception as problem:  # Told by whoever joins.
            self.problem = problem
        self._client.close()

    def _expect(self, answer, *statuses):
        if answer.status not in statuses:
            raise AssertionError(f"{answer}, not one of {statuses}")
        return answer

    def _key(self):
        return self._random.choice(self._lane.keys)

    def _put(self):
        key = self._key()
        value = Value.any(self._random, key, self._lane.next_serial())
        self._lane.begin({key: value})
        signed = self._random.random() < 0.5
        self._expect(self._client.call("PUT", key, body=value.body(), signed=signed), 200)
        self._lane.settle()

    def _delete(self):
        key = self._key()
        self._lane.begin({key: None})
        self._expect(self._client.call("DELETE", key), 204)
        self._lane.settle()

    def _delete_some(self):
        keys = self._random.sample(self._lane.keys, 3)
        objects = "".join(f"<Object><Key>{key}</Key></Object>" for key in keys)
        body = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        self._lane.begin(dict.fromkeys(keys))
        self._expect(self._client.call("POST", "", "delete=", body, {"content-md5": digest}), 200)
        self._lane.settle()

    def _copy(self):
        live = self._lane.live()
        if not live:
            return
        source, to = self._random.choice(sorted(live)), self._key()
        if source == to:
            return
        self._lane.begin({to: live[source]})
        headers = {"x-amz-copy-source": f"/{BUCKET}/{source}"}
        self._expect(self._client.call("PUT", to, headers=headers), 200)
        self._lane.settle()

    def _read(self):
        key = self._key()
        body, value = self._client.get(key), self._lane.values[key]
        if body != (value.body() if value else None):
            raise AssertionError(f"read of {key} is not {value}")

    def _list(self):
        prefix = self._lane.keys[0].rpartition("-")[0]
        found = self._client.list(f"list-type=2&prefix={prefix}-")
        wanted = {key: value.size for key, value in self._lane.live().items()}
        if found != wanted:
            raise AssertionError(f"list is {found}, not {wanted}")

    def _upload(self):
        upload = self._lane.upload
        if upload is None:
            self._create_upload()
        elif upload.part is None or self._random.random() < 0.2:
            self._upload_part(upload)
        else:
            self._end_upload(upload, complete=self._random.random() < 0.8)

    def _create_upload(self):
        key = self._key()
        self._lane.create_in_doubt = key
        answer = self._expect(self._client.call("POST", key, "uploads="), 200)
        name = re.search(rb"<UploadId>([^<]*)<", answer.body)[1].decode()
        self._lane.upload, self._lane.create_in_doubt = Upload(key, name), None

    def _upload_part(self, upload):
        value = Value.any(self._random, upload.key, self._lane.next_serial())
        upload.in_doubt, upload.sent = "part", value
        query = f"partNumber=1&uploadId={upload.name}"
        answer = self._client.call("PUT", upload.key, query, value.body(), signed=False)
        etag = self._expect(answer, 200).headers["etag"].strip('"')
        upload.part, upload.in_doubt = (value, etag), None

    def _end_upload(self, upload, complete):
        query = f"uploadId={upload.name}"
        if complete:
            value, etag = upload.part
            upload.in_doubt = "complete"
            self._lane.begin({upload.key: value})
            body = (f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag>"
                    "</Part></CompleteMultipartUpload>").encode()
            self._expect(self._client.call("POST", upload.key, query, body), 200)
            self._lane.settle()
        else:
            upload.in_doubt = "abort"
            self._expect(self._client.call("DELETE", upload.key, query), 204)
        self._lane.upload = None
