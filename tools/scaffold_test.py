"""Tests of `./dev new`: the list stays sorted, and what AWS has no name for is refused."""

import unittest

import scaffold
from project import Failure
from tidy_files import operations


class ListTest(unittest.TestCase):
    def test_the_line_stands_where_the_alphabet_has_it(self):
        text = "# served\nGetThing\nPutThing\n"
        for operation, expected in (("AddThing", ["AddThing", "GetThing", "PutThing"]),
                                    ("ListThings", ["GetThing", "ListThings", "PutThing"]),
                                    ("StopThing", ["GetThing", "PutThing", "StopThing"])):
            made = scaffold._inserted(text, operation)
            self.assertEqual([name for _, name in operations(made)], expected)
            self.assertTrue(made.startswith("# served\n"))
        self.assertEqual(scaffold._inserted("# served\n", "GetThing"), "# served\nGetThing\n")


class NameTest(unittest.TestCase):
    def test_the_file_of_an_operation(self):
        for operation, name in (("GetCallerIdentity", "get_caller_identity"),
                                ("DeleteTags", "delete_tags"),
                                ("ListMFADevices", "list_mfa_devices"),
                                ("PutObjectACL", "put_object_acl"), ("ETag", "etag")):
            self.assertEqual(scaffold.snake(operation), name)


class RefusalTest(unittest.TestCase):
    def test_what_does_not_exist_is_refused_by_name(self):
        for kind, names, said in (("operation", ["nowhere", "GetThing"], "nowhere"),
                                  ("operation", ["sts"], "SERVICE OPERATION"),
                                  ("operation", ["sts", "GetCallerIdentitty"], "GetCallerIdentity"),
                                  ("operation", ["sts", "GetCallerIdentity"], "listed already"),
                                  ("service", ["sagemakr"], "sagemaker"),
                                  ("service", ["sts"], "there already"),
                                  ("service", ["sagemaker-runtime"], "runtime is there already")):
            with self.assertRaisesRegex(Failure, said):
                scaffold.new(kind, names)


if __name__ == "__main__":
    unittest.main()
