"""`./dev test`: every fast test, or those of one module, folder or file, with one closing line."""

import concurrent.futures
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import build
import newer_boto3
import npm
import setup
from project import Failure, ROOT, cores, environment, shared_data, source_files
from results import Results, shortened

_SECONDS_PER_PROGRAM = 600
_PYTHON = ["/usr/bin/python3", "-B"]
_CALL_TESTS = "millrace_call_tests"
_CONFORMANCE_ENDINGS = ("_test.py", "_test.sh", "_test.mjs")
# Played a second time with a newer boto3 (newer_boto3.py): one for each service that it knows.
_WITH_NEWER_BOTO3 = ("iam_sts_test.py", "logs_cloudwatch_test.py", "s3_cli_test.py",
                     "sagemaker_test.py")


def test(names=(), preset="dev", before=()):
    """Runs the tests, after the checks `before` (functions of Results). Returns the exit code."""
    started = time.monotonic()
    setup.for_tests()
    folder = build.configure(preset)
    jobs = _plan(folder, names)
    if not jobs:
        raise Failure(f"no test belongs to {' '.join(names)}")
    targets = {job.target for job in jobs if job.target} if names else ()
    if targets or not names:
        build.build(preset, sorted(targets))
    results = Results()
    for check in before:
        check(results)
    with concurrent.futures.ThreadPoolExecutor(cores()) as pool:
        futures = {pool.submit(_run, job, folder): job for job in jobs}
        for future in concurrent.futures.as_completed(futures):
            output, code, seconds = future.result()
            name = futures[future].name
            good = results.add(name, output, code)
            print(f"{'ok    ' if good else 'FAILED'} {name} ({seconds:.1f} s)", flush=True)
            if not good:
                print(shortened(output), flush=True)
    if not shared_data():
        print("the optional data and vectors are not here (MILLRACE_SHARED): tests of them skip")
    print(f"all of it took {time.monotonic() - started:.0f} s")
    return results.close()


class _Job:
    """A program that reports tests; `target` is what CMake must have built for it."""

    def __init__(self, name, command, path=None, module=None, cwd=ROOT, target=None,
                 variables=None):
        self.name, self.command, self.cwd = name, [str(part) for part in command], cwd
        self.variables = variables or {}
        self.path, self.module, self.target = path, module, target

    def belongs_to(self, name):
        if name == self.module or name == self.name:
            return True
        wanted = pathlib.Path(os.path.abspath(name))
        return self.path is not None and (
            wanted == self.path or wanted in self.path.parents
            or (wanted.suffix in (".cc", ".h") and wanted.parent == self.path))


def _plan(folder, names):
    jobs = [*_slow_first(), *_unit(folder), *_tools(folder)]
    if names:
        jobs = [job for job in jobs if any(job.belongs_to(name) for name in names)]
    texts = [path for path in source_files(ROOT / "src") if path.suffix == ".test"
             and (not names or any(_holds(name, path) for name in names))]
    if texts:
        if _CALL_TESTS not in build.available(folder):
            raise Failure(f"there are .test files, but CMake has no target {_CALL_TESTS}")
        jobs.insert(0, _Job("call tests", [folder / _CALL_TESTS, *texts], target=_CALL_TESTS))
    return jobs


def _holds(name, path):
    """Whether `name` means this .test file: itself, its folder or its service."""
    wanted = pathlib.Path(os.path.abspath(name))
    return wanted == path or wanted in path.parents or (
        ROOT / "src/services" / name in path.parents and "/" not in name)


def _unit(folder):
    for module, program in build.test_programs(folder).items():
        source = pathlib.Path(program).parent.relative_to(folder)
        yield _Job(f"{module}_test", [program], path=ROOT / source, module=module,
                   target=f"{module}_test")


def _tools(folder):
    yield _Job("tidy", [*_PYTHON, ROOT / "tools/tidy.py", "--tap", folder / "modules.txt"])
    for path in sorted((ROOT / "tools").rglob("*_test.py")):
        name = str(path.relative_to(ROOT))
        yield _Job(name, [*_PYTHON, ROOT / "tools/unittest_tap.py", path], path=path)


def _slow_first():
    """What drives a whole server: examples and SDKs. First, to overlap the rest."""
    for mode in ("data", "shop"):
        yield _Job(f"example {mode}", [*_PYTHON, ROOT / "tools/example_modes.py", mode],
                   path=ROOT / "examples/recommender", target="millrace")
    for tests in sorted(ROOT.glob("examples/*/test")):
        yield _Job(str(tests.relative_to(ROOT)),
                   [npm.node(), "--test", "--test-reporter=tap",
                    *sorted(tests.glob("*.test.js"))], path=tests,
                   cwd=tests.parent)
    for path in source_files(ROOT / "tests"):
        if path.name.endswith(_CONFORMANCE_ENDINGS) and "conformance" in path.parts:
            runner = {".py": _PYTHON[0], ".sh": "bash", ".mjs": npm.node()}[path.suffix]
            name = str(path.relative_to(ROOT))
            yield _Job(name, [runner, path], path=path, target="millrace")
            if path.name in _WITH_NEWER_BOTO3:
                yield _Job(f"{name}, newer boto3", [runner, path], path=path, target="millrace",
                           variables={"PYTHONPATH": str(newer_boto3.FOLDER)})


def _run(job, folder):
    """(output, exit code, seconds). Each has a scratch folder, gone when it has passed."""
    started = time.monotonic()
    scratch = tempfile.mkdtemp(prefix="millrace-")
    env = environment(TMPDIR=scratch, TEST_TMPDIR=scratch, PYTHONDONTWRITEBYTECODE="1",
                      MILLRACE_BIN=str(folder / "millrace"), MILLRACE_NODE=npm.node() or "",
                      **job.variables)
    process = subprocess.Popen(job.command, cwd=job.cwd, env=env, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=_SECONDS_PER_PROGRAM)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        code = f"no end within {_SECONDS_PER_PROGRAM} s"
    if code == 0:
        shutil.rmtree(scratch, ignore_errors=True)
    else:
        output += f"\n(its scratch folder is {scratch})"
    return output, code, time.monotonic() - started
