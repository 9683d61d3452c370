"""What generated code costs: processor seconds of the compiler, and the size of the objects.

A case of kind `generated_code`, for the tables and the dispatch of each service. The tables of all
of SageMaker's operations at once are generated into a scratch folder and compiled as its own are.
"""

import gzip
import json
import pathlib
import resource
import shlex
import tempfile

import programs
from figure import Figure

_WHOLE = "sagemaker"


def measure(case):
    """Sizes of every service's objects as they were built; those of `measure` are also compiled."""
    folder = programs.server_program().parent
    if not (folder / "compile_commands.json").is_file():
        raise programs.Unable("the program under test is in no build folder")
    compiled = case.get("measure").split()
    figures = []
    with tempfile.TemporaryDirectory(prefix="millrace-generated-") as scratch:
        for service, commands in sorted(_commands(folder).items()):
            count = len(_listed(programs.ROOT / "src/services" / service / "operations.list"))
            of = f"{service} ({count} operations)"
            for kind, command in sorted(commands.items()):
                if service in compiled:
                    figures += _figures(f"{of}: {kind}", _compile(command, folder, scratch))
                else:
                    built = _size(folder / _target(command[0]))
                    figures.append(Figure(f"{of}: {kind}, object", built / 1024, "KiB"))
            if service == _WHOLE:
                figures += _whole_model(folder, commands["tables"], scratch)
    return figures


def _figures(what, made):
    seconds, size = made
    return [Figure(f"{what}, compiler", seconds, "s"),
            Figure(f"{what}, object", size / 1024, "KiB")]


def _listed(path):
    lines = path.read_text().splitlines() if path.is_file() else []
    return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def _commands(folder):
    """{service: {"tables": command, "dispatch": command}} as CMake wrote them."""
    found = {}
    for entry in json.loads((folder / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if "generated" not in path.parts or path.parent.name != "api" or not path.is_file():
            continue
        service, _, kind = path.stem.rpartition("_")
        words = [word for word in shlex.split(entry["command"]) if "ccache" not in word]
        found.setdefault(service, {})[kind] = words, path
    return found


def _compile(command, folder, scratch, replace=None):
    """(seconds, bytes of text, data and bss) of one compilation into `scratch`."""
    words, path = command
    target = pathlib.Path(scratch) / (path.stem + ".o")
    words = [str(target) if word == _target(words) else word for word in words]
    if replace:
        source, include = replace
        words = [words[0], f"-I{include}",
                 *(str(source) if word == str(path) else word for word in words[1:])]
    return _processor_seconds(lambda: programs.run(words, cwd=folder)), _size(target)


def _target(words):
    return words[words.index("-o") + 1]


def _size(target):
    """Bytes of text, data and bss."""
    if not pathlib.Path(target).is_file():
        raise programs.Unable(f"{pathlib.Path(target).name} is not built")
    return sum(int(size) for size in programs.run(["size", target]).splitlines()[1].split()[:3])


def _processor_seconds(work):
    """What the programs that `work` waits for use: other people's load changes it little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _whole_model(folder, tables, scratch):
    model = sorted((programs.ROOT / ".deps/models").glob(f"{_WHOLE}/*/service-2.json*"))
    if not model:
        raise programs.Unable("AWS's models are not here: ./dev setup")
    names = sorted(_operations(model[-1]))
    listed = pathlib.Path(scratch) / "operations.list"
    listed.write_text("\n".join(names) + "\n")
    command = ["/usr/bin/python3", programs.ROOT / "tools/generate.py", "--service", _WHOLE,
               "--struct", "Sagemaker", "--model", model[-1], "--overlay",
               programs.ROOT / f"models/overlay/{_WHOLE}.json", "--operations", listed,
               "--out", scratch]
    generated = _processor_seconds(lambda: programs.run(command))
    source = pathlib.Path(scratch) / "api" / tables[1].name
    what = f"{_WHOLE} (all {len(names)} operations): tables"
    return [Figure(f"{what}, generator", generated, "s"),
            *_figures(what, _compile(tables, folder, scratch, (source, scratch)))]


def _operations(model):
    raw = model.read_bytes()
    return json.loads(gzip.decompress(raw) if model.suffix == ".gz" else raw)["operations"]
