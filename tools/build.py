"""CMake and ninja: configures when needed, builds, says what it cost."""

import subprocess

import debian
import stage
from project import Failure, PRESETS, ROOT, build_folder, cores, environment


def configure(preset="dev"):
    """Configures the preset's folder, again when CMake's files or the list of sources change."""
    if preset not in PRESETS:
        raise Failure(f"no preset {preset}; there are {', '.join(PRESETS)}")
    if preset == "gcc":
        debian.install(debian.GCC)
    folder = build_folder(preset)
    if not (folder / "build.ninja").is_file():
        stage.run(f"configure {preset}", ["cmake", "--preset", preset])
    else:
        stage.run(f"configure {preset}", ["ninja", "-C", folder, "build.ninja"], brief=True)
    return folder


def build(preset="dev", targets=()):
    """Builds `targets`, or everything. Returns the build folder."""
    folder = configure(preset)
    known = available(folder) if targets else ()
    missing = [target for target in targets if target not in known]
    if missing:
        raise Failure(f"nothing builds {', '.join(missing)}")
    title = f"build {preset}" + (f" {' '.join(targets)}" if 0 < len(targets) <= 3 else "")
    stage.run(title, ["ninja", "-C", folder, f"-j{cores()}", *targets])
    return folder


def available(folder):
    """The names of all targets of a configured folder."""
    listed = subprocess.run(["ninja", "-C", str(folder), "-t", "targets", "all"], text=True,
                            capture_output=True, env=environment())
    return {line.split(":", 1)[0] for line in listed.stdout.splitlines() if ":" in line}


def test_programs(folder):
    """{module: path} of every GoogleTest program that CMake knows, built or not yet."""
    programs = {}
    for line in (folder / "tests.txt").read_text().splitlines():
        name, path = line.split(" ", 1)
        programs[name.removesuffix("_test")] = path
    return programs


def modules(folder):
    """{module: (layer, [depends])}, as CMake wrote it."""
    found = {}
    for line in (folder / "modules.txt").read_text().splitlines():
        name, layer, *depends = line.replace(";", " ").split()
        found[name] = (layer, depends)
    return found


def program():
    return ROOT / "build/millrace"
