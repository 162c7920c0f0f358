"""Tests of the comparison of what the extension looks up with an API of the engine."""

from __future__ import annotations

import unittest
from typing import Any

from wspeer_tools.engine_api import KINDS, EngineApi, lookups_by_kind, unknown_lookups

API: "dict[str, Any]" = {
    "classes": [{"name": "Node", "methods": [{"name": "get_name", "hash": 5, "hash_compatibility": [4]}]}],
    "singletons": [{"name": "Engine"}],
    "utility_functions": [{"name": "print", "hash": 7}],
    "global_enums": [
        {"name": "Variant.Type", "values": [{"name": "TYPE_NIL", "value": 0}, {"name": "TYPE_NODE_PATH", "value": 22}]},
        {"name": "Variant.Operator", "values": [{"name": "OP_EQUAL", "value": 0}, {"name": "OP_LESS", "value": 2}]},
    ],
    "builtin_classes": [
        {
            "name": "NodePath",
            "methods": [{"name": "is_empty", "hash": 9}],
            "constructors": [{"index": 0}],
            "operators": [{"name": "==", "right_type": "NodePath"}],
        }
    ],
}
INTERFACE = {"interface": [{"name": "mem_alloc", "since": "4.1"}, {"name": "mem_alloc2", "since": "4.6"}]}

# Of each kind, what the API has, and what a newer engine has more.
LOOKUPS = {
    "interface mem_alloc": "interface mem_alloc2",
    "class Node": "class FoldableContainer",
    "singleton Engine": "singleton NewServer",
    "method Node get_name 4": "method Node get_name 6",
    "utility print 7": "utility print_new 7",
    "builtin 22 is_empty 9": "builtin 22 is_new 9",
    "constructor 22 0": "constructor 22 1",
    "operator 0 22 22": "operator 2 22 22",
}


class EngineApiTest(unittest.TestCase):
    """Lookups that an API has, and lookups that only a newer one has."""

    def unknown(self, *lines: str) -> "list[str]":
        api, lookups = EngineApi("4.4", API, INTERFACE), lookups_by_kind(lines)
        return [lookup for kind in KINDS for lookup in unknown_lookups(api, lookups, kind)]

    def test_what_the_api_has_is_known(self) -> None:
        self.assertEqual(self.unknown(*LOOKUPS), [])

    def test_what_only_a_newer_engine_has_is_found_in_each_kind(self) -> None:
        for newer in LOOKUPS.values():
            self.assertEqual(len(self.unknown(*LOOKUPS, newer)), 1, newer)

    def test_the_classes_of_the_extension_are_known(self) -> None:
        self.assertEqual(self.unknown("registered RustNew", "class RustNew", "singleton RustNew"), [])


if __name__ == "__main__":
    unittest.main()
