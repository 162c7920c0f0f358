"""The sample project and engines that run it: its library, its caches, and projects that tests make from its addon."""

from __future__ import annotations

import pathlib
import shutil
import tempfile
from typing import Optional

from .engine_output import problems, require_no_bugs
from .process import SILENCE, Argument, run_to_end
from .project import ADDON, GODOT_PROJECT, LIBRARY_FOLDER, say, target_folder
from .provision.engines import engine
from .report import Failed, Unavailable, note

EXTENSION = "res://addons/wspeer/wspeer.gdextension"

# The built library and the name that the addon loads it by. Editors load the debug name; `optimized` gives them the
# release library.
PROFILES = {
    "debug": ("debug", "libwspeer.debug.so"),
    "release": ("release", "libwspeer.so"),
    "optimized": ("release", "libwspeer.debug.so"),
}

CLASS = """{{
"base": &"Rust{name}",
"class": &"{name}",
"icon": "",
"is_abstract": false,
"is_tool": false,
"language": &"GDScript",
"path": "res://addons/wspeer/godot3_names/{script}"
}}"""


def library_path(name: str) -> pathlib.Path:
    return ADDON / "bin" / LIBRARY_FOLDER / name


def replace_file(source: pathlib.Path, destination: pathlib.Path) -> None:
    """Copies by a rename, because a running engine has the old file mapped."""
    new = destination.with_name(destination.name + ".new")
    shutil.copyfile(source, new)
    new.chmod(0o755)
    new.replace(destination)


def list_extension(project: pathlib.Path) -> None:
    """Writes the list of extensions that the editor makes when it imports a project; without it none is loaded."""
    folder = project / ".godot"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "extension_list.cfg").write_text(EXTENSION + "\n", encoding="utf-8")


def write_caches(project: pathlib.Path) -> None:
    """Writes what the editor writes when it imports the sample project: the extension, and the class names."""
    list_extension(project)
    classes = [
        CLASS.format(name="WebSocketClient", script="websocket_client.gd"),
        CLASS.format(name="WebSocketServer", script="websocket_server.gd"),
    ]
    cache = project / ".godot" / "global_script_class_cache.cfg"
    cache.write_text(f"list=[{', '.join(classes)}]\n", encoding="utf-8")


def install_library(profile: str) -> None:
    """Copies a built library to the place that the sample project loads it from."""
    if profile not in PROFILES:
        raise Failed(f"unknown profile '{profile}': {', '.join(PROFILES)}")
    folder, name = PROFILES[profile]
    library_path(name).parent.mkdir(parents=True, exist_ok=True)
    replace_file(target_folder() / folder / "libwspeer.so", library_path(name))
    write_caches(GODOT_PROJECT)


def require_library() -> None:
    """Fails if no library was built for the sample project."""
    if not any(ADDON.glob("bin/*/*")):
        raise Unavailable("the sample project has no library; run `make build`")
    list_extension(GODOT_PROJECT)


def engine_environment(home: Argument) -> "dict[str, Argument]":
    """Returns variables that keep an engine's settings and caches in a folder of the test."""
    return dict.fromkeys(("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), home)


def run_engine(project: pathlib.Path, *arguments: str, work: pathlib.Path, silence: float = SILENCE) -> str:
    """Runs an engine without a screen up to its end and returns what it printed.

    A status other than 0, a script error, a panic or a leak is a failure.
    """
    command: list[Argument] = [engine(), "--headless", "--path", project, *arguments]
    status, text = run_to_end(command, work / "engine.log", env=engine_environment(work), silence=silence)
    note(text)
    if status != 0:
        raise Failed(f"the engine ended with status {status}")
    require_no_bugs(text)
    return text


def run_engine_quietly(project: pathlib.Path, *arguments: str, work: pathlib.Path) -> str:
    """Like run_engine(); an error, warning or leak that the engine prints is a failure as well."""
    text = run_engine(project, *arguments, work=work)
    found = problems(text)
    if found:
        raise Failed("the engine printed\n" + "\n".join(found))
    return text


def write_project(folder: pathlib.Path, script: str, *, has_plugin: bool = False) -> None:
    """Makes a project with one node that has the script; the addon is copied or unpacked by the caller."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "main.gd").write_text(script, encoding="utf-8")
    (folder / "main.tscn").write_text(
        "[gd_scene load_steps=2 format=3]\n"
        '[ext_resource type="Script" path="res://main.gd" id="1"]\n'
        '[node name="Main" type="Node"]\n'
        'script = ExtResource("1")\n',
        encoding="utf-8",
    )
    settings = 'config_version=5\n[application]\nconfig/name="test"\nrun/main_scene="res://main.tscn"\n'
    # Programs of the documents show refused calls on purpose.
    settings += "[wspeer]\ndebug/print_refused_calls=false\n"
    if has_plugin:
        settings += '[editor_plugins]\nenabled=PackedStringArray("res://addons/wspeer/plugin.cfg")\n'
        settings += '[rendering]\nrenderer/rendering_method="gl_compatibility"\n'
    (folder / "project.godot").write_text(settings, encoding="utf-8")


DEMO_LINES = (
    "Server started.",
    "> Sending test packet.",
    "< Got text data from server: Test packet",
    "WebSocket closed with code: 1000. Clean: true",
)


def run_demo(scene: Optional[str] = None) -> None:
    """Runs the tutorial's server and client and checks that they print what the tutorial says."""
    say("running the minimal server and the minimal client in Godot")
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        text = run_engine(GODOT_PROJECT, scene or "res://demos/tutorial_run.tscn", work=work)
    for line in DEMO_LINES:
        if line not in text:
            raise Failed(f"the demo did not print '{line}'")
