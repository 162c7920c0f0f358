"""Opens the sample project in the editor, on a hidden screen, runs a demo from there and checks the debugger's tab.

    tools/run test-editor [PICTURE.png]

tests/editor/plugin does the checks. An error or warning that the editor prints is a failure. PICTURE.png gets a picture
of the editor (target/editor-test/editor.png).
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil

from ..process import Program, fresh_folder
from ..project import GODOT_PROJECT, ROOT, target_folder
from ..provision.engines import bind_to_tree, engine, tree_of
from ..provision.programs import hidden_screen
from ..report import Failed, Report, closing_counts
from ..sample_project import engine_environment, list_extension

# Complaints of the engine about devices and services that this machine lacks.
ABOUT_THE_MACHINE = re.compile(
    r"XServer|udev|ALSA|PulseAudio|Vulkan|libdecor|XIM|X11 |VSync|V-Sync|xkb|dbus|D-Bus|speechd"
)
COMPLAINT = re.compile(r"^ *(USER |SCRIPT )?(ERROR|WARNING): |panicked at|Leaked instance")


def editor_program(work: pathlib.Path) -> "tuple[pathlib.Path, dict[str, str]]":
    """Returns an engine that can start itself, and the variables that it needs.

    The editor starts games by the path of its own program. Of an unpacked engine, that would be the dynamic loader's.
    """
    program = engine()
    tree = tree_of(program)
    if tree is None:
        return program, {}
    folders = bind_to_tree(tree, "usr/bin/godot", work / "godot")
    # For libraries that do not search the program's folders; these hold nothing but the engine's own libraries.
    return work / "godot", {"LD_LIBRARY_PATH": ":".join(folders[1:])}


def make_project(project: pathlib.Path) -> None:
    """Copies the sample project, because the editor writes into what it opens.

    The tests are left out: some have static variables, and the editor does not free such scripts at its end.
    """
    shutil.copytree(GODOT_PROJECT, project, ignore=lambda folder, _: {".godot", "tests"} & set(os.listdir(folder)))
    shutil.copytree(ROOT / "tests" / "editor" / "plugin", project / "addons" / "editor_test")
    shutil.copy(ROOT / "godot_project/tests/support/wait.gd", project / "addons" / "editor_test")
    settings = project / "project.godot"
    text = settings.read_text(encoding="utf-8")
    plugins = "enabled=PackedStringArray("
    text = text.replace(f"\n{plugins}", f'\n{plugins}"res://addons/editor_test/plugin.cfg", ')
    # The game finds no sound card either.
    settings.write_text(text + '\n[audio]\n\ndriver/driver="Dummy"\n', encoding="utf-8")
    list_extension(project)


def run_editor(work: pathlib.Path, picture: pathlib.Path, screen_number: str) -> "tuple[int, str]":
    program, variables = editor_program(work)
    home = work / "home"
    environment = {
        **engine_environment(home),
        **variables,
        "HOME": home,
        "DISPLAY": f":{screen_number}",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WSPEER_SCREENSHOT": picture,
    }
    options = ["--editor", "--verbose", "--rendering-driver", "opengl3", "--audio-driver", "Dummy"]
    with Program([program, *options, "--path", work / "project"], work / "out", env=environment) as editor:
        return editor.wait(120), editor.text()


def main(*arguments: str) -> int:
    work = target_folder() / "editor-test"
    work.mkdir(parents=True, exist_ok=True)
    picture = pathlib.Path(arguments[0] if arguments else work / "editor.png").resolve()
    report = Report(work)
    shutil.rmtree(work / "project", ignore_errors=True)
    fresh_folder(work / "home")
    make_project(work / "project")
    # Xvfb chooses a free number and prints it.
    screen_options = ["-displayfd", "1", "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    with Program([hidden_screen(), *screen_options], work / "screen", errors=work / "screen.err") as screen:
        number = screen.wait_for(r"^(\d+)$")[1]
        try:
            status, text = run_editor(work, picture, number)
        except Failed as error:
            report.fail("the editor", str(error))
            return report.close()
    for line in text.splitlines():
        if line.startswith(("ok ", "FAILED ")):
            print(line)
    complaints = {line for line in text.splitlines() if COMPLAINT.search(line) and not ABOUT_THE_MACHINE.search(line)}
    for complaint in sorted(complaints):
        report.fail("the editor printed", complaint)
    counts = closing_counts(text)
    if counts is None or counts[0] == 0:
        report.fail("the editor", "the plugin printed no counts")
    else:
        report.passed += counts[0] + (0 if complaints else 1)
        report.failed += counts[1]
    if status != 0 and report.failed == 0:
        report.fail("the editor", f"ended with status {status} ({work / 'out'})")
    return report.close()
