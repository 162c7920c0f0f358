"""Tests of the generators of the documentation and of its check, on small inputs and on include/wspeer.h."""

from __future__ import annotations

import contextlib
import io
import pathlib
import re
import tempfile
import textwrap
import unittest
import xml.etree.ElementTree as ElementTree

from wspeer_tools.book import c_header, c_reference, check, dump, godot_classes
from wspeer_tools.project import HEADER
from wspeer_tools.report import Failed

SMALL_HEADER = """\
/*
 * example: conventions.
 *
 * Call wsp_thing_new() first.
 */

#ifndef EXAMPLE_H
#define EXAMPLE_H

/* ======== Things ======== */

/*
 * What a program
 * has one of.
 */

/**
 * A thing.
 */
typedef struct wsp_thing wsp_thing;

/**
 * Kind of a thing.
 */
enum wsp_kind
#if defined(__cplusplus)
  : int32_t
#endif
 {
    /**
     * The first one, see wsp_thing_new().
     */
    WSP_KIND_A = 0,
    /**
     * The last one.
     */
    WSP_KIND_B = 7
};

/**
 * Options.
 */
typedef struct {
    /** Size. */
    size_t struct_size;
    /**
     * Name.
     */
    const char *name;
    /** Unused. */
    uint8_t reserved[6];
} wsp_thing_options;

/** Initial value. */
#define WSP_THING_OPTIONS_INIT {sizeof(wsp_thing_options), NULL, \\
    {0}}

/**
 * Makes a thing. Returns NULL * never.
 */
wsp_thing *wsp_thing_new(void);

/* ======== Other ======== */

/**
 * Returns the size of a thing.
 *
 * Returns WSP_KIND_B:
 *   - for one reason;
 *   - for another
 *     reason.
 */
size_t wsp_thing_size(const wsp_thing *thing,
                      const char *const *names);

#endif
"""

CLASS = """\
<class name="RustThing" inherits="RefCounted">
<brief_description>A thing for [RustOther].</brief_description>
<description>See [method poll], [method RefCounted.unreference] and
[constant ERR_BUSY].[br][br]Uses [code]a[b][/code].</description>
<methods><method name="poll" qualifiers="const"><return type="int" enum="Error" />
<param index="0" name="count" type="int" default="5" />
<description>Polls [param count] times.</description></method></methods>
<members><member name="limit" type="int" setter="set_limit" getter="get_limit">The limit.</member></members>
<signals><signal name="done"><description>Emitted at the end.</description></signal></signals>
<constants><constant name="STATE_A" value="0" enum="State">First.</constant></constants>
</class>
"""


class TestHeader(unittest.TestCase):
    def setUp(self) -> None:
        self.header = c_header.parse(SMALL_HEADER)

    def test_sections_and_kinds(self) -> None:
        self.assertEqual([section.title for section in self.header.sections], ["Things", "Other"])
        self.assertEqual(self.header.sections[0].about, "What a program\nhas one of.")
        kinds = [(item.kind, item.name) for item in self.header.items()]
        expected = [
            ("handle", "wsp_thing"),
            ("enum", "wsp_kind"),
            ("struct", "wsp_thing_options"),
            ("macro", "WSP_THING_OPTIONS_INIT"),
            ("function", "wsp_thing_new"),
            ("function", "wsp_thing_size"),
        ]
        self.assertEqual(kinds, expected)

    def test_members(self) -> None:
        members = {item.name: [member.name for member in item.members] for item in self.header.items()}
        self.assertEqual(members["wsp_kind"], ["WSP_KIND_A", "WSP_KIND_B"])
        self.assertEqual(members["wsp_thing_options"], ["struct_size", "name", "reserved"])

    def test_a_header_without_sections_is_grouped_by_prefix(self) -> None:
        peer = "/** Makes one. */\nwsp_peer *wsp_peer_new(void);\n"
        version = "/** Names it. */\nconst char *wsp_version(void);\n"
        text = f"/* top */\n{peer}\n{version}"
        titles = [section.title for section in c_header.parse(text).sections]
        self.assertEqual(titles, ["Errors and version", "Peer"])

    def test_comments_become_markdown_with_links(self) -> None:
        known = c_reference.addresses(self.header)
        page = c_reference.section_page(self.header.sections[1], known)
        self.assertIn("Returns [`WSP_KIND_B`](things.md#WSP_KIND_B):\n\n- for one reason;\n- for another reason.", page)
        self.assertIn("NULL \\* never", c_reference.section_page(self.header.sections[0], known))

    def test_every_name_of_the_real_header_is_parsed(self) -> None:
        text = HEADER.read_text(encoding="utf-8")
        parsed = set(c_reference.addresses(c_header.parse(text)))
        names = check.names_of_header(text)
        self.assertGreater(len(names), 200)
        self.assertEqual(names - parsed, set())

    def test_every_field_of_the_real_header_is_explained(self) -> None:
        text = HEADER.read_text(encoding="utf-8")
        for item in c_header.parse(text).items():
            self.assertTrue(item.comment, item.name)
            if item.kind == "struct":
                body = text.split(f"}} {item.name};")[0].rsplit("typedef struct {", 1)[1]
                fields = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).count(";")
                self.assertEqual(len(item.members), fields, item.name)


