"""Runs the programs of README.md across languages.

    tools/run test-docs [LIBRARY_DIR]

The GDScript and the C program run as they are printed there, against the C echo server; C clients run against the
scenes of the sample project, and a scene against the C chat server.
"""

from __future__ import annotations

import contextlib
import pathlib
import re
import shutil
import signal
import tempfile
from typing import Callable, Optional

from ..engine_output import printed, require_no_bugs
from ..process import Argument, Program, run, run_to_end
from ..project import ADDON, GODOT_PROJECT, ROOT, target_folder
from ..provision.engines import engine
from ..report import Failed, Report, logging_to
from ..sample_project import engine_environment, list_extension, require_library, run_engine, write_project
from .c_programs import has_closed

ROOM_SCRIPT = """extends Node

var chats := []

func _ready():
	for role in ["Host", "Guest"]:
		var branch := Node.new()
		branch.name = role
		get_tree().set_multiplayer(MultiplayerAPI.create_default_interface(), NodePath("/root/Main/" + role))
		add_child(branch)
		chats.append(load("res://room.gd").new())
		chats[-1].name = "Chat"
		branch.add_child(chats[-1])
	chats[0].host(0)
	chats[1].join("ws://127.0.0.1:%d" % chats[0].multiplayer.multiplayer_peer.get_local_port())
	await chats[0].multiplayer.peer_connected
	chats[0].chat.rpc("hello")
	# Messages sent before the close arrive before it.
	chats[0].multiplayer.multiplayer_peer.close()
	await chats[1].multiplayer.server_disconnected
	get_tree().quit()
"""

WATCH_SCRIPT = """extends Node

var peer := RustWebSocketPeer.new()
var sent := false

func _ready():
	add_child(load("res://watch.gd").new())
	peer.connect_to_url("ws://127.0.0.1:{port}")

func _process(_delta):
	peer.poll()
	if not sent and peer.get_ready_state() == RustWebSocketPeer.STATE_OPEN:
		sent = peer.send_text("Hello") == OK
	if peer.get_available_packet_count() > 0:
		get_tree().quit()
"""


