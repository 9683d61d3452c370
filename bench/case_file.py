"""Reads a .bench file: comment lines that say what it is for, then `word rest-of-line`."""

import pathlib
import re

CASES = pathlib.Path(__file__).resolve().parent / "cases"
_ONCE = {"kind", "serve", "request", "body", "body_bytes", "variants", "connections", "seconds",
         "rounds", "requests", "instructions", "measure", "title", "share", "keys",
         "threads", "example"}
_OFTEN = {"header", "before", "beside", "limit", "flag", "readme"}
_LIMIT = re.compile(r"^(.+?)\s*(<=|>=|<|>)\s*([0-9.]+)\s*(\S*)$")


class Limit:
    """`limit FIGURE < NUMBER UNIT`: what the figure has to be."""

    def __init__(self, text):
        match = _LIMIT.match(text)
        if not match:
            raise ValueError(f"limit FIGURE <|<=|>|>= NUMBER UNIT, not {text!r}")
        self.figure, self.sign, self.number = match[1], match[2], float(match[3])
        self.text = f"{match[2]} {match[3]} {match[4]}".strip()

    def met(self, value):
        return {"<": value < self.number, "<=": value <= self.number,
                ">": value > self.number, ">=": value >= self.number}[self.sign]


class Case:
    def __init__(self, path):
        self.name, self.often = path.stem, {word: [] for word in _OFTEN}
        self._once, about = {}, []
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if line.startswith("#"):
                about.append(line[1:].strip())
                continue
            word, _, rest = line.partition(" ")
            if word in _OFTEN:
                self.often[word].append(rest.strip())
            elif word in _ONCE:
                self._once[word] = rest.strip()
            elif word:
                raise ValueError(f"{path.name}:{number}: unknown word {word!r}")
        self.about = " ".join(about)
        self.limits = {limit.figure: limit for limit in map(Limit, self.often["limit"])}

    def get(self, word, otherwise=""):
        return self._once.get(word, otherwise)

    def number(self, word, otherwise):
        return type(otherwise)(self._once.get(word, otherwise))

    def numbers(self, word, otherwise):
        return [int(text) for text in self._once.get(word, otherwise).split()]


def cases(names=()):
    """Every case, or those that are named, in the order of their files."""
    paths = sorted(CASES.glob("*.bench"))
    return [Case(path) for path in paths if not names or path.stem in names]