class TestClasses(unittest.TestCase):
    def setUp(self) -> None:
        self.subject = godot_classes.Class(ElementTree.fromstring(CLASS))
        self.subject.set_defaults({("RustThing", "limit"): "12"})
        self.page = godot_classes.Writer(self.subject, {"RustThing": self.subject}).page()

    def test_links(self) -> None:
        self.assertIn("[`poll()`](#method-poll)", self.page)
        self.assertIn("class_refcounted.html#class-refcounted-method-unreference", self.page)
        self.assertIn("class_@globalscope.html#class-globalscope-constant-err-busy", self.page)
        self.assertIn("Uses `a[b]`.", self.page)

    def test_declarations(self) -> None:
        self.assertIn("poll(count: int = 5) -> Error const", self.page)
        self.assertIn("[`limit`](#member-limit) | [`int`]", self.page)
        self.assertIn("`12`", self.page)
        self.assertIn("## State {#enum-State}", self.page)

    def test_defaults_are_read_among_the_lines_of_the_engine(self) -> None:
        text = 'Godot Engine v4.6\n\nRustThing\tlimit\t12\nRustThing\tname\t""\n'
        self.assertEqual(dump.read_defaults(text), {("RustThing", "limit"): "12", ("RustThing", "name"): '""'})


class TestCheck(unittest.TestCase):
    """A small site that is complete, and what the check reports after one change."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.site = pathlib.Path(folder.name) / "site"
        self.classes = pathlib.Path(folder.name) / "classes"
        self.header = pathlib.Path(folder.name) / "wspeer.h"
        for path in (self.site / "c", self.site / "godot", self.classes):
            path.mkdir(parents=True)
        self.header.write_text(SMALL_HEADER, encoding="utf-8")
        (self.classes / "RustThing.xml").write_text(CLASS, encoding="utf-8")
        names = sorted(check.names_of_header(SMALL_HEADER))
        self.write("c/things.html", "".join(f'<h3 id="{name}"></h3>' for name in names))
        members = sorted(check.members_of_class(ElementTree.fromstring(CLASS)))
        self.write("godot/RustThing.html", "".join(f'<h3 id="{member}"></h3>' for member in members))
        self.write(
            "index.html", '<a href="c/things.html#wsp_thing_new">thing</a> <a href="https://example.org/x">out</a>'
        )

    def write(self, name: str, text: str) -> None:
        (self.site / name).write_text(textwrap.dedent(text), encoding="utf-8")

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.site / name).read_text(encoding="utf-8")
        self.assertIn(old, text)
        self.write(name, text.replace(old, new))

    def problems(self) -> list[str]:
        return check.check_site(self.site, self.header, self.classes).problems

    def test_a_complete_site_has_no_problems(self) -> None:
        complete = check.check_site(self.site, self.header, self.classes)
        self.assertEqual(complete.problems, [])
        self.assertEqual((len(complete.pages), complete.names, complete.members, complete.links), (3, 8, 5, 1))

    def test_the_names_of_the_header(self) -> None:
        expected = {"wsp_thing", "wsp_kind", "wsp_thing_options", "wsp_thing_new", "wsp_thing_size"}
        expected |= {"WSP_KIND_A", "WSP_KIND_B", "WSP_THING_OPTIONS_INIT"}
        self.assertEqual(check.names_of_header(SMALL_HEADER), expected)

    def test_each_missing_name_is_reported(self) -> None:
        for name in check.names_of_header(SMALL_HEADER):
            with self.subTest(name):
                self.setUp()
                self.replace("c/things.html", f'"{name}"', '"other"')
                self.assertIn(f"the C reference lacks {name}", self.problems())

    def test_each_missing_member_is_reported(self) -> None:
        for member in ("method-poll", "member-limit", "signal-done", "constant-STATE_A", "enum-State"):
            with self.subTest(member):
                self.setUp()
                self.replace("godot/RustThing.html", f'"{member}"', '"other"')
                self.assertEqual(self.problems(), [f"godot/RustThing.html lacks {member}"])

    def test_a_missing_class_is_reported(self) -> None:
        (self.site / "godot/RustThing.html").unlink()
        self.assertEqual(self.problems(), ["the Godot reference lacks RustThing"])

    def test_broken_links_are_reported(self) -> None:
        self.replace("index.html", "#wsp_thing_new", "#wsp_thing_old")
        self.assertEqual(self.problems(), ["index.html: c/things.html#wsp_thing_old leads to no anchor"])
        self.replace("index.html", "c/things", "c/nothing")
        self.assertEqual(self.problems(), ["index.html: c/nothing.html#wsp_thing_old leads to no page"])
        with contextlib.redirect_stdout(io.StringIO()), self.assertRaises(Failed):
            check.check_docs(str(self.site))

    def test_empty_inputs_are_reported(self) -> None:
        self.header.write_text("", encoding="utf-8")
        (self.classes / "RustThing.xml").unlink()
        self.assertEqual(len(self.problems()), 2)


if __name__ == "__main__":
    unittest.main()
