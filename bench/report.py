"""The report of a run: a table for people, lines of JSON for history/, the gate on growth."""

import datetime
import json
import os
import pathlib
import re

from figure import rounded, shown

HISTORY = pathlib.Path(__file__).resolve().parent / "history"
_GROWTH_MAX = 1.05


def table(figures):
    """Markdown, one row a figure."""
    rows = ["| case | figure | measured | range | limit | beside, in the same run |",
            "|---|---|---:|---:|---|---|"]
    for figure in figures:
        spread = "" if len(figure.samples) == 1 else \
            f"{shown(min(figure.samples))}–{shown(max(figure.samples))}"
        limit = "" if figure.limit is None else \
            f"{figure.limit.text} {'✓' if figure.met else '✗ **missed**'}"
        beside = ", ".join(f"{what} {shown(value)}" + ratio(figure.value, value)
                           for what, value in figure.beside.items())
        rows.append(f"| {figure.title} | {figure.name} | {shown(figure.value)} {figure.unit} | "
                    f"{spread} | {limit} | {beside} |".replace(" |  |", " | |"))
    return "\n".join(rows)


def ratio(value, other):
    return f" (×{rounded(value / other):.2g})" if value and other else ""


def machine():
    """What the figures depend on, and nothing that names the machine."""
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cores": len(os.sched_getaffinity(0)), "cpu": model[1] if model else "unknown",
            "load_average": os.getloadavg()[0]}


def grown(figures, build):
    """Lines about gated figures over 5 % above what the newest history of such a build says."""
    before = {(record["case"], record["figure"]): record["value"] for record in latest(build)}
    said = []
    for figure in figures:
        old = before.get((figure.case, figure.name)) if figure.gate else None
        if old and figure.value > old * _GROWTH_MAX:
            said.append(f"{figure.title}: {figure.name} went from {shown(old)} to "
                        f"{shown(figure.value)}")
    return said


def keep(figures, build):
    """Appends the run to today's file of history/."""
    now = datetime.datetime.now(datetime.timezone.utc)
    about = dict(time=now.strftime("%Y-%m-%dT%H:%M:%SZ"), build=build, **machine())
    path = HISTORY / f"{now:%Y-%m-%d}.json"
    with open(path, "a") as out:
        for figure in figures:
            out.write(json.dumps(dict(about, title=figure.title, **figure.record()),
                                 ensure_ascii=False) + "\n")
    return path


def latest(build=None):
    """The newest record of every figure, of one kind of build or any, in the order of measuring."""
    newest = {}
    for path in sorted(HISTORY.glob("*.json")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            if build not in (None, record["build"]):
                continue
            key = (record["case"], record["figure"])
            newest.pop(key, None)
            newest[key] = record
    return list(newest.values())
