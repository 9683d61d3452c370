"""A case of kind `memory`: the server's peak while one large object goes in and comes out again."""

import programs
from figure import Figure


def measure(case):
    size = case.number("body_bytes", 0)
    with programs.Server() as server:
        keys = server.keys()
        small = ["--url", server.url, "--service", "s3", "--unsigned-payload", "--requests", "1"]
        programs.load([*small, "--method", "PUT", "--target", "/bench"], keys)
        idle = server.peak_mib()
        programs.load([*small, "--method", "PUT", "--target", "/bench/large",
                       "--body-bytes", size], keys)
        programs.load([*small, "--method", "GET", "--target", "/bench/large"], keys)
        peak = server.peak_mib()
    return [Figure("peak memory", peak, "MiB", {"before": idle, "the object": size / (1 << 20)})]
