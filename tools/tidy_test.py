"""Tests of the house rules: each breaks in a small tree, and holds in one that is in order."""

import pathlib
import tempfile
import textwrap
import unittest

import tidy
import tidy_code

GOOD = {
    "src/base/CMakeLists.txt": "millrace_module(base LAYER base)\n",
    "src/base/README.md": "# base\n",
    "src/base/bytes.h": "#pragma once\nnamespace millrace { int size(); }\n",
    "src/base/bytes.cc": '#include "base/bytes.h"\n\nint size() { return 1; }\n',
    "src/store/CMakeLists.txt": "millrace_module(store LAYER store\n  DEPENDS base)\n",
    "src/store/README.md": "# store\n",
    "src/store/db.cc": '#include "base/bytes.h"\n',
    "build/modules.txt": "base base \nstore store base\n",
    "docs/ARCHITECTURE.md": "`src/base` `src/store` `src/wire`\n",
    "docs/decisions/0001-first.md": "## Context\n## Decision\n## Consequences\n",
    "docs/decisions/README.md": "[1](0001-first.md) [2](0002-second.md) [3](0003-third.md)\n",
}


def found(files=None):
    """{rule: [(path, line)]} of the good tree with `files` over it (None removes one)."""
    files = dict(GOOD, **(files or {}))
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            if text is not None:
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text)
        places = tidy.findings(tidy.Tree(root))
    return {rule: [(str(path), line) for path, line, _ in there]
            for rule, there in places.items() if there}


def broken(name, text):
    return found(files={name: text})


class TreeTest(unittest.TestCase):
    def test_a_tree_in_order_has_nothing_to_mend(self):
        self.assertEqual(found(), {})

    def test_every_rule_says_what_to_do(self):
        self.assertEqual(len(tidy.RULES), len(set(tidy.RULES)))

    def test_an_exception_is_made_where_it_is_written(self):
        line = "void f() { std::system(x); }  // tidy: allow(calls) a test of the shell itself\n"
        self.assertEqual(broken("src/store/db.cc", line), {})
        self.assertEqual(broken("src/store/db.cc", line.replace(" a test of the shell itself", "")),
                         {"calls": [("src/store/db.cc", 1)]})


class LayersTest(unittest.TestCase):
    def test_an_undeclared_dependency_is_refused(self):
        self.assertEqual(broken("src/base/up.cc", '#include "store/db.h"\n'),
                         {"include-paths": [("src/base/up.cc", 1)]})
        both = {"src/store/row.h": "#pragma once\n", "src/base/up.cc": '#include "store/row.h"\n'}
        self.assertEqual(found(files=both), {"layers": [("src/base/up.cc", 1)]})

    def test_a_dependency_of_a_dependency_must_be_declared(self):
        more = {"src/wire/CMakeLists.txt": "millrace_module(wire LAYER wire DEPENDS store)\n",
                "src/wire/README.md": "\n", "src/wire/a.cc": '\n#include "base/bytes.h"\n',
                "build/modules.txt": "base base \nstore store base\nwire wire store\n"}
        self.assertEqual(found(files=more), {"layers": [("src/wire/a.cc", 2)]})

    def test_a_folder_belongs_to_the_nearest_module_above_it(self):
        self.assertEqual(broken("src/store/deep/a.cc", '#include "base/bytes.h"\n'), {})
        self.assertIn("layers", broken("src/loose.cc", "\n"))

    def test_includes_are_written_from_src(self):
        self.assertIn("include-paths", broken("src/base/a.cc", '#include "bytes.h"\n'))
        self.assertIn("include-paths", broken("src/base/a.cc", '#include "../base/bytes.h"\n'))
        self.assertIn("include-paths", broken("src/base/a.cc", "#include <base/bytes.h>\n"))

    def test_generated_headers_are_found_in_the_build_tree(self):
        more = {"src/store/a.cc": '#include "base/api.h"\n'}
        self.assertIn("include-paths", found(files=more))
        more["build/generated/base/api.h"] = "#pragma once\n"
        self.assertEqual(found(files=more), {})

    def test_the_own_header_comes_first(self):
        text = '#include <string>\n#include "base/bytes.h"\n'
        self.assertEqual(broken("src/base/bytes.cc", text),
                         {"own-header-first": [("src/base/bytes.cc", 1)]})

    def test_headers_have_pragma_once_and_a_user(self):
        self.assertEqual(broken("src/base/bytes.h", "int f();\n"),
                         {"pragma-once": [("src/base/bytes.h", 1)]})
        more = {"src/base/lone.h": "#pragma once\n",
                "src/base/lone_test.cc": '#include "base/lone.h"\n'}
        self.assertEqual(found(files=more), {"dead-headers": [("src/base/lone.h", 1)]})