def snippet(language: str, number: int = 1) -> str:
    """Returns the fenced block of that number among those of the language."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return blocks[number - 1]


class Suite:
    """The folders and steps of one run."""

    def __init__(self, library: pathlib.Path, work: pathlib.Path):
        self.library = library
        self.work = work
        self.project = work / "project"
        self.report = Report(work / "logs")

    def compile(self, source: pathlib.Path, name: str) -> pathlib.Path:
        flags = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}"]
        libraries: list[Argument] = [f"-L{self.library}", "-lwspeer", f"-Wl,-rpath,{self.library}"]
        run(["gcc", *flags, source, "-o", self.work / name, *libraries])
        return self.work / name

    def compile_c(self, name: str) -> pathlib.Path:
        return self.compile(ROOT / "tests" / "c" / f"{name}.c", name)

    def compare(self, name: str, expected: str, actual: str) -> None:
        self.report.equal(name, actual, expected)

    def run_program(self, name: str, *arguments: str) -> str:
        """Returns what a program prints."""
        return run_to_end([self.work / name, *arguments], self.work / f"{name}.out")[1].rstrip("\n")

    def run_project(self, *options: str) -> str:
        """Returns what the project's script prints."""
        with contextlib.suppress(Failed):
            return printed(run_engine(self.project, *options, work=self.work))
        return (self.work / "engine.log").read_text(encoding="utf-8", errors="replace")

    def scene(self, script: str, *arguments: str) -> Program:
        """Starts a script of the sample project's tests."""
        command: list[Argument] = [
            engine(),
            "--headless",
            "--path",
            GODOT_PROJECT,
            "-s",
            f"res://tests/{script}",
            "--",
            *arguments,
        ]
        return Program(command, self.work / f"{script}.out", env=engine_environment(self.work))

    def test_readme(self, port: int) -> None:
        (self.work / "readme.c").write_text(snippet("c"), encoding="utf-8")
        self.compile(self.work / "readme.c", "readme")
        output = self.run_program("readme", f"ws://127.0.0.1:{port}")
        self.compare("the C program of README.md", "< Hello\nclosed: 1000 ", output)

        # The scripts run in a project that has nothing but the addon, like the one of a reader of README.md.
        shutil.copytree(ADDON, self.project / "addons" / "wspeer")
        list_extension(self.project)
        write_project(self.project, snippet("gdscript").replace("localhost:9080", f"127.0.0.1:{port}"))
        output = self.run_project("--quit-after", "6000")
        self.compare("the script of README.md", "< Hello\nclosed: 1000 ", output)

        # The room's script, once as a host and once as a guest, each with a multiplayer API of its own.
        (self.project / "room.gd").write_text(snippet("gdscript", 2), encoding="utf-8")
        write_project(self.project, ROOM_SCRIPT)
        self.compare("the room of README.md", "1: hello\n1: hello", self.run_project())

        (self.project / "watch.gd").write_text(snippet("gdscript", 4), encoding="utf-8")
        write_project(self.project, WATCH_SCRIPT.format(port=port))
        lines = re.findall(r"(?:text [0-9]+|ERROR.*)$", self.run_project(), re.MULTILINE)
        self.compare("the monitor of README.md", "text 5", "\n".join(sorted(set(lines))))

    def test_scene(self) -> None:
        """The C echo client and the minimal server's scene."""
        self.compile_c("echo_client")
        with self.scene("serve_demo.gd") as scene:
            output = self.run_program("echo_client", f"ws://127.0.0.1:{scene.port()}", "Hello from C")
            is_closed, echoed = has_closed(output), output.rpartition("\n")[0]
            self.report.equal("the C client at the scene", (echoed, is_closed), ("< Hello from C", True))
            status = scene.wait()
            require_no_bugs(scene.text())
            line = "< Got text data from peer 2: Hello from C ... echoing"
            self.report.equal("the scene", (status, scene.text().splitlines().count(line)), (0, 1))

    def test_godot3_scene(self) -> None:
        """The C chat client and the server of Godot 3's tutorial."""
        self.compile_c("chat_client")
        with self.scene("serve_godot3.gd") as scene:
            url = f"ws://127.0.0.1:{scene.port()}"
            with Program([self.work / "chat_client", url], self.work / "chat_client.out", has_input=True) as client:
                client.write("Hello from C\n:wait Hello from C\n")
                client.close_input()
                client.wait()
                name = "the chat client at the tutorial of Godot 3"
                self.compare(name, "connected\nHello from C", client.text().rstrip("\n"))
            status = scene.wait()
            require_no_bugs(scene.text())
            echoed = re.findall(r"^Got data from client \d*: Hello from C ... echoing$", scene.text(), re.MULTILINE)
            closed = r"^Client \d* disconnecting with code: 1000, reason: bye$"
            counts = (status, len(echoed), len(re.findall(closed, scene.text(), re.MULTILINE)))
            self.report.equal("the tutorial of Godot 3", counts, (0, 1, 1))

    def test_chat_server(self) -> None:
        """A scene of Godot 3's programs at the C chat server."""
        self.compile_c("chat_server")
        with Program([self.work / "chat_server"], self.work / "chat_server.out", has_input=True) as server:
            with self.scene("visit_chat.gd", f"ws://127.0.0.1:{server.port()}/scene") as scene:
                scene.wait()
                require_no_bugs(scene.text())
                expected = "Received: scene has come\nReceived: scene: Hello, server!"
                self.compare("a scene of Godot 3 at the chat server", expected, printed(scene.text()))
            server.signal(signal.SIGTERM)
            self.report.equal("the chat server", server.wait(), 0)

    def run_all(self) -> int:
        self.compile_c("echo_server")
        with Program([self.work / "echo_server"], self.work / "echo_server.out", has_input=True) as server:
            self.guard("the programs of README.md", lambda: self.test_readme(server.port()))
        self.guard("the scene", self.test_scene)
        self.guard("the tutorial of Godot 3", self.test_godot3_scene)
        self.guard("the chat server", self.test_chat_server)
        return self.report.close()

    def guard(self, name: str, function: Callable[[], None]) -> None:
        """Counts a failure before the comparisons, such as a server that does not start."""
        try:
            with logging_to(self.report.folder / "commands.log"):
                function()
        except Failed as error:
            self.report.fail(name, str(error))


def main(library: Optional[str] = None) -> int:
    require_library()
    with tempfile.TemporaryDirectory() as work:
        return Suite(pathlib.Path(library or target_folder() / "debug").resolve(), pathlib.Path(work)).run_all()
