"""`./dev new …`: the files of an operation, a service, an algorithm or a decision, to be filled.

What it writes compiles and fails: an operation answers that it is not implemented, and its test
says that it should be.
"""

import difflib
import json
import re
import subprocess
import sys
import tempfile
import pathlib

import compat
from generate import snake
from models import MODELS
from project import Failure, ROOT
from tidy_files import operations

_SERVICES = ROOT / "src/services"
_DECLARED = re.compile(r"millrace_service\(\s*(\w+)\s+MODEL\s+(\S+)\s+STRUCT\s+(\w+)")


def new(kind, names):
    make = {"operation": _operation, "service": _service, "algorithm": _algorithm,
            "decision": _decision}[kind]
    written, steps = make(*_arguments(kind, names))
    for path in written:
        print(f"wrote {path.relative_to(ROOT)}")
    for number, step in enumerate(steps, 1):
        print(f"  {number}. {step}")
    return 0


def _arguments(kind, names):
    if kind == "decision":
        return [" ".join(names)]
    wanted = ("SERVICE", "OPERATION") if kind == "operation" else ("NAME",)
    if len(names) != len(wanted):
        raise Failure(f"use: ./dev new {kind} {' '.join(wanted)}")
    return names


def _operation(service, operation):
    folder = _SERVICES / service
    if not (folder / "operations.list").is_file():
        raise Failure(f"there is no src/services/{service}; make it: ./dev new service {service}")
    _, model, struct = _DECLARED.search((folder / "CMakeLists.txt").read_text()).groups()
    raw = json.loads((MODELS / model / "service-2.json").read_text())
    if operation not in raw["operations"]:
        close = difflib.get_close_matches(operation, raw["operations"], 3)
        raise Failure(f"AWS's model of {service} has no operation {operation}"
                      + (f"; did you mean {' or '.join(close)}?" if close else ""))
    listed = folder / "operations.list"
    if operation in (name for _, name in operations(listed.read_text())):
        raise Failure(f"{operation} is listed already in src/services/{service}/operations.list")
    name = snake(operation)
    listed.write_text(_inserted(listed.read_text(), operation))
    declaration = _declaration(service, struct, model, listed, name)
    source, test = folder / f"{name}.cc", folder / f"{name}.test"
    _write(source, _OPERATION.format(service=service, operation=operation, declaration=declaration))
    _write(test, _OPERATION_TEST.format(service=service, operation=operation))
    compat.write()
    return [listed, source, test], [
        f"describe in {name}.test what AWS answers, from its API reference",
        f"./dev test {service}   and see it fail",
        f"write {name}.cc; ./dev test {service}; ./dev check"]


def _inserted(text, operation):
    """The list with one more line, where the alphabet has it; comments stay where they are."""
    lines = text.splitlines()
    at = len(lines)
    for number, name in operations(text):
        if name > operation:
            at = number - 1
            break
    return "\n".join(lines[:at] + [operation] + lines[at:]) + "\n"


def _declaration(service, struct, model, listed, name):
    """The operation's first line as the generated header declares it, parameters unnamed."""
    with tempfile.TemporaryDirectory() as out:
        subprocess.run([sys.executable, "-B", ROOT / "tools/generate.py", "--service", service,
                        "--struct", struct, "--model", MODELS / model / "service-2.json",
                        "--overlay", ROOT / f"models/overlay/{service}.json",
                        "--operations", listed, "--out", out], check=True)
        header = (pathlib.Path(out) / f"api/{service}.h").read_text()
    found = re.search(rf"^(\S[^\n;]*)\b{name}\(([^;]*)\);", header, re.MULTILINE)
    if not found:
        raise Failure(f"the generated api/{service}.h declares no {name}")
    types = [re.sub(r"\s+\w+$", "", part.strip()) for part in found[2].split(",")]
    return f"{found[1]}{name}({', '.join(types)})"


