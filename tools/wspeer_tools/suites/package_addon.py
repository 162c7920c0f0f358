"""Group `addon` of the packaging tests: the addon in a project of its own, in the editor and in an exported game."""

from __future__ import annotations

import filecmp
import functools
import os
import re
import shutil
import zipfile

from ..engine_output import printed, problems
from ..packages.addon import archive_path, stage_folder
from ..packages.pack import pack
from ..process import Argument, Program, run, run_to_end
from ..project import LIBRARY_FOLDER, ROOT, target_folder, tracked_files, version
from ..provision.engines import export_template
from ..report import Failed, note
from ..sample_project import engine_environment, list_extension, write_project
from .packaging import Packaging, make, require_no_paths, require_nodelete, require_old_glibc, require_stripped, same

LIBRARIES = ("libwspeer.so", "libwspeer.debug.so")
ECHOED = ["< Hello", "closed: 1000 "]

FALLBACK_SCRIPT = """extends Node

const WebFallback = preload("res://addons/wspeer/web_fallback.gd")


func _ready() -> void:
	var socket = WebFallback.new_peer()
	print(socket.get_class(), " ", socket.get_ready_state() == WebSocketPeer.STATE_CLOSED)
	get_tree().quit()
"""

EXPORT_PRESETS = """[preset.0]
name="Linux"
platform="Linux"
runnable=true
export_filter="all_resources"
include_filter=""
exclude_filter=""
export_path=""
[preset.0.options]
custom_template/release="{template}"
custom_template/debug="{template}"
binary_format/embed_pck=false
binary_format/architecture="{machine}"
"""

# What the format of the archive promises, whatever files the sample project has.
PROMISED = (
    "wspeer.gdextension",
    "plugin.cfg",
    "README.md",
    "MIGRATING.md",
    "web_fallback.gd",
    "godot3_names/websocket_client.gd",
    "godot3_names/websocket_server.gd",
)


def build_echo_server(packaging: Packaging) -> None:
    """Compiles the echo server, unless the group `library` has done so."""
    if (packaging.work / "echo_server").exists():
        return
    capi = target_folder() / "capi"
    features = ["--quiet", "--no-default-features", "--features", "capi"]
    run(["cargo", "build", *features], cwd=ROOT, env={"CARGO_TARGET_DIR": capi})
    libraries = [f"-L{capi}/debug", "-lwspeer", f"-Wl,-rpath,{capi}/debug"]
    source = ROOT / "tests/c/echo_server.c"
    run(["gcc", f"-I{ROOT / 'include'}", source, "-o", packaging.work / "echo_server", *libraries])


def unpack_project(packaging: Packaging, script: str) -> None:
    """Makes a project with nothing but the addon and a script on its one node."""
    shutil.rmtree(packaging.project, ignore_errors=True)
    with zipfile.ZipFile(archive_path()) as archive:
        archive.extractall(packaging.project)
    write_project(packaging.project, script, has_plugin=True)


