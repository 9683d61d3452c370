"""`./dev check`: what CI runs. Format, every header alone and documentation, then all tests."""

import build
import compat
import documents
import formatting
import testing
from project import Failure, build_folder

_HEADERS = "header_check"


def check():
    return testing.test(before=(formatting.check, _headers, documents.check, compat.check))


def _headers(results):
    """One test: every header compiles alone."""
    if _HEADERS not in build.available(build_folder("dev")):
        results.note("headers compile alone", False, f"CMake has no target {_HEADERS}")
        return
    try:
        build.build("dev", [_HEADERS])
        results.note("headers compile alone", True)
    except Failure as failure:
        results.note("headers compile alone", False, str(failure))
