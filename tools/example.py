"""`./dev run`: the program on a scratch folder, the recommender through it, and how to go on."""

import pathlib
import shutil
import signal
import subprocess
import tempfile

import build
import npm
import setup
from project import Failure, ROOT, environment
from server import Server, port_is_free

_PORT = 4566
FOLDER = ROOT / "examples/recommender"


def run(options):
    setup.for_example()
    build.build("dev")
    data = _data(options)
    port = _port(options)
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="millrace-run-"))
    state = pathlib.Path(options.keep).resolve() if options.keep else scratch / "data"
    signal.signal(signal.SIGTERM, _interrupt)
    server = Server(build.program(), state, port, scratch / "millrace.log")
    try:
        print(f"millrace: {server.url}, state in {state}", flush=True)
        code = _example(server, data)
        if code == 0 and not options.once:
            _stay(server)
    finally:
        clean = server.close()
    if code == 0 and clean:
        shutil.rmtree(scratch, ignore_errors=True)
    elif code != 0:
        raise Failure(f"the example ended with {code}; the server's log is {scratch}/millrace.log")
    return 0


def _interrupt(*_):
    raise KeyboardInterrupt


def _data(options):
    if not options.data:
        return None
    path = pathlib.Path(options.data).resolve()
    if not path.exists():
        raise Failure(f"--data: there is no {options.data}")
    return path


def _port(options):
    port = _PORT if options.port is None else options.port
    if port == 0 or port_is_free(port):
        return port
    if options.once and options.port is None:
        return 0
    raise Failure(f"port {port} is in use; choose another with --port (0 takes a free one)")


def _example(server, data):
    """Runs it with its output passed on as it is; the last line is its JSON."""
    return subprocess.run([npm.node(), *script(data)], cwd=FOLDER, stdin=subprocess.DEVNULL,
                          env=environment(**server.client_environment())).returncode


def script(data):
    """What node runs, in FOLDER: the example on `data`, or on its made-up shop."""
    return ["main.js"] + (["--data", str(data)] if data else [])


def _stay(server):
    print(f"""
Millrace stays up at {server.url}. In another terminal:

  eval "$(build/millrace env --data {server.data})"
  aws --endpoint-url $AWS_ENDPOINT_URL sagemaker list-endpoints
  aws --endpoint-url $AWS_ENDPOINT_URL s3 ls

Ctrl-C stops it.""", flush=True)
    try:
        server.process.wait()
    except KeyboardInterrupt:
        print("\nstopping", flush=True)
