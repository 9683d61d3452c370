"""What documentation can get wrong by itself: links to files, commands that ./dev lacks."""

import re
import subprocess
import sys

from project import ROOT, source_files

_LINK = re.compile(r"\[[^\]\n]*\]\(([^)#\s]+)[^)]*\)")
_COMMAND = re.compile(r"`\./dev ([a-z]+)")
_CODE = re.compile(r"```.*?```", re.DOTALL)


def check(results):
    """One test: every relative link leads to a file and every `./dev` command exists."""
    wrong = list(findings(ROOT, _commands()))
    results.note("documentation", not wrong, "\n".join(wrong))


def findings(root, commands):
    for path in source_files(root):
        if path.suffix != ".md":
            continue
        text = path.read_text(errors="replace")
        name = path.relative_to(root)
        for match in _LINK.finditer(_CODE.sub(_blank, text)):
            if "://" not in match[1] and not (path.parent / match[1]).exists():
                yield f"{name}:{_line(text, match)}: links: there is no {match[1]}"
        for match in _COMMAND.finditer(text):
            if match[1] not in commands:
                yield f"{name}:{_line(text, match)}: commands: ./dev has no {match[1]}"


def _blank(match):
    return re.sub(r"[^\n]", " ", match[0])


def _line(text, match):
    return text.count("\n", 0, match.start()) + 1


def _commands():
    shown = subprocess.run([sys.executable, "-B", ROOT / "tools/dev.py", "--help"], text=True,
                           capture_output=True, check=True).stdout
    return set(re.findall(r"^    ([a-z]+)\b", shown, re.MULTILINE))
