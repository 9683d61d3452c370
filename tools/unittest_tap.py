"""Runs one *_test.py of tools/ and reports in TAP's words: ok, not ok, skip."""

import importlib.util
import pathlib
import sys
import unittest


class _Tap(unittest.TestResult):
    def addSuccess(self, test):
        print(f"ok {test.id()}")

    def addSkip(self, test, reason):
        print(f"skip {test.id()}: {reason}")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print(self.failures[-1][1])
        print(f"not ok {test.id()}")

    def addError(self, test, err):
        super().addError(test, err)
        print(self.errors[-1][1])
        print(f"not ok {test.id()}")

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.addFailure(subtest, err)


def main(path):
    sys.path[:0] = [str(pathlib.Path(path).parent), str(pathlib.Path(__file__).parent)]
    spec = importlib.util.spec_from_file_location(pathlib.Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = _Tap()
    unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
