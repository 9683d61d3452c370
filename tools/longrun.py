"""`./dev fuzz`, `bench` and `crash`: long runs. A failure prints how to repeat it."""

import pathlib
import subprocess

import build
import debian
import setup
import stage
from project import DEPS, Failure, ROOT, environment, source_files

_INPUT_BYTES_MAX = 1 << 16
_MEMORY_MB = 2048
_SECONDS_PER_CRASH = 5  # At most; a machine that does nothing else needs a tenth.


def fuzz(seconds, names):
    """Each fuzzer for `seconds` on tests/corpus/<name>; what it finds new stays in .deps/corpus."""
    setup.for_build()
    every = sorted(path.stem for path in source_files(ROOT / "src")
                   if path.name.endswith("_fuzz.cc"))
    chosen = [name for name in every if not names or name in names
              or name.removesuffix("_fuzz") in names]
    if not chosen:
        raise Failure(f"no such fuzzer; there are: {', '.join(every) or 'none'}")
    folder = build.build("fuzz", chosen)
    failed = 0
    for name in chosen:
        failed += not _fuzz_one(name, _find(folder, name), seconds)
    print(f"{len(chosen) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _fuzz_one(name, program, seconds):
    known = ROOT / "tests/corpus" / name
    found = DEPS / "corpus" / name
    crashes = DEPS / "crashes"
    for folder in (found, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    command = [program, f"-max_total_time={seconds}", f"-max_len={_INPUT_BYTES_MAX}",
               f"-rss_limit_mb={_MEMORY_MB}", "-timeout=10", "-print_final_stats=1",
               f"-artifact_prefix={crashes}/{name}-", found]
    try:
        said = stage.run(f"fuzz {name}", command + ([known] if known.is_dir() else []))
    except Failure as failure:
        print(failure)
        inputs = sorted(crashes.glob(f"{name}-*"), key=lambda path: path.stat().st_mtime)
        if inputs:
            print(f"FAILED   {name}; repeat it with: {program} {inputs[-1]}")
        return False
    runs = [line.split()[-1] for line in said.splitlines() if "number_of_executed_units" in line]
    print(f"ok       {name}: {runs[0] if runs else '?'} inputs")
    return True


def _find(folder, name):
    return next(path for path in pathlib.Path(folder).rglob(name) if path.is_file())


def bench(names):
    """Runs bench/run_*.py and bench/*.sh, or those named, against the release build."""
    setup.for_build()
    debian.install(debian.BENCH + debian.CLIENTS)
    folder = build.build("release", ["millrace", "millrace_load", "rocks_bench", "objects_bench",
                                     "engines_ml_roofline", "engines_ml_bench"])
    scripts = [path for path in source_files(ROOT / "bench")
               if path.suffix in (".py", ".sh") and path.name.startswith("run_")
               and (not names or path.stem.removeprefix("run_") in names)]
    if not scripts:
        raise Failure("there is no such benchmark under bench/")
    failed = 0
    for script in scripts:
        runner = "/usr/bin/python3" if script.suffix == ".py" else "bash"
        print(f"bench {script.stem.removeprefix('run_')}", flush=True)
        env = environment(MILLRACE_BIN=str(folder / "millrace"))
        ran = subprocess.run([runner, script], cwd=ROOT, stdin=subprocess.DEVNULL, env=env)
        failed += ran.returncode != 0
    return 1 if failed else 0


def crash(times, seed):
    """kill -9 under load, so many times; tests/conformance/crash_test.py has what is looked at."""
    setup.for_tests()
    folder = build.build("dev", ["millrace"])
    command = ["/usr/bin/python3", "-B", ROOT / "tests/conformance/crash_test.py",
               "--crashes", str(times), "--seconds", str(times * _SECONDS_PER_CRASH)]
    command += ["--seed", str(seed)] if seed is not None else []
    env = environment(MILLRACE_BIN=str(folder / "millrace"))
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, env=env).returncode
