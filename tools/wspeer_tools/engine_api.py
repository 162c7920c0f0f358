"""Reads a version of the engine's API, and decides which of the extension's lookups it does not have.

The API is that of the crate gdextension-api, from which gdext generates its code. tests/godot/reduced_engine.c records
the lookups, one a line.
"""

from __future__ import annotations

import json
import pathlib
import re
from typing import Any, Iterable, Iterator

from .process import output_of
from .project import ADDON, EXTENSION_FEATURES, ROOT

OPERATORS = {
    "OP_EQUAL": "==",
    "OP_NOT_EQUAL": "!=",
    "OP_LESS": "<",
    "OP_LESS_EQUAL": "<=",
    "OP_GREATER": ">",
    "OP_GREATER_EQUAL": ">=",
    "OP_ADD": "+",
    "OP_SUBTRACT": "-",
    "OP_MULTIPLY": "*",
    "OP_DIVIDE": "/",
    "OP_MODULE": "%",
    "OP_IN": "in",
}


# The kinds of lookups that are compared; "registered" are the extension's own classes.
KINDS = (
    "interface",
    "class",
    "singleton",
    "method",
    "utility",
    "builtin",
    "constructor",
    "operator",
)

Lookup = tuple[str, ...]


def oldest_engine() -> str:
    """Returns the version of the oldest engine that loads the addon, as its extension file states it."""
    text = (ADDON / "wspeer.gdextension").read_text(encoding="utf-8")
    found = re.search(r'^compatibility_minimum = "(\d+\.\d+)"$', text, re.MULTILINE)
    if not found:
        raise ValueError("wspeer.gdextension states no compatibility_minimum")
    return found[1]


def api_folder() -> pathlib.Path:
    """Returns the folder of the crate gdextension-api, with one folder for each version of the engine."""
    options = ["--format-version", "1", "--locked", *EXTENSION_FEATURES]
    metadata = json.loads(output_of(["cargo", "metadata", *options], cwd=ROOT))
    manifests = [package["manifest_path"] for package in metadata["packages"] if package["name"] == "gdextension-api"]
    return pathlib.Path(manifests[0]).parent / "src"


class EngineApi:
    """The functions, classes and methods of a version of the engine, each with the hashes by which it is found."""

    def __init__(self, version: str, api: "dict[str, Any]", interface: "dict[str, Any]"):
        number = _number(version)
        enums = {enum["name"]: enum["values"] for enum in api["global_enums"]}
        self._types = {str(entry["value"]): _plain(entry["name"][len("TYPE_") :]) for entry in enums["Variant.Type"]}
        self._operators = {str(entry["value"]): entry["name"] for entry in enums["Variant.Operator"]}
        builtins = {_plain(entry["name"]): entry for entry in api["builtin_classes"]}
        self.known: dict[str, set[Lookup]] = {
            "interface": {(entry["name"],) for entry in interface["interface"] if _number(entry["since"]) <= number},
            "class": {(entry["name"],) for entry in api["classes"]},
            "singleton": {(entry["name"],) for entry in api["singletons"]},
            "method": {
                (of_class["name"], method["name"], str(code))
                for of_class in api["classes"]
                for method in of_class.get("methods", [])
                for code in [method.get("hash"), *method.get("hash_compatibility", [])]
            },
            "utility": {(entry["name"], str(entry["hash"])) for entry in api["utility_functions"]},
            "builtin": {
                (name, method["name"], str(method["hash"]))
                for name, entry in builtins.items()
                for method in entry.get("methods", [])
            },
            "constructor": {
                (name, str(constructor["index"]))
                for name, entry in builtins.items()
                for constructor in entry["constructors"]
            },
            "operator": {
                (operator["name"], name, _plain(operator.get("right_type", "Nil")))
                for name, entry in builtins.items()
                for operator in entry["operators"]
            },
        }

    @classmethod
    def of(cls, version: str) -> "EngineApi":
        folder = api_folder()
        api = json.loads((folder / version / "extension_api.json").read_text(encoding="utf-8"))
        return cls(version, api, json.loads((folder / "gdextension_interface.json").read_text(encoding="utf-8")))

    def named(self, kind: str, lookup: Lookup) -> Lookup:
        """Returns a lookup with the names of the numbers of types and operators."""
        if kind in ("builtin", "constructor"):
            return (self._types.get(lookup[0], ""), *lookup[1:])
        if kind == "operator":
            operator = OPERATORS.get(self._operators.get(lookup[0], ""), "")
            return (operator, *(self._types.get(number, "") for number in lookup[1:]))
        return lookup


def _number(version: str) -> "tuple[int, ...]":
    return tuple(int(part) for part in version.split("."))


def _plain(name: str) -> str:
    """Returns the name of a type without case and underscores: the API has `PackedByteArray` and PACKED_BYTE_ARRAY."""
    return name.replace("_", "").lower()


def lookups_by_kind(lines: "Iterable[str]") -> "dict[str, list[Lookup]]":
    """Returns what was looked up, each once, by kind."""
    found: dict[str, list[Lookup]] = {kind: [] for kind in (*KINDS, "registered")}
    for line in sorted(set(lines)):
        kind, *arguments = line.split()
        found[kind].append(tuple(arguments))
    return found


def unknown_lookups(api: EngineApi, lookups: "dict[str, list[Lookup]]", kind: str) -> "Iterator[str]":
    """Yields the lookups of a kind for which an API has nothing."""
    known = api.known[kind]
    if kind in ("class", "singleton"):
        known = known | set(lookups["registered"])
    for lookup in lookups[kind]:
        if api.named(kind, lookup) not in known:
            yield " ".join([kind, *api.named(kind, lookup)])
