"""Tests of set-up: the mirror of any machine is found, and what was not pinned is never used."""

import base64
import hashlib
import io
import pathlib
import subprocess
import tarfile
import tempfile
import unittest
from unittest import mock

import debian
import documents
import models
import npm_library
from project import Failure

DEB822 = """\
# kept by hand
Types: deb-src
URIs: http://mirror/source
Suites: bookworm
Components: main

Types: deb deb-src
# a comment inside
URIs: http://mirror/debian http://second/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


class MirrorTest(unittest.TestCase):
    def line(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            etc = pathlib.Path(folder)
            (etc / "apt/sources.list.d").mkdir(parents=True)
            (etc / "os-release").write_text('ID=debian\nVERSION_CODENAME=bookworm\n')
            for name, text in files.items():
                path = {"one": "sources.list", "more": "sources.list.d/a.list",
                        "deb822": "sources.list.d/debian.sources"}[name]
                (etc / "apt" / path).write_text(text)
            return debian._source_line("trixie", etc)

    def test_deb822(self):
        self.assertEqual(self.line(deb822=DEB822),
                         "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "
                         "http://mirror/debian trixie main")

    def test_a_disabled_stanza_is_passed_over(self):
        text = DEB822.replace("Components: main c", "Enabled: no\nComponents: main c")
        with self.assertRaises(Failure):
            self.line(deb822=text)

    def test_one_line_formats(self):
        self.assertEqual(self.line(one="# deb http://old bookworm main\n"
                                       "deb-src http://source bookworm main\n"
                                       "deb http://mirror/debian bookworm main contrib\n"),
                         "deb http://mirror/debian trixie main")
        listed = "deb [arch=amd64 signed-by=/k.gpg] http://m bookworm main\n"
        self.assertEqual(self.line(one="", more=listed),
                         "deb [signed-by=/k.gpg] http://m trixie main")

    def test_sources_of_others_are_not_taken_for_debians(self):
        with self.assertRaises(Failure):
            self.line(one="deb http://elsewhere/x nodistro main\n")


class DownloadTest(unittest.TestCase):
    def test_a_file_with_another_hash_is_refused_and_removed(self):
        with tempfile.TemporaryDirectory() as folder:
            deps = pathlib.Path(folder)

            def fake(title, command, **more):
                if "download" in title:
                    (more["cwd"] / "p_1_all.deb").write_bytes(b"changed")

            with mock.patch.object(debian, "DEPS", deps), \
                    mock.patch.object(debian.stage, "run", fake), \
                    mock.patch.object(debian, "_source_line", lambda suite: "deb x y z"), \
                    self.assertRaisesRegex(Failure, "was not used"):
                debian.download("p", "1", "trixie", "0" * 64)
            self.assertEqual(list((deps / "downloads").iterdir()), [])


class UnpackTest(unittest.TestCase):
    def package(self, folder, names):
        """A real Debian package with files of these names, unsafe ones too."""
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            for name in names:
                member = tarfile.TarInfo(name)
                member.size = 2
                archive.addfile(member, io.BytesIO(b"{}"))
        (folder / "data.tar").write_bytes(content.getvalue())
        (folder / "debian-binary").write_text("2.0\n")
        control = io.BytesIO()
        with tarfile.open(fileobj=control, mode="w"):
            pass
        (folder / "control.tar").write_bytes(control.getvalue())
        package = folder / "p.deb"
        with open(package, "wb") as out:
            out.write(b"!<arch>\n")
            for name in ("debian-binary", "control.tar", "data.tar"):
                data = (folder / name).read_bytes()
                out.write(f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(data):<10}`\n".encode())
                out.write(data + b"\n" * (len(data) % 2))
        return package

    def unpack(self, names):
        with tempfile.TemporaryDirectory() as folder:
            target = pathlib.Path(folder) / "out"
            count = models._unpack(self.package(pathlib.Path(folder), names), target)
            return count, sorted(str(path.relative_to(target)) for path in target.rglob("*.json"))

    def test_only_models_are_unpacked(self):
        base = "./usr/lib/python3/dist-packages/botocore/data/"
        self.assertEqual(self.unpack([base + "sts/2011-06-15/service-2.json", base + "sts/x.json",
                                      "./usr/lib/python3/dist-packages/botocore/session.py"]),
                         (1, ["sts/2011-06-15/service-2.json"]))

    def test_nothing_leaves_the_folder(self):
        with self.assertRaisesRegex(Failure, "leaves its folder"):
            self.unpack(["./usr/botocore/data/../../../service-2.json"])

    def test_a_package_without_models_is_refused(self):
        with self.assertRaises(Failure):
            self.unpack(["./usr/share/doc/x"])


class NpmLibraryTest(unittest.TestCase):
    def unpack(self, name, integrity=None):
        with tempfile.TemporaryDirectory() as folder:
            archive = pathlib.Path(folder) / "p.tgz"
            with tarfile.open(archive, "w:gz") as files:
                member = tarfile.TarInfo(name)
                member.size = 2
                files.addfile(member, io.BytesIO(b"{}"))
            digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
            part = {"package": "p@1", "integrity": integrity or f"sha512-{digest}",
                    "extract": {"package/include/": "include/"}}
            target = pathlib.Path(folder) / "out"
            npm_library.unpack(archive, part, target)
            return [str(path.relative_to(target)) for path in target.rglob("*.h")]

    def test_what_is_named_is_unpacked(self):
        self.assertEqual(self.unpack("package/include/a/b.h"), ["include/a/b.h"])

    def test_another_hash_a_way_out_and_a_missing_part_are_refused(self):
        for name, integrity, said in (("package/include/b.h", "sha512-AAAA", "pinned is"),
                                      ("package/include/../../../b.h", None, "leaves its folder"),
                                      ("package/lib/b.h", None, "holds no")):
            with self.assertRaisesRegex(Failure, said):
                self.unpack(name, integrity)

    def test_an_unknown_machine_is_refused(self):
        with self.assertRaisesRegex(Failure, "no duckdb for vax"):
            npm_library.fetch("duckdb", {"duckdb": {"version": "1"}}, machine="vax")


class DocumentsTest(unittest.TestCase):
    def test_links_and_commands(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "a.md").write_text("[b](b.md) [c](https://x/y) [d](#part) `./dev test x`\n"
                                       "```\n[e](e.md)\n```\n")
            self.assertEqual(list(documents.findings(root, {"build"})),
                             ["a.md:1: links: there is no b.md",
                              "a.md:1: commands: ./dev has no test"])


class CommandLineTest(unittest.TestCase):
    def dev(self, *arguments):
        program = pathlib.Path(__file__).parent.parent / "dev"
        return subprocess.run([program, *arguments], text=True, capture_output=True)

    def test_help_names_every_command(self):
        shown = self.dev("--help")
        self.assertEqual(shown.returncode, 0)
        for command in "setup build test run new fmt check bench fuzz clean".split():
            self.assertIn(f"    {command} ", shown.stdout)

    def test_what_it_does_not_have_ends_with_two(self):
        self.assertEqual(self.dev("biuld").returncode, 2)


if __name__ == "__main__":
    unittest.main()
