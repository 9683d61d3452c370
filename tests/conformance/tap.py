"""Tests as functions, run in the order in which they stand, reported in TAP's words.

    tests = tap.Tests()

    @tests.add("what is true when it passes")
    def _(server): ...

    sys.exit(tests.run(server))
"""

import traceback


class Skip(Exception):
    """Raised by a test that cannot be run here; its text is the reason."""


class Failed(Exception):
    """Raised by refused() and the like; its text says what was expected."""


class Tests:
    def __init__(self):
        self._tests = []
        self._number = 0
        self._failed = 0

    def add(self, name, needs=()):
        """A decorator. `needs` are names of services without which the test is skipped."""
        def keep(function):
            self._tests.append((name, function, needs))
            return function
        return keep

    def run(self, world, services=None, after=None):
        """Runs every test with `world`, and after(world) behind each. Answers the exit code."""
        for name, function, needs in self._tests:
            missing = [need for need in needs if services is not None and need not in services]
            if missing:
                self._line("ok", name, f" # SKIP this build does not serve {', '.join(missing)}")
                continue
            try:
                function(world)
                if after:
                    after(world)
            except Skip as reason:
                self._line("ok", name, f" # SKIP {reason}")
            except BaseException as problem:
                if isinstance(problem, (KeyboardInterrupt, SystemExit)):
                    raise
                self._failed += 1
                print("".join(traceback.format_exception(problem)[-6:]))
                self._line("not ok", name)
            else:
                self._line("ok", name)
        return 1 if self._failed else 0

    def _line(self, word, name, more=""):
        self._number += 1
        print(f"{word} {self._number} {name}{more}", flush=True)


def refused(code, function, *arguments, **named):
    """Calls and expects a ClientError of that code (or one of them); answers the error document."""
    from botocore.exceptions import ClientError
    codes = (code,) if isinstance(code, str) else code
    try:
        function(*arguments, **named)
    except ClientError as error:
        if error.response["Error"]["Code"] not in codes:
            raise Failed(f"expected {codes}, got {error}") from error
        return error.response
    raise Failed(f"expected {codes}, but it was accepted")


def equal(actual, expected, what=""):
    if actual != expected:
        raise Failed(f"{what or 'value'}: expected {expected!r}, got {actual!r}")


def check(condition, what):
    if not condition:
        raise Failed(what)
