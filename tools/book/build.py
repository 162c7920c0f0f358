#!/usr/bin/env python3
"""Builds the documentation as a site: tools/book/build.py [OUTPUT]; the default is dist/docs.

The pages are the documents of the repository, a reference of the Godot classes and a reference of the C functions. The
Godot reference is the engine's own dump of the loaded extension, merged with the text of the editor's help; the C
reference is made from include/wspeer.h. The extension must be in the sample project, which `make docs` takes care of.
"""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import c_reference  # noqa: E402
import check  # noqa: E402
import godot_classes  # noqa: E402
import pages  # noqa: E402

ROOT = pages.ROOT
HERE = pathlib.Path(__file__).resolve().parent
MDBOOK = "mdbook"


def say(text: str) -> None:
    print(f"docs: {text}", file=sys.stderr, flush=True)


def target_folder() -> pathlib.Path:
    return pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()


def mdbook() -> str:
    """Returns mdBook's program: the one on PATH, or one that is built once into the build folder."""
    installed = shutil.which(MDBOOK)
    if installed:
        return installed
    tools = target_folder() / "tools"
    program = tools / "bin" / MDBOOK
    if not os.access(program, os.X_OK):
        say(f"{MDBOOK} is missing; building it once into {tools} (a few minutes)")
        environment = {name: value for name, value in os.environ.items() if name != "CARGO_TARGET_DIR"}
        features = ["--no-default-features", "--features", "search"]
        command = ["cargo", "install", MDBOOK, "--locked", "--quiet", *features, "--root", str(tools)]
        subprocess.run(command, env=environment, check=True)
    return str(program)


def engine() -> str:
    """Returns the path of a Godot engine that runs here."""
    command = [str(ROOT / "tools" / "run"), "engine"]
    if not os.path.exists(command[0]):
        command = [str(ROOT / "tools" / "engine.sh")]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def dump_classes(work: pathlib.Path) -> pathlib.Path:
    """Has the engine describe the extension's classes. Returns the folder of the XML files."""
    folder = work / "classes" / "doc_classes"
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    say("writing the editor's help")
    subprocess.run(
        ["cargo", "run", "--quiet", "--features", "godot,capi", "--example", "godot_help", "--", str(folder)],
        cwd=ROOT,
        check=True,
    )
    say("dumping the classes in the engine")
    # The engine keeps the descriptions that it finds in the folder.
    run_engine(work, "--doctool", str(folder.parent), "--gdextension-docs")
    classes = godot_classes.read_classes(folder)
    if not any(subject.methods for subject in classes):
        raise SystemExit(f"docs: the engine described no class; see {work / 'engine.log'}")
    script = [str(HERE / "defaults.gd"), "--", *(subject.name for subject in classes)]
    (work / "defaults.txt").write_text(run_engine(work, "--script", *script), encoding="utf-8")
    return folder


def run_engine(work: pathlib.Path, *arguments: str) -> str:
    """Runs the engine on the sample project without a user's settings. Returns what it prints."""
    home = {name: str(work / "home") for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    command = [engine(), "--headless", "--path", str(ROOT / "godot_project"), *arguments]
    log = work / "engine.log"
    with log.open("wb") as output:
        process = subprocess.run(
            command, env={**os.environ, **home}, stdout=output, stderr=subprocess.STDOUT, check=False, timeout=300
        )
    text = log.read_text(encoding="utf-8", errors="replace")
    if process.returncode != 0:
        raise SystemExit(f"docs: the engine ended with status {process.returncode}:\n{text}")
    return text


def read_defaults(path: pathlib.Path) -> "dict[tuple[str, str], str]":
    """Returns the defaults that defaults.gd printed, by class and property."""
    lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return {(fields[0], fields[1]): fields[2] for fields in lines if len(fields) == 3}


def write_sources(
    source: pathlib.Path, classes_folder: pathlib.Path, defaults: "dict[tuple[str, str], str]"
) -> None:
    """Writes all pages as Markdown, and the summary that mdBook reads."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    sections, c_names = c_reference.write(pages.ROOT / "include" / "wspeer.h", source / "c")
    classes = godot_classes.read_classes(classes_folder)
    for subject in classes:
        subject.set_defaults(defaults)
    godot_classes.write(classes, source / "godot")
    names = {name: f"c/{address}" for name, address in c_names.items()}
    names.update({subject.name: f"godot/{subject.name}.md" for subject in classes})
    summary, project = pages.write(source, names)
    summary += ["", "# Reference", "", "- [Godot class reference](godot/index.md)"]
    summary += [f"  - [{subject.name}](godot/{subject.name}.md)" for subject in classes]
    summary += ["- [C reference](c/index.md)"]
    summary += [f"  - [{title}](c/{page})" for title, page in sections]
    summary += project
    (source / "SUMMARY.md").write_text("\n".join(summary) + "\n", encoding="utf-8")


def main(arguments: "list[str]") -> int:
    output = pathlib.Path(arguments[0] if arguments else ROOT / "dist" / "docs").resolve()
    work = target_folder() / "book"
    work.mkdir(parents=True, exist_ok=True)
    classes = dump_classes(work)
    write_sources(work / "src", classes, read_defaults(work / "defaults.txt"))
    for name in ("book.toml", "book.css", "gdscript.js"):
        shutil.copyfile(HERE / name, work / name)
    say("building the site")
    subprocess.run([mdbook(), "build", "--dest-dir", str(output), str(work)], check=True)
    problems = check.problems(output, ROOT / "include" / "wspeer.h", classes)
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        say(f"{output}/index.html")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
