"""Collects what tests report, from GoogleTest's and TAP's lines, and closes with the count."""

import re

_GTEST = re.compile(r"^\[\s*(RUN|OK|FAILED|SKIPPED)\s*\] ([\w/]+\.[\w/.-]+)"
                    r"(?:, where .*?)?( \(\d+ ms\))?$")
_TAP = re.compile(r"^(ok|not ok|skip)\b[\s\d]*(?:-\s*)?(.*)$")
_TAP_SKIP = re.compile(r"#\s*skip\b:?\s*(.*)$", re.IGNORECASE)
_SHOWN_LINES = 60


class Results:
    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []

    def add(self, group, output, code):
        """Reads one program's output. One that fails without naming a test is a failure."""
        before = len(self.failed), self._count()
        running = self._read(group, output)
        failed_more = len(self.failed) > before[0]
        if running:
            self.failed.append(f"{group}: {running} (ended here with {code})")
        elif code != 0 and not failed_more:
            self.failed.append(f"{group}: ended with {code}")
        elif code == 0 and self._count() == before[1]:
            self.failed.append(f"{group}: ran no test")
        return len(self.failed) == before[0]

    def _count(self):
        return len(self.passed) + len(self.failed) + len(self.skipped)

    def _read(self, group, output):
        running = None
        for line in output.splitlines():
            gtest = _GTEST.match(line)
            if gtest and (gtest[1] == "RUN" or gtest[3]):
                running = gtest[2] if gtest[1] == "RUN" else None
                if running is None:
                    self._note(gtest[1], f"{group}: {gtest[2]}")
                continue
            tap = _TAP.match(line)
            if tap:
                skip = _TAP_SKIP.search(tap[2])
                self._note("skip" if skip else tap[1], f"{group}: {tap[2].strip()}")
        return running

    def _note(self, word, name):
        into = {"OK": self.passed, "ok": self.passed, "FAILED": self.failed, "not ok": self.failed,
                "SKIPPED": self.skipped, "skip": self.skipped}[word]
        into.append(name)

    def note(self, name, good, output=""):
        """One check that is a test by itself."""
        (self.passed if good else self.failed).append(name)
        if not good and output:
            print(shortened(output))

    def close(self):
        """Prints skips, failures and the closing line. Returns the exit code."""
        for name in self.skipped:
            print(f"skipped  {name}")
        for name in self.failed:
            print(f"FAILED   {name}")
        print(f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped",
              flush=True)
        return 1 if self.failed or not self.passed else 0


def shortened(output):
    """The end of a long output, which is where the reason stands."""
    lines = output.rstrip().splitlines()
    if len(lines) <= _SHOWN_LINES:
        return "\n".join(lines)
    return "\n".join([f"… {len(lines) - _SHOWN_LINES} lines before", *lines[-_SHOWN_LINES:]])
