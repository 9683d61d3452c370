"""The house rules as a test: prints `file:line: rule: what to do instead` and fails when it has to.

Each rule is a function of a Tree in one of the tidy_*.py files beside this one; RULES lists them.
A line may carry `tidy: allow(<rule>)` and the reason, in a comment on it or on the line above.
"""

import pathlib
import re
import sys

import project
import tidy_code
import tidy_files
import tidy_layers
import tidy_text

RULES = {**tidy_layers.RULES, **tidy_text.RULES, **tidy_code.RULES, **tidy_files.RULES}
_ALLOW = re.compile(r"tidy: allow\(([\w-]+)\) \S")


class Tree:
    """The files of a project, read once, and its modules as CMake knows them."""

    def __init__(self, root=project.ROOT, modules=None):
        self.root = pathlib.Path(root)
        self.build = modules.parent if modules else self.root / "build"
        self.files = [path.relative_to(self.root) for path in project.source_files(self.root)]
        self._texts, self._stripped = {}, {}
        self.modules = tidy_layers.read_modules(self, modules or self.root / "build/modules.txt")

    def text(self, path):
        if path not in self._texts:
            self._texts[path] = (self.root / path).read_text(errors="replace")
        return self._texts[path]

    def code(self, path):
        """The C++ text with comments, literals and directives blanked, line for line."""
        if path not in self._stripped:
            self._stripped[path] = tidy_code.strip(self.text(path))
        return self._stripped[path]

    def cpp(self, under="src"):
        return [path for path in self.files
                if path.suffix in (".h", ".cc") and path.parts[0] == under]

    def allows(self, path, line, rule):
        lines = self.text(path).splitlines()
        near = lines[max(0, line - 2):line]
        return any(rule in _ALLOW.findall(text) for text in near)


def findings(tree):
    """{rule: [(path, line, what to do instead)]} for every rule, empty where it holds."""
    found = {}
    for rule, check in RULES.items():
        found[rule] = [(path, line, advice) for path, line, advice in check(tree)
                       if not tree.allows(path, line, rule)]
    return found


def main(arguments):
    tap = "--tap" in arguments
    named = [pathlib.Path(argument) for argument in arguments if argument != "--tap"]
    tree = Tree(modules=named[0].resolve() if named else None)
    broken = 0
    for rule, places in findings(tree).items():
        for path, line, advice in places:
            print(f"{path}:{line}: {rule}: {advice}")
        broken += len(places)
        if tap:
            print(f"{'not ok' if places else 'ok'} tidy.{rule}")
    if not tap:
        print(f"tidy: {len(tree.files)} files, {len(RULES)} rules, {broken} places to mend")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
