"""A case of kind `load`: one request, replayed on some connections against a server of its own."""

import json
import shlex
import tempfile

import programs
from figure import Figure

_MIB = 1 << 20
_WARM_UP = 0.2
_FEW = 4  # On more connections, large bodies go round once.


def measure(case):
    bytes_moved = case.get("measure") == "bytes"
    figures = []
    with programs.Server(shlex.split(case.get("serve"))) as server:
        keys = server.keys()
        for line in case.often["before"]:
            programs.load(_before(line, server), keys)
        for connections in case.numbers("connections", "1"):
            rounds = 1 if bytes_moved and connections > _FEW else case.number("rounds", 3)
            length = ["--requests", max(case.number("requests", 1), connections)] \
                if bytes_moved else ["--seconds", case.number("seconds", 0.8),
                                     "--warm-up", _WARM_UP]
            arguments = [*_request(case), "--connections", connections, *length]
            runs = [programs.load(["--url", server.url, "--server", server.pid, *arguments], keys)
                    for _ in range(rounds)]
            beside = _beside(case, connections, arguments, keys)
            made = (_throughput if bytes_moved else _rates)(runs, connections, beside)
            figures += made + _share(case, made[0], connections)
    if case.get("instructions"):
        figures.append(_instructions(case))
    return figures


def _request(case):
    method, target, service = case.get("request").split()
    arguments = ["--method", method, "--target", target, "--service", service,
                 "--variants", case.number("variants", 1)]
    for header in case.often["header"]:
        arguments += ["--header", header]
    if case.get("body"):
        arguments += ["--body", case.get("body")]
    if case.get("body_bytes"):
        arguments += ["--body-bytes", case.get("body_bytes")]
    return arguments + [f"--{flag}" for flag in case.often["flag"]]


def _before(line, server):
    """`before METHOD TARGET SERVICE [BODY_BYTES [VARIANTS]]`: sent once each, not measured."""
    method, target, service, *rest = line.split()
    body_bytes, variants = (rest + ["0", "1"])[:2] if len(rest) != 1 else (rest[0], "1")
    return ["--url", server.url, "--method", method, "--target", target, "--service", service,
            "--body-bytes", body_bytes, "--variants", variants, "--requests", variants]


def _rates(runs, connections, beside):
    at = f"{connections} connection{'s' if connections > 1 else ''}"

    def column(name):
        return [run[name] for run in runs]

    return [Figure(f"requests/s at {at}", column("requests_per_second"), "1/s",
                   {what: value for what, (value, _) in beside.items()}),
            Figure(f"p50 at {at}", column("p50_us"), "µs",
                   {what: micros for what, (_, micros) in beside.items()}),
            Figure(f"p99 at {at}", column("p99_us"), "µs"),
            Figure(f"requests per core second at {at}", column("requests_per_core_second"),
                   "1/s")]


def _throughput(runs, connections, beside):
    at = f"{connections} connection{'s' if connections > 1 else ''}"
    rates = [max(run["sent_bytes_per_second"], run["answer_bytes_per_second"]) / 1e9
             for run in runs]
    return [Figure(f"GB/s at {at}", rates, "GB/s",
                   {what: value for what, (value, _) in beside.items()}),
            Figure(f"server CPU a MiB at {at}",
                   [run["server_cpu_us"] / (moved(run) / _MIB) for run in runs], "µs")]


def _share(case, figure, connections):
    """`share WHAT, …`: how much of the lowest of those beside it the figure reaches."""
    wanted = [what.strip() for what in case.get("share").split(",") if what.strip()]
    limits = [figure.beside[what] for what in wanted if figure.beside.get(what)]
    if not limits:
        return []
    name = wanted[0] if len(wanted) == 1 else "the lowest limit"
    at = f"{connections} connection{'s' if connections > 1 else ''}"
    return [Figure(f"of {name} at {at}", 100 * figure.value / min(limits), "%")]


def moved(run):
    return max(run["sent_bytes_per_second"], run["answer_bytes_per_second"]) * run["seconds"] \
        / run["requests"]


_PEERS = {"loopback": ("--bare-answer", "bare loopback"),
          "echo": ("--echo-answer", "bare Asio echo")}


def _beside(case, connections, arguments, keys):
    """{what: (rate, µs)} of what bounds the server, right after the server's rounds."""
    found = {}
    for line in case.often["beside"]:
        word, *rest = line.split()
        if word in _PEERS:
            option, what = _PEERS[word]
            run = programs.load([option, rest[0], *arguments], keys)
            rate = run["requests_per_second"]
            if case.get("measure") == "bytes":
                rate = max(run["sent_bytes_per_second"], run["answer_bytes_per_second"]) / 1e9
            found[what] = (rate, run["p50_us"])
        elif word == "disk":
            found["disk (fio)"] = _disk(rest, connections, case)
        elif word == "rocksdb":
            found["RocksDB alone"] = _rocksdb(rest[0], connections, case)
        elif word == "digest":
            speeds = programs.load(["--digests", 64 * _MIB])
            found[f"{rest[0].upper()} on a core"] = (speeds[rest[0]] / 1e9, 0)
        else:
            raise ValueError(f"{case.name}.bench: beside {word!r}")
    return found


def _rocksdb(size, connections, case):
    """RocksDB's own synced puts, a thread a connection, without a server."""
    with tempfile.TemporaryDirectory(prefix="millrace-rocksdb-") as folder:
        said = programs.run([programs.built("rocks_bench"), folder, connections, size,
                             case.number("seconds", 0.8)])
    measured = json.loads(said)
    return measured["requests_per_second"], measured["mean_us"]


def _disk(words, connections, case):
    """`disk write|read BYTES`: the same pattern of syncs, without a server."""
    kind, size = words[0], int(words[1])
    seconds = max(1, round(case.number("seconds", 0.8)))
    with tempfile.TemporaryDirectory(prefix="millrace-disk-") as folder:
        if kind == "write" and case.get("measure") != "bytes":
            job = programs.fio(["--rw=write", f"--bs={size}", "--size=64m", "--fdatasync=1",
                                f"--numjobs={connections}", "--time_based",
                                f"--runtime={seconds}"], folder)
            sync = job["sync"]["lat_ns"]["mean"] + job["write"]["lat_ns"]["mean"]
            return job["write"]["iops"], sync / 1e3
        if kind == "write":
            job = programs.fio(["--rw=write", "--bs=1m", f"--size={size}",
                                f"--fdatasync={size // _MIB}", f"--numjobs={connections}",
                                f"--loops={4 if connections <= _FEW else 1}"], folder)
            return job["write"]["bw_bytes"] / 1e9, 0
        job = programs.fio(["--rw=read", "--bs=1m", f"--size={size}", "--pre_read=1",
                            f"--numjobs={connections}",
                            f"--loops={8 if connections <= _FEW else 1}"], folder)
        return job["read"]["bw_bytes"] / 1e9, 0


def _instructions(case):
    """Instructions that the server executes for one request: they repeat, so they are the gate."""
    requests = case.number("instructions", 500)
    with programs.Counted(shlex.split(case.get("serve"))) as counted:
        keys = counted.server.keys()
        for line in case.often["before"]:
            programs.load(_before(line, counted.server), keys)
        arguments = ["--url", counted.server.url, *_request(case)]
        programs.load([*arguments, "--requests", 50], keys)
        total = counted.instructions(
            lambda: programs.load([*arguments, "--requests", requests], keys))
    return Figure("instructions a request", total / requests, "", gate=True)
