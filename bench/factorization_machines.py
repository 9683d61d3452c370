"""Factorization Machines beside what the machine allows, and on the example that AWS published.

A case of kind `factorization_machines`: the solvers `measure` (or `limits`) on as many `threads`,
at every number of non-zeros and size of table that engines_ml_roofline has; or `example` epochs of
the training job that AWS published, where its data is here.
"""

import os
import pathlib
import re

import programs
from figure import Figure

_LIMIT = re.compile(r"^(multiply-add|reading +\d+ KiB): ([\d.]+) (GFLOP/s|GB/s) a core$")
_ROW = re.compile(r"^(\w+) +(\d+) MiB +(\d+) +(\d+) +(\d+) +\d+% +(\d+) +\d+%"
                  r"( +(\d+) +([\d.]+) +([\d.]+))?$")
_JOB = re.compile(r"^whole job: ([\d.]+) s of CPU, [\d.]+ s, (\d+) records/s$", re.MULTILINE)
_ERROR = re.compile(r"test (rmse|absolute_loss) <loss>=([\d.]+)")
_PUBLISHED = {"rmse": 68.732, "absolute_loss": 17.038}  # By the real service, on the same rows.
_SECONDS = 900


def measure(case):
    threads = int(case.number("threads", 1))
    figures = []
    for solver in case.get("measure").split():
        figures += _roofline(solver, threads)
    if case.get("example"):
        figures += _example(int(case.number("example", 20)))
    return figures


def _roofline(solver, threads):
    figures, shares, plain, gains, possible = [], [], [], [], []
    for line in _run("engines_ml_roofline", solver, threads).splitlines():
        limit, row = _LIMIT.match(line), _ROW.match(line)
        if limit:
            name = " ".join(limit[1].split())
            figures.append(Figure(f"{name}, a core", float(limit[2]), limit[3]))
        elif row:
            name = f"{row[1]}, {row[3]} non-zeros, table of {row[2]} MiB"
            figures.append(Figure(name, int(row[4]), "1/s",
                                  {"bound": int(row[5]), "rows without lookahead": int(row[6])}))
            shares.append(100 * int(row[4]) / int(row[5]))
            plain.append(100 * int(row[4]) / int(row[6]))
            if row[7]:
                figures.append(Figure(f"{name}, {threads} threads", int(row[8]), "1/s",
                                      {"one thread": int(row[4])}))
                figures.append(Figure(f"{name}, gain of {threads} threads", float(row[9]), "x",
                                      {"rows of a table of each thread's own": float(row[10])}))
                gains.append(float(row[9]))
                possible.append(float(row[10]))
    if shares:  # Each case counts, not the middle one.
        figures.append(Figure("of the bound, the least of all cases", min(shares), "%"))
        figures.append(Figure("of rows without lookahead, the least of all cases", min(plain), "%"))
    if gains:
        figures.append(Figure(f"gain of {threads} threads, the least of all cases", min(gains), "x",
                              {"rows of a table of each thread's own": min(possible)}))
    return figures


def _example(epochs):
    shared = pathlib.Path(os.environ.get("MILLRACE_SHARED") or programs.ROOT.parent / "shared")
    data = shared / "data/online-retail"
    if not data.is_dir():
        raise programs.Absent("AWS's example: its data is not here")
    printed = _run("engines_ml_bench", data, epochs)
    job = _JOB.search(printed)
    if not job:
        raise programs.Unable("engines_ml_bench printed no line of the whole job")
    seconds, speed = job.groups()
    figures = [Figure(f"AWS's example, {epochs} epochs: processor time of the job", float(seconds),
                      "s", {"billed by the service": 228}),
               Figure("AWS's example: examples a processor second", int(speed), "1/s",
                      {"the service on 4 vCPU, a second": 129000})]
    for name, value in dict(_ERROR.findall(printed)).items():
        figures.append(Figure(f"AWS's example: test {name}", float(value), "",
                              {"the service": _PUBLISHED[name]}))
    return figures


def _run(program, *arguments):
    path = programs.built(program)
    if not path.is_file():
        found = list(programs.server_program().parent.rglob(program))
        if not found:
            raise programs.Unable(f"{program} is not built")
        path = found[0]
    return programs.run([path, *arguments], limit=_SECONDS)
