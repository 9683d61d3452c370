"""Debian's packages: installs what is missing, downloads one pinned package of another suite."""

import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess

import stage
from project import DEPS, Failure, environment

BUILD = """clang-19 clang-format-19 clang-tidy-19 libclang-rt-19-dev cmake ninja-build ccache mold
  pkg-config python3 ca-certificates git librocksdb-dev libboost1.81-dev libboost-json1.81-dev
  libpugixml-dev libpcre2-dev libssl-dev libfmt-dev libcli11-dev libarchive-dev zlib1g-dev
  libseccomp-dev libhwy-dev libisal-dev libmimalloc-dev libgtest-dev libgmock-dev
  libbenchmark-dev""".split()
if platform.machine() == "x86_64":  # The package is of no other machine.
    BUILD.append("libipsec-mb-dev")
CLIENTS = "python3-boto3 awscli curl s3cmd rclone s3fs".split()
BENCH = "fio valgrind".split()
GCC = "g++-12".split()


def install(packages):
    """Installs those of `packages` that are missing. Does not call apt when none is."""
    missing = _missing(packages)
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise Failure("this machine has no apt-get; Millrace builds on Debian 12. Missing: "
                      + " ".join(missing))
    _apt("apt update", "update")
    _apt(f"apt install {len(missing)} packages",
         "install", "-y", "--no-install-recommends", *missing)


def _missing(packages):
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *packages],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    there = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [name for name in packages if name not in there]


def _apt(title, *arguments):
    command = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600", "-o", "Acquire::Retries=3",
               *arguments]
    if os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise Failure("packages must be installed as root; run this as root first:\n  "
                          + " ".join(command))
        command = ["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive"] + command
    stage.run(title, command, env=environment(DEBIAN_FRONTEND="noninteractive"))


def download(package, version, suite, sha256):
    """Returns the path of that very package of `suite`, whose SHA-256 it has checked.

    Uses a private state of apt, so that the machine's own lists and suites stay as they are; the
    mirror is the one that the machine's own sources name.
    """
    folder = DEPS / "downloads"
    target = folder / f"{package}_{version}_all.deb"
    if target.is_file() and _sha256(target) == sha256:
        return target
    folder.mkdir(parents=True, exist_ok=True)
    work = DEPS / "apt"
    shutil.rmtree(work, ignore_errors=True)
    (work / "lists/partial").mkdir(parents=True)
    (work / "cache/archives/partial").mkdir(parents=True)
    (work / "sources.list").write_text(_source_line(suite) + "\n")
    options = []
    for option in (f"Dir::Etc::SourceList={work}/sources.list", "Dir::Etc::SourceParts=/dev/null",
                   f"Dir::State::Lists={work}/lists", f"Dir::Cache={work}/cache",
                   "Acquire::Languages=none", "Acquire::Retries=3", "APT::Sandbox::User=root"):
        options += ["-o", option]
    stage.run(f"apt lists of {suite}", ["apt-get", "-q", *options, "update", "--error-on=any"])
    try:
        stage.run(f"download {package}", ["apt-get", "-q", *options, "download",
                                          f"{package}={version}"], cwd=folder)
    except Failure as failure:
        raise Failure(
            f"{failure}\n{package} {version} is not in {suite} any more, or cannot be reached. "
            f"Either put the file with SHA-256 {sha256} at {target}, or pin the version that is "
            "there in third_party/models.lock.json and run the tests.")
    shutil.rmtree(work)
    found = sorted(folder.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime)[-1]
    if _sha256(found) != sha256:
        actual = _sha256(found)
        found.unlink()
        raise Failure(f"{found.name} has SHA-256 {actual}, pinned is {sha256}: it was not used")
    return found.rename(target)


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _source_line(suite, etc=pathlib.Path("/etc")):
    """One line of sources.list for `suite` on the mirror that serves this machine's own suite."""
    release = dict(line.split("=", 1) for line in (etc / "os-release").read_text().splitlines()
                   if "=" in line)
    own = release.get("VERSION_CODENAME", "bookworm").strip('"')
    files = [etc / "apt/sources.list", *sorted((etc / "apt/sources.list.d").glob("*"))]
    for path in files:
        if not path.is_file() or path.suffix not in (".list", ".sources"):
            continue
        text = path.read_text(errors="replace")
        found = (_deb822 if path.suffix == ".sources" else _one_line)(text, {own, "stable"})
        if found:
            uri, signed_by = found
            option = f"[signed-by={signed_by}] " if signed_by else ""
            return f"deb {option}{uri} {suite} main"
    raise Failure(f"no apt source of {own} main was found in {etc}/apt, so the mirror is unknown")


def _deb822(text, suites):
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields = {}
        for line in lines:
            if ":" in line and not line[0].isspace():
                name, value = line.split(":", 1)
                fields[name.strip().lower()] = value.strip()
        enabled = fields.get("enabled", "yes").lower() != "no"
        if not enabled or "deb" not in fields.get("types", "").split():
            continue
        if suites & set(fields.get("suites", "").split()) and fields.get("uris"):
            key = fields.get("signed-by", "")
            return fields["uris"].split()[0], key if key.startswith("/") else ""
    return None


def _one_line(text, suites):
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
        if match and match[3] in suites and "main" in match[4].split():
            key = re.search(r"signed-by=(\S+)", match[1] or "")
            return match[2], key[1] if key else ""
    return None
