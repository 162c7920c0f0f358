"""Compiles the extension for engines with `precision=double`.

No package has such an engine. The interface of an engine with single precision has the sizes of both, so it becomes the
other one when its numbers of type `real_t` are doubles.
"""

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import Any

from ..process import run
from ..project import ROOT, say, target_folder
from ..provision.engines import engine
from ..report import Failed

# Methods that read and write numbers of 32 bits, whatever the precision is.
SINGLE_PRECISION = ("get_float", "put_float", "store_float")


def with_double_precision(api: "dict[str, Any]") -> "dict[str, Any]":
    """Returns the interface that the engine of an interface would have with `precision=double`."""
    configurations = {entry["build_configuration"] for entry in api["builtin_class_sizes"]}
    if "double_64" not in configurations:
        raise Failed(f"the interface has no sizes for double precision, only for {', '.join(sorted(configurations))}")
    changed: dict[str, Any] = json.loads(json.dumps(api))
    changed["header"]["precision"] = "double"
    for of_class in changed["classes"]:
        for method in of_class.get("methods", []):
            # The others take numbers of type `real_t`, whose size is that of the precision.
            if method["name"] not in SINGLE_PRECISION:
                for value in [*method.get("arguments", []), method.get("return_value", {})]:
                    if value.get("meta") == "float":
                        value["meta"] = "double"
    return changed


def write_interface(folder: pathlib.Path) -> pathlib.Path:
    """Has the engine write its interface, and returns the file of the changed one."""
    folder.mkdir(parents=True, exist_ok=True)
    run([engine(), "--headless", "--dump-extension-api"], cwd=folder)
    api = json.loads((folder / "extension_api.json").read_text(encoding="utf-8"))
    text = json.dumps(with_double_precision(api), indent=1)
    # gdext generates its code again only if the name of the file differs.
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = folder / f"double_precision_{digest}.json"
    path.write_text(text, encoding="utf-8")
    return path


def check_double() -> None:
    """Compiles the extension; in a folder of its own, because the crates of gdext differ."""
    folder = target_folder() / "double-precision"
    interface = write_interface(folder)
    say("compiling the extension for double precision (a first build takes a few minutes)")
    features = ["--features", "godot-double,capi"]
    run(
        ["cargo", "check", "--locked", *features, "--target-dir", folder],
        cwd=ROOT,
        env={"GDRUST_GODOT_API_JSON": interface},
    )
