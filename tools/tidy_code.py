"""Rules on the shape of code: how long functions and files may be. Blanks out what is no code."""

import ast
import re

_FUNCTION_LINES = 70
_FILE_LINES = 800
_FILE_ENDINGS = {".h", ".cc", ".py", ".cmake", ".mjs", ".js", ".ts", ".sh"}
_TOKEN = re.compile(
    r"""(?P<raw>R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")"""
    r"""|(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*")"""
    r"""|(?P<number>\b\d[\w']*)"""
    r"""|(?P<char>'(?:\\.|[^'\\\n])+')"""
    r"""|(?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)""",
    re.DOTALL | re.MULTILINE)
_TEMPLATE = re.compile(r"\btemplate\s*<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>")
_ACCESS = re.compile(r"\s*(public|protected|private)\s*$")
_TYPE = re.compile(r"\b(?:class|struct|union|enum|namespace)\b[^()]*$|\bextern\s*$"
                   r"|\b(?:class|struct|union)\s+alignas\s*\([^)]*\)[^()]*$")


def strip(text):
    """The C++ text with comments, literals and directives blanked; every line keeps its number."""
    def blank(match):
        if match["number"]:
            return match[0]
        return re.sub(r"[^\n]", " ", match[0])
    return _TOKEN.sub(blank, text)


def functions(code):
    """(first line, last line) of every function body that stands in a namespace or a class."""
    kinds, starts, heads = [], [], []
    head, line, head_line = [], 1, None
    for at, char in enumerate(code):
        if char == "{":
            kinds.append(_kind("".join(head), kinds))
            starts.append(head_line or line)
            heads.append(head)
            head, head_line = [], None
        elif char == "}" and kinds:
            kind, start, before = kinds.pop(), starts.pop(), heads.pop()
            head, head_line = [], None
            if kind == "function" and code[at + 1:at + 200].lstrip()[:1] in ("{", ","):
                head, head_line = before, start  # A member's initializer: the body comes yet.
            elif kind == "function":
                yield start, line
        elif char == ";" and not _unclosed(head) or char == ":" and _ACCESS.match("".join(head)):
            head, head_line = [], None
        else:
            if not char.isspace() and head_line is None:
                head_line = line
            head.append(char)
        line += char == "\n"


def _unclosed(head):
    """Whether a parenthesis of `head` is still open: a `;` inside it ends no declaration."""
    return head.count("(") > head.count(")")


def _kind(head, around):
    if any(kind != "scope" for kind in around):
        return "inside"
    head = _TEMPLATE.sub("", head).rstrip()
    if not head or _TYPE.search(head):
        return "scope"
    return "function" if "(" in head and not head.endswith("=") else "table"


def _function_length(tree):
    for path in tree.cpp():
        for first, last in functions(tree.code(path)):
            if last - first + 1 > _FUNCTION_LINES:
                yield path, first, (f"split the function: {last - first + 1} lines, "
                                    f"{_FUNCTION_LINES} are the limit")
    for path in tree.files:
        if path.suffix == ".py":
            yield from _python_functions(tree, path)


def _python_functions(tree, path):
    try:
        module = ast.parse(tree.text(path))
    except SyntaxError as error:
        yield path, error.lineno or 1, f"mend the syntax: {error.msg}"
        return
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = node.end_lineno - node.lineno + 1
            if length > _FUNCTION_LINES:
                yield path, node.lineno, (f"split the function: {length} lines, "
                                          f"{_FUNCTION_LINES} are the limit")


def _file_length(tree):
    for path in tree.files:
        count = tree.text(path).count("\n") if path.suffix in _FILE_ENDINGS else 0
        if count > _FILE_LINES:
            yield path, 1, f"split the file: {count} lines, {_FILE_LINES} are the limit"


RULES = {"function-length": _function_length, "file-length": _file_length}
