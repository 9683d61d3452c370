"""Writes docs/compat/: per service what is served of AWS's API, and what is known of its behaviour.

Comes from each service's operations.list, AWS's model with its overlay, and the comments in the
code that begin with `AWS:` or `DIVERGES:`. `./dev fmt` writes the pages, `./dev check` compares.
"""

import json
import pathlib
import re
import textwrap

from generate import merge, snake
from models import MODELS
from project import ROOT
from tidy_files import operations

_FOLDER = "docs/compat"
_DECLARED = re.compile(r"millrace_service\(\s*(\w+)\s+MODEL\s+(\S+)")
_TEST_COMMENT = re.compile(r"^(?P<code>)#(?P<text>.*)$")
_SHARED = ("src/wire", "src/engines", "src/store", "src/app")
_LEFT_OUT = ("_test.cc", "_fuzz.cc", "_bench.cc", "_main.cc")
_COMMENT = re.compile(r"^(?P<code>.*?)(?<![:\"'])//(?P<text>.*)$")
_SPECIFIERS = re.compile(r"^(?:(?:inline|constexpr|static|const)\s+)+")
_WORD = re.compile(r"[a-z]+[ ,']")
_MARK = re.compile(r"\b(AWS|DIVERGES):\s+")
_PROTOCOLS = {"smithy-rpc-v2-cbor": "rpc-v2-cbor"}
_HEADINGS = {"DIVERGES": "Where Millrace differs", "AWS": "What AWS does, and so does Millrace"}
_WIDTH = 100


class Remark:
    """One comment: its mark (AWS or DIVERGES), its text, and the code it stands behind, if any."""

    def __init__(self, path, mark, text, code=""):
        self.path, self.mark, self.text, self.code = path, mark, text, code

    def line(self):
        text = self.text.replace("<", r"\<")
        if self.code:
            return f"`{self.code}`: {text}"
        return text[0].upper() + text[1:] if _WORD.match(text) else text


def remarks(path, text):
    """Every Remark of a C++ or `.test` file, in its order."""
    comment = _TEST_COMMENT if pathlib.PurePath(path).suffix == ".test" else _COMMENT
    found, block = [], []

    def close():
        parts = _MARK.split(" ".join(block))
        found.extend(Remark(path, mark, said.strip())
                     for mark, said in zip(parts[1::2], parts[2::2]))
        block.clear()

    for line in text.splitlines():
        match = comment.match(line)
        if not match or match["code"].strip():
            close()
        if match and match["code"].strip():
            parts = _MARK.split(match["text"])
            code = _SPECIFIERS.sub("", match["code"].strip()).rstrip(";")
            found.extend(Remark(path, mark, said.strip(), code)
                         for mark, said in zip(parts[1::2], parts[2::2]))
        elif match:
            block.append(match["text"].strip())
    close()
    return found


class Service:
    """A folder of src/services with what AWS's model says of it."""

    def __init__(self, folder, name, model, raw):
        self.folder, self.name, self.model, self.raw = folder, name, model, raw
        listed = (folder / "operations.list").read_text()
        self.served = [operation for _, operation in operations(listed)]

    @property
    def title(self):
        return self.raw["metadata"]["serviceFullName"]

    def missing(self):
        return sorted(set(self.raw["operations"]) - set(self.served))

    def protocols(self):
        meta = self.raw["metadata"]
        names = meta.get("protocols") or [meta["protocol"]]
        json_version = f"json-{meta.get('jsonVersion', '1.1')}"
        return [json_version if name == "json" else _PROTOCOLS.get(name, name) for name in names]


def services(root=ROOT, models=MODELS):
    for path in sorted((root / "src/services").glob("*/CMakeLists.txt")):
        declared = _DECLARED.search(path.read_text())
        if not declared:
            continue
        name, model = declared.groups()
        raw = json.loads((models / model / "service-2.json").read_text())
        overlay = root / f"models/overlay/{name}.json"
        if overlay.is_file():
            merge(raw, json.loads(overlay.read_text()))
        yield Service(path.parent, name, model, raw)