class TextTest(unittest.TestCase):
    def calls(self, code, folder="store"):
        return [line for _, line in broken(f"src/{folder}/a.cc", code).get("calls", [])]

    def test_banned_calls_are_named(self):
        for code in ("std::thread t(f);", "std::jthread t(f);", "t.detach();", "usleep(3);",
                     "spawn(x, asio::detached);", "std::this_thread::sleep_for(d);",
                     "{ sleep(1); }",
                     "std::chrono::system_clock::now();", "std::random_device d;", "x = rand();",
                     "strcpy(a, b);", "std::sprintf(a, b);", "atoi(s);", "system(s);",
                     "std::cout << std::endl;", "assert(x);", "int s = std::system(x);",
                     "co_await run(pool, [&x] { return x; });",
                     "co_await f(1, [this]() { g(); });"):
            self.assertEqual(self.calls(code + "\n"), [1], code)

    def test_what_only_looks_like_them_is_not(self):
        for code in ("std::thread::id id;", "static_assert(x);", "std::this_thread::yield();",
                     "// assert(x)", 'log("assert(x)");', "clock.sleep_for(d);",
                     "world->sleep_until(t);", "snprintf(a, 3, b);",
                     "Task<void> sleep(Time t);",
                     "errors::system(x);", "co_await run(pool, [] { return 1; });",
                     "auto f = [&x] { return x; };", "operand(x);", "ASSERT(x);"):
            expected = [1] if code.startswith("errors::") else []
            self.assertEqual(self.calls(code + "\n"), expected, code)

    def test_the_runtime_may_use_what_it_wraps(self):
        self.assertEqual(self.calls("std::thread t(f);\n", "runtime"), [])

    def test_names_that_say_nothing(self):
        for code in ("int string_utils();", "struct FooHelper {};", "int pool_manager;",
                     "void do_work();", "void handle_it(int);"):
            self.assertIn("names", broken("src/base/a.cc", code + "\n"), code)
        self.assertIn("names", broken("src/base/string_utils.cc", "\n"))
        self.assertIn("names", broken("src/base/common.h", "#pragma once\n"))
        for code in ("std::coroutine_handle<> handle_;", "// helpers of the mill",
                     "auto handle = f();"):
            self.assertNotIn("names", broken("src/base/a.cc", code + "\n"), code)

    def test_notes_need_an_issue(self):
        word = "TO" + "DO"
        self.assertIn("notes", broken("src/base/a.cc", f"// {word}: later\n"))
        self.assertNotIn("notes", broken("src/base/a.cc", f"// {word} (#12): later\n"))

    def test_width_and_blanks(self):
        self.assertEqual(broken("src/base/a.cc", "//" + "x" * 98 + "\n"), {})
        self.assertEqual(broken("src/base/a.cc", "\n//" + "x" * 99 + "\n"),
                         {"width": [("src/base/a.cc", 2)]})
        self.assertEqual(broken("src/base/a.cc", "int x; \n"), {"blanks": [("src/base/a.cc", 1)]})
        self.assertEqual(broken("src/base/a.cc", "\nint x;"), {"blanks": [("src/base/a.cc", 2)]})

    def test_no_path_of_one_machine_and_no_registry(self):
        for text in ("/".join(("", "root", "x")), "/".join(("see ", "home", "jo", "x")),
                     "https://registry." + "example.org/x", "http://deb." + "example.org/debian",
                     '"resolved": ' + '"https://somewhere/x.tgz"'):
            self.assertEqual(broken("docs/a.md", text + "\n"), {"machine": [("docs/a.md", 1)]})
        self.assertEqual(broken("docs/a.md", "https://docs.aws.amazon.com/root/x ~/work/x\n"), {})


