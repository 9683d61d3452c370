"""Rules on which files there must be: a README a module and a place on the map, a page a decision,
a test an operation."""

import pathlib
import re

from generate import snake

_README_LINES = 60
_DECISION = re.compile(r"^(\d{4})-[a-z0-9-]+\.md$")


def operations(text):
    """(line, name) of every operation in an operations.list; `#` begins a comment."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if words:
            yield number, words[0]


def _readme(tree):
    for folder in tree.modules:
        path = folder / "README.md"
        if path not in tree.files:
            yield (folder / "CMakeLists.txt", 1,
                   "write a README.md: purpose, invariants, where to look")
        elif tree.text(path).count("\n") > _README_LINES:
            yield path, _README_LINES + 1, f"shorten it: a screen, {_README_LINES} lines"


def _map(tree):
    path = pathlib.Path("docs/ARCHITECTURE.md")
    text = tree.text(path) if path in tree.files else ""
    for folder, module in tree.modules.items():
        if f"`{folder.as_posix()}`" not in text:
            yield folder / "CMakeLists.txt", 1, f"add {module.name} to the table in {path}"


def _listed_operations(tree):
    for path in tree.files:
        if path.name != "operations.list":
            continue
        names = {file.name for file in tree.files if path.parent in file.parents}
        previous = ""
        for number, operation in operations(tree.text(path)):
            for ending in (".cc", ".test"):
                if snake(operation) + ending not in names:
                    yield path, number, f"write {snake(operation)}{ending}: {operation} is listed"
            if operation < previous:
                yield path, number, f"sort the list: {operation} stands after {previous}"
            previous = operation


def _decisions(tree):
    pages = sorted(path for path in tree.files
                   if path.parent.as_posix() == "docs/decisions" and path.name != "README.md")
    index = pages[0].with_name("README.md") if pages else None
    listed = tree.text(index) if index in tree.files else ""
    expected = 1
    for path in pages:
        match = _DECISION.match(path.name)
        if not match:
            yield path, 1, "name it 0001-what-was-decided.md"
            continue
        if int(match[1]) != expected:
            yield path, 1, f"number it {expected:04}: decisions are numbered without gaps"
        expected = int(match[1]) + 1
        if f"({path.name})" not in listed:
            yield path, 1, "add it to docs/decisions/README.md"
        for heading in ("## Context", "## Decision", "## Consequences"):
            if heading not in tree.text(path):
                yield path, 1, f"add the section {heading!r}"


RULES = {"readme": _readme, "map": _map, "operations": _listed_operations,
         "decisions": _decisions}