def pages(root=ROOT, models=MODELS):
    """{path under the root: text} of every page."""
    known = list(services(root, models))
    made = {f"{_FOLDER}/README.md": _index(root, known)}
    for service in known:
        made[f"{_FOLDER}/{service.name}.md"] = _page(service)
    return made


def stale(root=ROOT, models=MODELS):
    """The paths of pages that are missing, out of date, or of a service that is no more."""
    wanted = pages(root, models)
    there = {path.relative_to(root).as_posix(): path.read_text()
             for path in (root / _FOLDER).glob("*.md")}
    return sorted(path for path in wanted.keys() | there.keys()
                  if wanted.get(path) != there.get(path))


def write(root=ROOT, models=MODELS):
    wanted = pages(root, models)
    changed = stale(root, models)
    for name in changed:
        path = root / name
        if name in wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted[name])
        else:
            path.unlink()
    print(f"compat: {len(changed)} of {len(wanted)} pages changed")
    return changed


def check(results):
    """One test: the pages say what the code does."""
    wrong = stale()
    results.note("compatibility pages", not wrong,
                 "run ./dev fmt, which changes:\n  " + "\n  ".join(wrong))


def _index(root, known):
    served = sum(len(service.served) for service in known)
    lines = ["# What Millrace serves of AWS", "", _generated("the lists, models and comments"), "",
             f"{len(known)} services, {served} operations. An operation that AWS has and Millrace "
             "does not serve answers",
             "`NotImplemented` with its name, status 501.", "",
             "| service | served | of AWS's | protocols |", "|---|---|---|---|"]
    for service in known:
        lines.append(f"| [{service.title}]({service.name}.md) | {len(service.served)} | "
                     f"{len(service.raw['operations'])} | {', '.join(service.protocols())} |")
    found = [remark for folder in _SHARED for remark in _remarks_below(root / folder, root)]
    return "\n".join([*lines, *_sections(found, lambda path: path.as_posix())]) + "\n"


def _page(service):
    count, total = len(service.served), len(service.raw["operations"])
    lines = [f"# {service.title}", "",
             _generated(f"`src/services/{service.name}` and AWS's model `{service.model}`"), "",
             f"{count} of {total} operations. Protocols: {', '.join(service.protocols())}."]
    lines += ["", "## Served", "", *_wrapped(service.served)]
    by_file = {snake(operation): operation for operation in service.served}
    lines += _sections(_remarks_below(service.folder, service.folder),
                       lambda path: by_file.get(path.stem, path.as_posix()))
    if service.missing():
        lines += ["", "## Not served", "", *_wrapped(service.missing())]
    return "\n".join(lines) + "\n"


def _generated(source):
    return f"Generated by `tools/compat.py` from {source}; `./dev fmt` writes it anew."


def _remarks_below(folder, root):
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".h", ".cc", ".test") and not path.name.endswith(_LEFT_OUT):
            yield from remarks(path.relative_to(root), path.read_text(errors="replace"))


def _sections(found, title_of):
    found = list(found)
    lines = []
    for mark, heading in _HEADINGS.items():
        of_mark = {}
        for remark in found:
            if remark.mark == mark:
                of_mark.setdefault(title_of(pathlib.PurePath(remark.path)), []).append(remark)
        if of_mark:
            lines += ["", f"## {heading}", ""]
        for title in sorted(of_mark):
            for remark in of_mark[title]:
                lines += textwrap.wrap(f"- **{title}**: {remark.line()}", _WIDTH,
                                       subsequent_indent="  ", break_long_words=False,
                                       break_on_hyphens=False)
    return lines


def _wrapped(names):
    text = ", ".join(names) if names else "None yet."
    return textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    write()