class CodeTest(unittest.TestCase):
    def lengths(self, code):
        return [last - first + 1 for first, last in
                tidy_code.functions(tidy_code.strip(textwrap.dedent(code)))]

    def test_functions_are_found_in_namespaces_and_classes(self):
        self.assertEqual(self.lengths("""\
            namespace a {
            template <class T, int N = f(3)>
            void f(int a,
                   int b) {
              if (a) { for (;;) { } }
            }
            class B final : public C {
             public:
              B() : x_{1}, y_(2) {}
              int g() const { return 1; }
              enum class D { x, y };
              struct alignas(64) E { int y = 0; };
            };
            constexpr int kTable[] = {
              f(1),
              f(2),
            };
            TEST(B, works) {
              auto l = [&] { };
            }
            }
            """), [5, 1, 1, 3])

    def test_strings_comments_and_directives_hold_no_braces(self):
        code = 'void f() {\n  auto s = R"x(}{ )" }}})x"; char c = \'{\'; // }\n#define Z {\n' \
               '  int n = 1\'000\'000; auto t = "}\\"}"; /* } */\n}\nint g() { return 2; }\n'
        self.assertEqual(self.lengths(code), [5, 1])

    def test_long_functions_and_files(self):
        body = "  int x;\n"
        self.assertEqual(broken("src/base/a.cc", "void f() {\n" + body * 68 + "}\n"), {})
        self.assertEqual(broken("src/base/a.cc", "\nvoid f() {\n" + body * 69 + "}\n"),
                         {"function-length": [("src/base/a.cc", 2)]})
        self.assertEqual(broken("src/base/a.cc", "int x;\n" * 801),
                         {"file-length": [("src/base/a.cc", 1)]})
        self.assertEqual(broken("tools/a.py", "def f():\n" + "    x = 1\n" * 70),
                         {"function-length": [("tools/a.py", 1)]})
        table = "int kTable[] = {\n" + "  f(1),\n" * 90 + "};\n"
        self.assertEqual(broken("src/base/a.cc", table), {})


class FilesTest(unittest.TestCase):
    def test_every_module_has_a_readme_of_a_screen(self):
        name = "src/base/README.md"
        self.assertEqual(broken(name, None), {"readme": [("src/base/CMakeLists.txt", 1)]})
        self.assertEqual(broken(name, "x\n" * 61), {"readme": [(name, 61)]})

    def test_listed_operations_have_their_files(self):
        files = {"src/store/operations.list": "# what is served\nPutThing\nGetThing\n",
                 "src/store/put_thing.cc": "\n", "src/store/put_thing.test": "\n",
                 "src/store/things/get_thing.cc": "\n"}
        name = "src/store/operations.list"
        self.assertEqual(found(files=files), {"operations": [(name, 3), (name, 3)]})

    def test_decisions_are_numbered_without_gaps(self):
        page = GOOD["docs/decisions/0001-first.md"]
        self.assertEqual(broken("docs/decisions/0003-third.md", page),
                         {"decisions": [("docs/decisions/0003-third.md", 1)]})
        self.assertEqual(broken("docs/decisions/0002-second.md", page), {})
        self.assertIn("decisions", broken("docs/decisions/0002-second.md", "no sections\n"))

    def test_every_module_is_on_the_map(self):
        self.assertEqual(broken("docs/ARCHITECTURE.md", "`src/base`\n"),
                         {"map": [("src/store/CMakeLists.txt", 1)]})

    def test_every_decision_is_in_the_index(self):
        self.assertEqual(broken("docs/decisions/README.md", "nothing\n"),
                         {"decisions": [("docs/decisions/0001-first.md", 1)]})


if __name__ == "__main__":
    unittest.main()