class AddonGroup:
    """The archive and the project that is made from it."""

    def __init__(self, packaging: Packaging):
        self.packaging = packaging
        self.work = packaging.work
        self.project = packaging.project
        self.addon = packaging.project / "addons" / "wspeer"

    def build(self) -> None:
        archive_path().unlink(missing_ok=True)
        make("addon")
        with zipfile.ZipFile(archive_path()) as archive:
            same("damaged files", archive.testzip(), None)

    def require_list(self) -> None:
        """The archive has the committed files of the sample project's addon, and those that packaging adds."""
        files = {
            path.relative_to(ROOT / "godot_project").as_posix() for path in tracked_files("godot_project/addons/wspeer")
        }
        added = ["LICENSE", "THIRD-PARTY-LICENSES.txt", "godot3_names/.gdignore"]
        added += [f"bin/{LIBRARY_FOLDER}/{name}" for name in LIBRARIES]
        files |= {f"addons/wspeer/{name}" for name in (*added, *PROMISED)}
        with zipfile.ZipFile(archive_path()) as archive:
            same("files of the archive", sorted(archive.namelist()), sorted(files))

    def pack_again(self) -> None:
        pack(stage_folder(), self.work / "again.zip")
        if not filecmp.cmp(archive_path(), self.work / "again.zip", shallow=False):
            raise Failed("the same content gives another archive")

    def require_icons(self) -> None:
        text = (self.addon / "wspeer.gdextension").read_text(encoding="utf-8").split("[icons]", 1)[1]
        icons = re.findall(r'^(Rust\w+) *= *"([^"]+)"', text, re.MULTILINE)
        missing = [name for name, icon in icons if not (self.addon / icon).exists()]
        if missing or not icons:
            raise Failed(f"no icon for {missing or 'any class'}")

    def require_version(self) -> None:
        if f'version="{version()}"' not in (self.addon / "plugin.cfg").read_text(encoding="utf-8").splitlines():
            raise Failed(f"plugin.cfg does not have the version {version()}")

    def import_project(self) -> None:
        """Not by `--import`: if that finds an extension for the first time, the engine (4.6.3) crashes as it ends."""
        caches = self.project / ".godot"
        shutil.rmtree(caches, ignore_errors=True)
        self.packaging.run_engine("--editor", "--quit-after", "300")
        extensions = (caches / "extension_list.cfg").read_text(encoding="utf-8").splitlines()
        same("extensions", extensions, ["res://addons/wspeer/wspeer.gdextension"])
        if "godot3_names" in (caches / "global_script_class_cache.cfg").read_text(encoding="utf-8"):
            raise Failed("the names of Godot 3 are registered")

    def open_editor(self) -> None:
        """The plugin is enabled in the project, so the editor has to load it."""
        self.packaging.run_engine("--import")
        self.packaging.run_engine("--editor", "--quit-after", "20")

    def run_project(self) -> None:
        same("output", printed(self.packaging.run_engine("--quit-after", "30000")).splitlines(), ECHOED)

    def export(self) -> None:
        template = export_template()
        presets = EXPORT_PRESETS.format(template=template, machine=LIBRARY_FOLDER.split(".")[1])
        (self.project / "export_presets.cfg").write_text(presets, encoding="utf-8")
        game = self.work / "game"
        shutil.rmtree(game, ignore_errors=True)
        game.mkdir()
        self.packaging.run_engine("--export-release", "Linux", str(game / "game"))
        missing = [name for name in ("game.pck", "libwspeer.so") if not (game / name).exists()]
        if missing:
            raise Failed(f"the exported game has no {', '.join(missing)}")

    def run_game(self) -> None:
        """Runs the game while the project has another name, because it must not need the project's files."""
        away = self.project.with_name("project.away")
        shutil.rmtree(away, ignore_errors=True)
        self.project.rename(away)
        try:
            command: list[Argument] = [self.work / "game/game", "--headless", "--quit-after", "30000"]
            variables = engine_environment(self.packaging.home)
            status, text = run_to_end(command, self.work / "game.out", env=variables, cwd=self.work)
        finally:
            away.rename(self.project)
        note(text)
        same("status, output, complaints", (status, printed(text).splitlines(), problems(text)), (0, ECHOED, []))

    def fall_back(self) -> None:
        """web_fallback.gd returns the extension's class, or the engine's if there is no extension."""
        unpack_project(self.packaging, FALLBACK_SCRIPT)
        list_extension(self.project)
        same("output", printed(self.packaging.run_engine()), "RustWebSocketPeer true")
        for folder in (self.project / ".godot", self.addon / "bin"):
            shutil.rmtree(folder)
        os.unlink(self.addon / "wspeer.gdextension")
        same("output", printed(self.packaging.run_engine()), "WebSocketPeer true")

    def check_libraries(self) -> None:
        for name in LIBRARIES:
            library, step = self.addon / "bin" / LIBRARY_FOLDER / name, self.packaging.step
            step(f"glibc 2.28 is enough for {name}", functools.partial(require_old_glibc, library))
            step(f"{name} is stripped", functools.partial(require_stripped, library))
            step(f"{name} stays mapped", functools.partial(require_nodelete, library))
            step(f"{name} names no folder of this machine", functools.partial(require_no_paths, library))

    def readme_script(self, port: int) -> str:
        """Returns the first program of the addon's README.md, with the port, and an end."""
        readme = (ROOT / "godot_project/addons/wspeer/README.md").read_text(encoding="utf-8")
        found = re.search(r"^```gdscript\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
        script = found[1] if found else ""
        return script.replace("localhost:9080", f"127.0.0.1:{port}").replace("set_process(false)", "get_tree().quit()")

    def run(self) -> None:
        step = self.packaging.step
        step("make addon", self.build)
        step("the files of the archive", self.require_list)
        step("the same content gives the same archive", self.pack_again)
        build_echo_server(self.packaging)
        variables = {"LD_LIBRARY_PATH": str(self.packaging.library / "lib")}
        command: list[Argument] = [self.work / "echo_server"]
        with Program(command, self.work / "server.out", has_input=True, env=variables) as server:
            script = self.readme_script(server.port())
            step("unpack into an empty project", lambda: unpack_project(self.packaging, script))
            self.check_libraries()
            step("icons", self.require_icons)
            step("version of the plugin", self.require_version)
            step("the editor imports the project", self.import_project)
            step("the editor opens it with the plugin", self.open_editor)
            step("the project runs headless", self.run_project)
            step("export", self.export)
            step("the exported game runs", self.run_game)
            step("web_fallback.gd", self.fall_back)


def run_group(packaging: Packaging) -> None:
    try:
        AddonGroup(packaging).run()
    except Failed as error:
        packaging.report.fail("the addon", str(error))
