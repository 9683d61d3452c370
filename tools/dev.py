"""The commands of ./dev, one line each; what they do is in the file that is named after it."""

import argparse
import shutil
import sys

import build
import setup
from project import Failure, PRESETS, build_folder


def _setup(_):
    setup.for_tests()
    print("setup: everything is there")


def _build(options):
    setup.for_build()
    build.build(options.preset, options.targets)


def _test(options):
    import testing
    return testing.test(options.names, options.preset)


def _run(options):
    import example
    return example.run(options)


def _new(options):
    import scaffold
    return scaffold.new(options.kind, options.names)


def _fmt(_):
    setup.for_build()
    import compat
    import formatting
    compat.write()
    return formatting.rewrite()


def _check(_):
    import checking
    return checking.check()


def _bench(options):
    import longrun
    return longrun.bench(options.names)


def _fuzz(options):
    import longrun
    return longrun.fuzz(options.seconds, options.names)


def _crash(options):
    import longrun
    return longrun.crash(options.times, options.seed)


def _clean(_):
    for preset in PRESETS:
        shutil.rmtree(build_folder(preset), ignore_errors=True)
    print("clean: the build folders are gone; .deps, which was downloaded, stays")


def _parser():
    parser = argparse.ArgumentParser(prog="./dev", description="The one command of Millrace.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name, function, text):
        made = commands.add_parser(name, help=text, description=text)
        made.set_defaults(function=function)
        return made

    command("setup", _setup, "install what is missing (apt, npm, AWS's models); the others call it")
    made = command("build", _build, "configure if needed, build what changed: build/millrace")
    made.add_argument("preset", nargs="?", default="dev", choices=PRESETS)
    made.add_argument("targets", nargs="*", help="only these targets of CMake")
    made = command("test", _test, "build and run every fast test, or those of what is named")
    made.add_argument("names", nargs="*", metavar="MODULE|FOLDER|FILE")
    made.add_argument("--preset", default="dev", choices=PRESETS)
    made = command("run", _run, "build, serve a scratch folder, run the example and stay up")
    made.add_argument("--once", action="store_true",
                      help="end after the example; the last line is JSON")
    made.add_argument("--data", metavar="PATH", help="a real data set for the example")
    made.add_argument("--port", type=int, help="default 4566; with --once a free one when taken")
    made.add_argument("--keep", metavar="DIR", help="keep the state in DIR, not a scratch folder")
    made = command(
        "new", _new,
        "operation SERVICE OPERATION · service NAME · algorithm NAME · decision TITLE")
    made.add_argument("kind", choices=("operation", "service", "algorithm", "decision"))
    made.add_argument("names", nargs="+")
    command("fmt", _fmt, "format every C++ file in place, write docs/compat anew")
    command("check", _check, "everything CI runs: format, every header alone, documentation, tests")
    made = command("bench", _bench, "build and run the benchmarks, or those that are named")
    made.add_argument("names", nargs="*")
    made = command("fuzz", _fuzz, "build every fuzzer and run each for SECONDS (10) on its corpus")
    made.add_argument("seconds", nargs="?", type=int, default=10)
    made.add_argument("names", nargs="*")
    made = command("crash", _crash, "kill -9 the program TIMES (2000) under load; look for losses")
    made.add_argument("times", nargs="?", type=int, default=2000)
    made.add_argument("--seed", type=int, help="of an earlier run, to do it again")
    command("clean", _clean, "remove the build folders")
    return parser


def main(arguments):
    options = _parser().parse_args(arguments)
    try:
        return options.function(options) or 0
    except Failure as failure:
        print(f"dev: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
