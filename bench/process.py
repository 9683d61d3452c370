"""The process itself: how soon it is ready, and what it takes while nobody asks."""

import time

import programs
from figure import Figure

_SETTLE_SECONDS = 2
_IDLE_SECONDS = 2


def measure(case):
    rounds = case.number("rounds", 5)
    first = []
    for _ in range(rounds):
        with programs.Server() as server:
            first.append(server.ready_ms)
    with programs.Server() as server:
        time.sleep(_SETTLE_SECONDS)
        used = server.cpu_seconds()
        time.sleep(_IDLE_SECONDS)
        idle_cpu = (server.cpu_seconds() - used) / _IDLE_SECONDS
        resident, own = server.memory_mib("Rss"), server.memory_mib("Pss")
    return [Figure("ready", first, "ms", _bare_process(rounds)),
            Figure("idle_memory", resident, "MiB", {"PSS": own}),
            Figure("idle_cpu", idle_cpu * 1e3, "ms/s")]


def _bare_process(rounds):
    """What the same machine takes to run a program that does nothing but print its version."""
    took = []
    for _ in range(rounds):
        began = time.monotonic()
        programs.run([programs.server_program(), "--version"])
        took.append((time.monotonic() - began) * 1e3)
    return {"millrace --version": sorted(took)[len(took) // 2]}