def _service(model):
    """`model` is AWS's name, as in sagemaker-runtime; ours has no hyphens."""
    name = model.replace("-", "_")
    folder = _SERVICES / name
    if folder.exists():
        raise Failure(f"src/services/{name} is there already")
    models = sorted((MODELS / model).glob("*/service-2.json"))
    if not models:
        known = sorted(path.name for path in MODELS.iterdir() if path.is_dir())
        close = difflib.get_close_matches(model, known, 5)
        raise Failure(f"AWS has no model named {model}"
                      + (f"; did you mean {' or '.join(close)}?" if close else ""))
    title = json.loads(models[-1].read_text())["metadata"]["serviceFullName"]
    struct = "".join(part.capitalize() for part in re.split(r"[^a-z0-9]+", name))
    values = {"name": name, "struct": struct, "title": title,
              "model": f"{model}/{models[-1].parent.name}"}
    written = []
    for file, text in _SERVICE.items():
        path = folder / file.format(**values)
        _write(path, text.format(**values))
        written.append(path)
    compat.write()
    return written, [f"./dev new operation {name} <Operation>   for its first operation",
                     f"construct {struct} and bind it in src/app/wiring.cc, one line; "
                     f"services_{name} in src/app/CMakeLists.txt",
                     "one row in docs/ARCHITECTURE.md",
                     "./dev check"]


def _algorithm(name):
    folder = ROOT / "src/engines/ml/algorithms" / name
    if not folder.parent.is_dir():
        raise Failure("there is no src/engines/ml/algorithms yet")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or folder.exists():
        raise Failure(f"{name} must be a new name in snake case")
    title = name.replace("_", " ")
    values = {"name": name, "title": title,
              "test": "".join(part.capitalize() for part in name.split("_"))}
    written = []
    for file, text in _ALGORITHM.items():
        path = folder / file.format(**values)
        _write(path, text.format(**values))
        written.append(path)
    return written, [f"declare its hyperparameters and write {name}.cc",
                     "one line in src/engines/ml/algorithms.cc",
                     "./dev test engines_ml"]


def _decision(title):
    folder = ROOT / "docs/decisions"
    numbers = [int(path.name[:4]) for path in folder.glob("[0-9][0-9][0-9][0-9]-*.md")]
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    path = folder / f"{max(numbers, default=0) + 1:04}-{slug}.md"
    _write(path, f"# {title}\n\n## Context\n\n## Decision\n\n## Consequences\n")
    return [path], ["say what was measured, and with which command",
                    "one line in docs/decisions/README.md", "./dev check"]


def _write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


_OPERATION = """\
#include "services/{service}/{service}.h"

namespace millrace::{service} {{

{declaration} {{
  co_return fail(ErrorKind::unsupported, "{operation} is not implemented yet.");
}}

}}  // namespace millrace::{service}
"""

_OPERATION_TEST = """\
# {operation}: what AWS's API reference says of it.
call {service} {operation} {{}}
---- 200
"""

_SERVICE = {
    "CMakeLists.txt": "millrace_service({name} MODEL {model} STRUCT {struct})\n",
    "operations.list": "# The operations of {title} that Millrace serves, one a line, sorted.\n",
    "README.md": """\
# {title}

What it is for, what always holds of its state, and which engines do the work.

| what | where |
|---|---|
| the operations that are served | `operations.list` |
| what the operations use | `{name}.h` |
""",
    "{name}.h": """\
// {title}.
#pragma once

#include "api/{name}.h"
#include "store/database.h"
#include "wire/pipeline/call.h"

namespace millrace::{name} {{

// What the operations use; everything outlives it.
struct {struct} {{
  store::Database& db;
}};

}}  // namespace millrace::{name}
""",
}

_ALGORITHM = {
    "README.md": "# {title}\n\nWhat it learns, from which paper, and what always holds.\n",
    "{name}_test.cc": """\
#include <gtest/gtest.h>

namespace millrace::ml {{
namespace {{

TEST({test}, LearnsWhatItIsFor) {{ FAIL() << "{title} is not written yet."; }}

}}  // namespace
}}  // namespace millrace::ml
""",
}
