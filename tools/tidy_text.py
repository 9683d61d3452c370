"""Rules that one line of text can break: width, blanks, words, calls, paths and hosts."""

import re

_WIDTH = 100
_WIDTH_OF = {".h", ".cc", ".py", ".cmake", ".mjs", ".js", ".ts", ".sh", ""}
_TEXT = _WIDTH_OF | {".txt", ".md", ".json", ".test", ".list", ".bench", ".yml", ".yaml", ".toml",
                     ".npmrc"}

# name -> (pattern on code without comments and strings, folders that may, what to do instead)
_CALLS = [
    (r"\bstd::j?thread\b(?!::)", ("src/runtime",), "run it on a runtime::Pool"),
    (r"\bpthread_create\s*\(", ("src/runtime",), "run it on a runtime::Pool"),
    (r"[.>]detach\s*\(|\basio::detached\b", ("src/runtime",), "start it in a Nursery of its owner"),
    (r"(?<![\w.>])(?:::|std::this_thread::)?(?:sleep_for|sleep_until|usleep|nanosleep)\s*\("
     r"|(?<=[;{}=(])\s*(?:::)?sleep\s*\(", ("src/runtime",),
     "wait on the runtime::Clock that was passed in"),
    (r"\b(system|steady|high_resolution)_clock::now\s*\(", ("src/runtime",),
     "ask the runtime::Clock that was passed in"),
    (r"\bstd::random_device\b|(?<![\w.:>])s?rand\s*\(", ("src/runtime",),
     "ask the runtime::Random that was passed in"),
    (r"\b(strcpy|strcat|strtok|gets)\s*\(", (), "use std::string or std::string_view"),
    (r"\bv?sprintf\s*\(", (), "use fmt::format or fmt::format_to_n"),
    (r"\b(atoi|atol|atoll|atof)\s*\(", (), "use std::from_chars and look at what it says"),
    (r"(?<![\w.>])(std::)?(system|popen)\s*\(", (), "start programs through engines/jobs"),
    (r"\bstd::endl\b", (), r"write '\n'"),
    (r"(?<!\w)assert\s*\(", (), "use ASSERT, which is on in every build"),
    (r"\bco_await\b[^;{}]*[(,]\s*\[(?:[&=]|this\b|\w)[^\]\[]*\]\s*(?:\(|mutable\b|\{)", (),
     "name the capturing lambda before the co_await expression"),
]
# The generated setters of AWS's members (`set_key_manager`) are AWS's names, not ours.
_WORDS_IN_NAMES = re.compile(
    r"\b(?:\w+_)?(?:utils?|helpers?|misc)\b|\b(?!set_)\w+_manager\b|\b(?:do|handle)_[a-z]\w*(?=\()"
    r"|\b\w*(?:Utils?|Helpers?|Manager)\b")
_FILE_WORDS = re.compile(r"(^|_)(utils?|helpers?|common|misc|manager)(_|\.|$)|^base_")
_NOTES = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?P<issue>\s*\(#\d+\))?")
_PATHS = re.compile(r"(?<![\w.$}~/])/(?:[r]oot|[w]ork|[h]ome/[a-z]\w*)/")
# A mirror or registry, by the first label of its host; and a lock file that names one.
_HOSTS = re.compile(r"\b(?:registry|deb|security|ftp|files|proxy)(?:[.][a-z]\w*)+"
                    r"[.](?:org|com|io|net)\b|[\"']resolved[\"']\s*:\s*[\"']https?:")


def _lines(tree, endings=_TEXT):
    for path in tree.files:
        if path.suffix in endings or path.name == ".npmrc":
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                yield path, number, line


def _width(tree):
    for path, number, line in _lines(tree, _WIDTH_OF):
        if len(line) > _WIDTH and "://" not in line:
            yield path, number, f"break the line: {len(line)} columns, {_WIDTH} are the limit"


def _blanks(tree):
    for path, number, line in _lines(tree):
        if line != line.rstrip():
            yield path, number, "remove the blanks at the end"
    for path in tree.files:
        if path.suffix in _TEXT and tree.text(path) and not tree.text(path).endswith("\n"):
            yield path, tree.text(path).count("\n") + 1, "end the file with a newline"


def _calls(tree):
    compiled = [(re.compile(pattern), may, advice) for pattern, may, advice in _CALLS]
    for path in tree.cpp():
        code = tree.code(path)
        for pattern, may, advice in compiled:
            if any(path.as_posix().startswith(folder + "/") for folder in may):
                continue
            if path.name.endswith("_bench.cc") and "Clock" in advice:
                continue
            for match in pattern.finditer(code):
                line = code.count("\n", 0, match.start()) + 1
                yield path, line, f"{match[0].split('(')[0].strip()}: {advice}"


def _names(tree):
    for path in tree.files:
        if _FILE_WORDS.search(path.stem) and path.parts[0] in ("src", "tools", "studio", "cmake"):
            yield path, 1, "name the file after what its pieces have in common besides being useful"
    for path in tree.cpp():
        for number, line in enumerate(tree.code(path).splitlines(), 1):
            for match in _WORDS_IN_NAMES.finditer(line):
                yield path, number, f"{match[0]}: say what it is or does (STYLE, names)"


def _notes(tree):
    for path, number, line in _lines(tree, {".h", ".cc", ".py", ".cmake", ".mjs", ".ts", ".sh"}):
        for match in _NOTES.finditer(line):
            if not match["issue"] and path.name not in ("tidy_text.py", "tidy_test.py"):
                yield path, number, f"{match[1]}: file an issue and write TODO (#number), or do it"


def _machine(tree):
    for path, number, line in _lines(tree):
        if _PATHS.search(line):
            yield path, number, "name no path of one machine: derive it, or take it as a setting"
        if _HOSTS.search(line):
            yield path, number, "name no registry's host: the machine's own settings know it"


RULES = {
    "width": _width,
    "blanks": _blanks,
    "calls": _calls,
    "names": _names,
    "notes": _notes,
    "machine": _machine,
}
