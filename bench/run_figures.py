"""Measures every case under cases/, or those named, and prints each figure beside its limit.

`--keep` adds the run to history/. Fails when a figure could not be measured or when one that
repeats (instructions) grew; wall times only inform, since they depend on who else is working.
"""

import argparse
import importlib
import sys
import time

import case_file
import programs
import report

_KINDS = {"process": "process", "memory": "memory", "load": "load_case", "listing": "listing",
          "sagemaker": "sagemaker", "predictions": "predictions",
          "factorization_machines": "factorization_machines", "rebuild": "rebuild",
          "generated_code": "generated_code"}


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="add the run to history/")
    parser.add_argument("cases", nargs="*", help="names of files under cases/, without .bench")
    options = parser.parse_args(arguments)
    for program in (programs.server_program(), programs.load_program()):
        if not program.is_file():
            print(f"{program.name} is not built: ./dev bench, or MILLRACE_BIN beside both",
                  file=sys.stderr)
            return 2
    order = list(_KINDS)
    figures, unable = [], []
    for case in sorted(case_file.cases(options.cases),
                       key=lambda case: order.index(case.get("kind"))):
        began = time.monotonic()
        try:
            figures += _measured(case)
        except programs.Unable as reason:
            unable.append(f"{case.name}: {reason}")
        except programs.Absent as reason:
            print(f"  {case.name}: skipped: {reason}", flush=True)
        print(f"  {case.name}: {time.monotonic() - began:.1f} s", flush=True)
    about = report.machine()
    print(f"\n{_build()} build, {about['cores']} cores ({about['cpu']}), load average "
          f"{about['load_average']:.1f}; medians\n\n{report.table(figures)}\n")
    grown = report.grown(figures, _build())
    for line in unable + grown:
        print(f"FAILED {line}")
    if options.keep and figures:
        print(f"kept in {report.keep(figures, _build()).relative_to(programs.ROOT)}")
    return 1 if unable or grown else 0


def _measured(case):
    figures = importlib.import_module(_KINDS[case.get("kind")]).measure(case)
    names = {figure.name for figure in figures}
    for name in (case.limits.keys() | set(case.often["readme"])) - names:
        raise ValueError(f"{case.name}.bench names {name!r}, but measures {sorted(names)}")
    for figure in figures:
        figure.case, figure.title = case.name, case.get("title")
        figure.limit = case.limits.get(figure.name)
        figure.in_readme = figure.name in case.often["readme"]
    return figures


def _build():
    name = programs.server_program().parent.name
    return "release" if name == "build-release" else "dev"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
