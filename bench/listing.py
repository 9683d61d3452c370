"""A case of kind `listing`: first pages of a bucket of very many keys, and what they weigh."""

import json
import shlex

import programs
from figure import Figure

_FOLDERS = "&delimiter=%2F"


def measure(case):
    made = {}

    def prepare(data):
        data.mkdir(parents=True)
        said = programs.run([programs.built("objects_bench"), data, case.get("keys")])
        made.update(json.loads(said))

    rounds = case.number("rounds", 3)
    with programs.Server(shlex.split(case.get("serve")), prepare=prepare) as server:
        keys = server.keys()
        idle = server.memory_mib("Rss")

        def first_page_ms(query):
            arguments = ["--url", server.url, "--service", "s3", "--method", "GET",
                         "--target", f"/bench?list-type=2{query}", "--requests", 20]
            return [programs.load(arguments, keys)["p50_us"] / 1e3 for _ in range(rounds)]

        pages = first_page_ms("")
        folders = first_page_ms(_FOLDERS)
        resident = server.memory_mib("Rss")
    return [Figure("first page of 1,000 keys", pages, "ms", {"engine alone": made["page_ms"]}),
            Figure("first page of 1,000 folders", folders, "ms",
                   {"engine alone": made["groups_ms"]}),
            Figure("resident after it", resident, "MiB", {"idle": idle})]
