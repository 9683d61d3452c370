"""Puts the newest figures of history/ between the `<!-- figures -->` markers of README.md.

Usage: figures.py [--check]. --check writes nothing and fails when README.md says something else.
"""

import pathlib
import sys

import report
from figure import shown

_README = pathlib.Path(__file__).resolve().parent.parent / "README.md"
_BEGIN, _END = "<!-- figures -->", "<!-- /figures -->"


def text(records):
    records = [record for record in records if record.get("readme")]
    if not records:
        return "No run has been kept yet: `./dev bench`."
    newest = records[-1]
    lines = [f"Measured on {newest['time'][:10]}, {newest['cores']} cores ({newest['cpu']}), "
             f"{newest['build']} build, load average {newest['load_average']:.1f}; medians.",
             "", "| what | measured | limit | beside, in the same run |", "|---|---:|---|---|"]
    for record in records:
        limit = record.get("limit", "")
        if limit:
            limit += "" if record["met"] else " (missed in this run)"
        beside = ", ".join(f"{what} {shown(value)}"
                           for what, value in record.get("beside", {}).items())
        value = f"{shown(record['value'])} {record['unit']}".strip()
        lines.append(f"| {record['title']}: {record['figure']} | {value} | {limit} | {beside} |"
                     .replace("|  |", "| |").replace("|  |", "| |"))
    return "\n".join(lines)


def replaced(readme, records):
    """README's text with the figures in it. ValueError where a marker is missing."""
    head, begin, rest = readme.partition(_BEGIN)
    _, end, tail = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"README.md has no {_BEGIN} and {_END} around its figures")
    return f"{head}{begin}\n{text(records)}\n{end}{tail}"


def main(arguments):
    readme = _README.read_text()
    try:
        wanted = replaced(readme, report.latest())
    except ValueError as problem:
        print(f"figures: {problem}", file=sys.stderr)
        return 1
    if "--check" in arguments:
        if wanted != readme:
            print("figures: README.md is not current; run bench/figures.py", file=sys.stderr)
        return 0 if wanted == readme else 1
    _README.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
