"""Group `docs` of the packaging tests: the programs in docs/, in their order, and the links of all pages.

They run with what the groups `library` and `addon` have built.
"""

from __future__ import annotations

import functools
import os
import pathlib
import re
import shutil

from ..engine_output import printed
from ..process import Argument, free_port, fresh_folder, run, run_to_end
from ..project import ROOT
from ..provision.programs import openssl
from ..report import Failed, note
from ..sample_project import list_extension
from .package_addon import unpack_project
from .packaging import Packaging, same

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:][^):]*)\)")
PROGRAMS = ("c", "cpp", "gdscript", "sh")
# Languages whose blocks are not run here.
SHOWN = ("console", "cmake", "toml", "rust", "ini", "json")
C_FLAGS = ["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
CXX_FLAGS = ["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]


class DocsGroup:
    """The programs, cut from the pages as PAGE.N.LANGUAGE, with PAGE.N.text for what one prints."""

    def __init__(self, packaging: Packaging):
        self.packaging = packaging
        self.pages = packaging.work / "pages"

    def make_project(self) -> None:
        unpack_project(self.packaging, "extends Node\n")
        list_extension(self.packaging.project)

    def cut_pages(self) -> None:
        fresh_folder(self.pages)
        for page in sorted((ROOT / "docs").glob("*.md")):
            number = 0
            for language, body in BLOCK.findall(page.read_text(encoding="utf-8")):
                if language in PROGRAMS:
                    number += 1
                if language in (*PROGRAMS, "text"):
                    (self.pages / f"{page.stem}.{number:02}.{language}").write_text(body, encoding="utf-8")
                elif language not in SHOWN:
                    raise Failed(f"{page.name}: unknown language '{language}'")

    def require_links(self) -> None:
        addon = ROOT / "godot_project" / "addons" / "wspeer"
        broken = []
        for page in (*(ROOT / "docs").glob("*.md"), ROOT / "README.md", *addon.glob("*.md")):
            for link in LINK.findall(page.read_text(encoding="utf-8")):
                if not (page.parent / link.split("#")[0]).exists():
                    broken.append(f"{page.relative_to(ROOT)}: {link}")
        if broken:
            raise Failed("\n".join(broken))

    def run_compiled(self, source: pathlib.Path, compiler: "list[str]") -> str:
        program, library = source.with_suffix(".program"), self.packaging.library
        flags = [f"-I{library}/include", f"-L{library}/lib", "-lwspeer", "-pthread", f"-Wl,-rpath,{library}/lib"]
        run([*compiler, source, "-o", program, *flags])
        status, text = run_to_end([program], source.with_suffix(".out"), cwd=self.pages)
        note(text)
        same(f"status of {source.name}", status, 0)
        return text

    def run_script(self, source: pathlib.Path) -> None:
        variables = {"PATH": f"{openssl().parent}{os.pathsep}{os.environ['PATH']}"}
        command: list[Argument] = ["bash", "-eu", source]
        run(command, cwd=self.pages, env=variables)

    def run_program(self, file: pathlib.Path) -> None:
        """Runs a program with a free port and compares what it prints, if the page shows that."""
        language = file.suffix[1:]
        # A name of its own, because the output of the next run of the suite must not be taken for a program.
        source = self.pages / "source" / file.name
        source.parent.mkdir(exist_ok=True)
        source.write_text(file.read_text(encoding="utf-8").replace("9080", str(free_port())), encoding="utf-8")
        if language == "sh":
            self.run_script(file)
            return
        if language == "gdscript":
            shutil.copy(source, self.packaging.project / "main.gd")
            output = printed(self.packaging.run_engine("--quit-after", "60000")) + "\n"
        else:
            compiler = ["gcc", *C_FLAGS] if language == "c" else ["g++", *CXX_FLAGS]
            output = self.run_compiled(source, compiler)
        expected = file.with_suffix(".text")
        if expected.exists():
            same(f"output of {file.name}", output, expected.read_text(encoding="utf-8"))

    def run(self) -> None:
        step = self.packaging.step
        step("a project for the pages", self.make_project)
        step("the pages", self.cut_pages)
        step("the links of the pages", self.require_links)
        # Scripts make the certificates that the programs use.
        for language in ("sh", "c", "cpp", "gdscript"):
            for file in sorted(self.pages.glob(f"*.{language}")):
                step(f"program {file.name}", functools.partial(self.run_program, file))


def run_group(packaging: Packaging) -> None:
    DocsGroup(packaging).run()
