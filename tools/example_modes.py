"""Runs the recommender through a server of its own and looks at its answer: example_modes.py MODE.

`shop` is the made-up shop; `data` the real sets, skipped by name where they are not there. Reports
in TAP's words. What it measured is the example's to say; that it is whole is looked at here.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import example
import npm
from project import environment, shared_data
from server import Server

_KEYS = ("dataset", "rows", "model", "popularity", "seconds", "endpoint_status", "recommendations")
_TOP = 5


def main(mode):
    data = shared_data() / "data" if shared_data() else None
    if mode == "data" and not (data and data.is_dir()):
        print("skip the loop on real data: MILLRACE_SHARED has no data")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        server = Server(os.environ["MILLRACE_BIN"], folder / "data", 0, folder / "log")
        try:
            ran = subprocess.run(
                [npm.node(), *example.script(data if mode == "data" else None)],
                cwd=example.FOLDER, env=environment(**server.client_environment()), text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        finally:
            stopped = server.close()
        wrong = _wrong(ran, stopped)
        if wrong:
            print(ran.stdout + (folder / "log").read_text()[-4000:])
    for problem in wrong:
        print(f"not ok the loop on {mode}: {problem}")
    if not wrong:
        print(f"ok the loop on {mode}")
    return 1 if wrong else 0


def _wrong(ran, stopped):
    """What is not as it should be, in words."""
    if ran.returncode != 0:
        return [f"it ended with {ran.returncode}"]
    try:
        answer = json.loads(ran.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        return ["its last line is no JSON"]
    wrong = [f"its answer has no {key}" for key in _KEYS if key not in answer]
    if wrong:
        return wrong
    if answer["endpoint_status"] != "InService":
        wrong.append(f"the endpoint is {answer['endpoint_status']}")
    if not answer["rows"]:
        wrong.append("it trained on no rows")
    if len(answer["recommendations"]) != _TOP:
        wrong.append(f"it recommends {len(answer['recommendations'])} products, not {_TOP}")
    if not stopped:
        wrong.append("the server did not stop when asked to")
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
