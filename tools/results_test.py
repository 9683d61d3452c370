"""Tests of how the output of tests is read: nothing that failed may be counted as passed."""

import contextlib
import io
import unittest

from results import Results

GTEST = """\
[ RUN      ] Uri.Decodes
[       OK ] Uri.Decodes (0 ms)
[ RUN      ] All/Uri.Cases/3
uri_test.cc:3: Failure
[  FAILED  ] All/Uri.Cases/3, where GetParam() = 3 (1 ms)
[ RUN      ] Uri.Skips
[  SKIPPED ] Uri.Skips (0 ms)
[  FAILED  ] 1 test, listed below:
[  FAILED  ] All/Uri.Cases/3, where GetParam() = 3
"""
TAP = """\
TAP version 13
ok 1 - puts an object
not ok 2 - reads it back
    ok 1 - what is nested is counted by its parent
ok 3 - on real data # SKIP the folder is not there
ok of a plain kind
skip of a plain kind: no node
1..3
"""


class ResultsTest(unittest.TestCase):
    def read(self, output, code):
        results = Results()
        good = results.add("g", output, code)
        counts = len(results.passed), len(results.failed), len(results.skipped)
        return counts, good, results

    def test_googletest(self):
        counts, good, results = self.read(GTEST, 1)
        self.assertEqual(counts, (1, 1, 1))
        self.assertFalse(good)
        self.assertEqual(results.failed, ["g: All/Uri.Cases/3"])

    def test_tap(self):
        counts, good, _ = self.read(TAP, 1)
        self.assertEqual((counts, good), ((2, 1, 2), False))

    def test_a_crash_names_the_test_it_happened_in(self):
        counts, good, results = self.read("[ RUN      ] A.Ok\n[       OK ] A.Ok (0 ms)\n"
                                          "[ RUN      ] A.Crashes\n", -11)
        self.assertEqual((counts, good), ((1, 1, 0), False))
        self.assertIn("A.Crashes", results.failed[0])

    def test_a_program_that_fails_without_a_name_fails(self):
        self.assertEqual(self.read("ok one\n", 1)[0], (1, 1, 0))
        self.assertEqual(self.read("", "no end within 3 s")[0], (0, 1, 0))

    def test_a_program_that_runs_no_test_fails(self):
        self.assertEqual(self.read("done\n", 0)[0], (0, 1, 0))

    def test_a_failure_counts_though_the_program_ends_well(self):
        self.assertEqual(self.read("not ok one\n", 0)[1], False)

    def test_the_closing_line_and_the_exit_code(self):
        for output, code, expected in ((TAP, 0, 1), ("ok a\nskip b\n", 0, 0), ("skip b\n", 0, 1)):
            results = self.read(output, code)[2]
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                self.assertEqual(results.close(), expected)
            self.assertRegex(printed.getvalue().splitlines()[-1],
                             r"^\d+ passed, \d+ failed, \d+ skipped$")


if __name__ == "__main__":
    unittest.main()
