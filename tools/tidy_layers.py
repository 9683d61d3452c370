"""Rules of the house's layers: who may include whom, and how an include is written."""

import pathlib
import re

_INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.MULTILINE)
_DECLARED = re.compile(r"^\s*millrace_(module|service)\(\s*(\w+)", re.MULTILINE)


class Module:
    def __init__(self, name, folder):
        self.name, self.folder = name, folder
        self.layer, self.depends = None, set()


def read_modules(tree, listed):
    """{folder: Module}. A module is a folder under src/ whose CMakeLists.txt declares it."""
    modules = {}
    for path in tree.files:
        if path.name == "CMakeLists.txt" and path.parts[0] == "src":
            declared = _DECLARED.search(tree.text(path))
            if declared:
                name = declared[2] if declared[1] == "module" else f"services_{declared[2]}"
                modules[path.parent] = Module(name, path.parent)
    by_name = {module.name: module for module in modules.values()}
    if listed.is_file():
        for line in listed.read_text().splitlines():
            name, layer, *depends = line.replace(";", " ").split()
            if name in by_name:
                by_name[name].layer, by_name[name].depends = layer, set(depends)
    return modules


def module_of(tree, path):
    """The module that a file is in: that of its nearest folder upward that declares one."""
    for folder in path.parents:
        if folder in tree.modules:
            return tree.modules[folder]
    return None


def includes(tree, path):
    """(line, quoted, what) of every #include."""
    text = tree.text(path)
    for match in _INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start(2)) + 1, match[1] == '"', match[2]


def _declared_dependencies(tree):
    for path in tree.cpp():
        module = module_of(tree, path)
        if module is None:
            yield path, 1, "put it in a module: no folder above it has a millrace_module() line"
            continue
        if module.layer is None:
            continue  # CMake has not seen this module yet; configuring is what reports that.
        for line, quoted, what in includes(tree, path):
            target = pathlib.Path("src") / what
            if not quoted or target not in tree.files:
                continue
            other = module_of(tree, target)
            if other and other is not module and other.name not in module.depends:
                yield path, line, (f"declare {other.name} in the DEPENDS of {module.name}, "
                                   "or do without it")


def _include_paths(tree):
    for path in tree.cpp():
        for line, quoted, what in includes(tree, path):
            if what.startswith(".") or (quoted and "/" not in what):
                yield path, line, f'write the full path from src/, as "module/{what}"'
            elif not quoted and pathlib.Path("src") / what in tree.files:
                yield path, line, f'write our own headers in quotes: "{what}"'
            elif (quoted and pathlib.Path("src") / what not in tree.files
                  and not (tree.build / "generated" / what).is_file()
                  and (tree.root / "src" / what).parent.is_dir()):
                yield path, line, f"there is no src/{what}"


def _own_header_first(tree):
    for path in tree.cpp():
        own = path.with_suffix(".h")
        if path.suffix != ".cc" or own not in tree.files:
            continue
        first = next(includes(tree, path), None)
        wanted = own.relative_to("src").as_posix()
        if first is None or first[2] != wanted:
            yield path, first[0] if first else 1, f'include "{wanted}" first'


def _pragma_once(tree):
    for path in tree.cpp():
        if path.suffix != ".h":
            continue
        if "#pragma once\n" not in tree.text(path):
            yield path, 1, "begin the header with #pragma once"


def _dead_headers(tree):
    used = set()
    for path in tree.cpp():
        own = path.name.replace("_test.cc", ".h").replace("_fuzz.cc", ".h")
        used |= {what for _, _, what in includes(tree, path)
                 if path.suffix == ".h" or pathlib.Path(what).name != own}
    generated = tree.build / "generated"
    for path in generated.rglob("*.*") if generated.is_dir() else ():
        if path.suffix in (".h", ".cc"):
            used |= {match[2] for match in _INCLUDE.finditer(path.read_text(errors="replace"))}
    for path in tree.cpp():
        if path.suffix == ".h" and path.relative_to("src").as_posix() not in used:
            yield path, 1, "delete it, or use it: nothing but its own test includes it"


RULES = {
    "layers": _declared_dependencies,
    "include-paths": _include_paths,
    "own-header-first": _own_header_first,
    "pragma-once": _pragma_once,
    "dead-headers": _dead_headers,
}
