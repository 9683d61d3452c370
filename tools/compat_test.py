"""Tests of the compatibility pages: what they collect, and that a change makes them stale."""

import json
import pathlib
import tempfile
import unittest

import compat

MODEL = {
    "metadata": {"serviceFullName": "Amazon Things", "protocol": "json", "jsonVersion": "1.0"},
    "operations": {"GetThing": {}, "PutThing": {}, "ListThings": {}},
}
CODE = """\
#include "services/things/things.h"

constexpr size_t kNameMax = 64;  // AWS: of a thing.

// What is asked. AWS: a thing that is gone
// is answered as if it were there. See get_thing.test.
// DIVERGES: colours are not kept.
Task<void> get_thing(Things& things, wire::Call& call) {
  const std::string_view url = "http://AWS: no comment";
  co_return ok;  // Nothing.
}
"""
FILES = {
    "src/services/things/CMakeLists.txt": "millrace_service(things MODEL things/2020 STRUCT T)\n",
    "src/services/things/operations.list": "# served\nGetThing\n",
    "src/services/things/get_thing.cc": CODE,
    "src/services/things/get_thing.test": "# AWS: two at most.\ncall things GetThing\n",
    "src/services/things/limits_test.cc": "// AWS: only a test.\n",
    "src/wire/http/limits.h": "// AWS: <eight> at most.\n",
    "models/overlay/things.json": '{"metadata": {"protocols": ["query", "smithy-rpc-v2-cbor"]}}',
}


class PagesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.models = self.root / ".deps/models"
        for name, text in {**FILES, ".deps/models/things/2020/service-2.json":
                           json.dumps(MODEL)}.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def page(self, name):
        return compat.pages(self.root, self.models)[f"docs/compat/{name}.md"]

    def test_served_and_not_served_come_from_list_and_model(self):
        page = self.page("things")
        self.assertIn("1 of 3 operations. Protocols: query, rpc-v2-cbor.", page)
        served, missing = page.split("## Not served")
        self.assertIn("GetThing", served)
        self.assertNotIn("PutThing", served)
        self.assertIn("ListThings, PutThing", missing)

    def test_remarks_stand_with_their_operation_in_the_order_of_their_kind(self):
        page = self.page("things")
        self.assertIn("- **GetThing**: Colours are not kept.\n", page)
        self.assertIn("- **GetThing**: `size_t kNameMax = 64`: of a thing.\n", page)
        self.assertIn("- **GetThing**: A thing that is gone is answered as if it were there. See "
                      "get_thing.test.\n", page)
        self.assertIn("- **GetThing**: Two at most.\n", page)
        self.assertLess(page.index("Where Millrace differs"), page.index("What AWS does"))
        self.assertNotIn("no comment", page)
        self.assertNotIn("only a test", page)

    def test_what_all_services_share_is_on_the_index(self):
        page = self.page("README")
        self.assertIn("| [Amazon Things](things.md) | 1 | 3 | query, rpc-v2-cbor |", page)
        self.assertIn(r"- **src/wire/http/limits.h**: \<eight> at most.", page)

    def test_a_change_of_the_list_makes_the_pages_stale_until_they_are_written(self):
        compat.write(self.root, self.models)
        self.assertEqual(compat.stale(self.root, self.models), [])
        (self.root / "src/services/things/operations.list").write_text("GetThing\nPutThing\n")
        self.assertEqual(compat.stale(self.root, self.models),
                         ["docs/compat/README.md", "docs/compat/things.md"])
        compat.write(self.root, self.models)
        self.assertEqual(compat.stale(self.root, self.models), [])

    def test_the_page_of_a_service_that_is_no_more_goes(self):
        gone = self.root / "docs/compat/gone.md"
        gone.parent.mkdir(parents=True)
        gone.write_text("# Gone\n")
        self.assertIn("docs/compat/gone.md", compat.stale(self.root, self.models))
        compat.write(self.root, self.models)
        self.assertFalse(gone.exists())


if __name__ == "__main__":
    unittest.main()
