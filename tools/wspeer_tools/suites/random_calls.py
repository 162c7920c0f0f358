"""Writes a C file that calls every function of the header with random arguments, for tests/c/random."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..book.c_header import Header, Item, parse
from ..report import Failed

# Functions that wait for another thread's data without a time limit.
BLOCKING = {"wsp_stream_get_data", "wsp_stream_put_data"}
INTEGERS = {"int32_t", "uint32_t", "uint16_t", "uint64_t", "int64_t", "uint8_t", "size_t"}
PARAMETER = re.compile(r"^(?P<type>.*?[ *])(?P<name>\w+)$")


class Parameter(NamedTuple):
    """A parameter or field; `type` has no spaces around its asterisks."""

    type: str
    name: str


class Types(NamedTuple):
    """The names of the header's types."""

    handles: "set[str]"
    structs: "dict[str, Item]"
    enums: "set[str]"
    macros: "set[str]"


def parameter(code: str) -> Parameter:
    found = PARAMETER.match(" ".join(code.split()))
    if not found:
        raise Failed(f"cannot read the declaration {code!r}")
    return Parameter(re.sub(r"\s*\*\s*", "*", found["type"]).strip(), found["name"])


def kind_of(handle: str) -> str:
    return handle.removeprefix("wsp_").upper()


def random_struct(types: Types, name: str, variable: str) -> "list[str]":
    """Returns the lines that fill a struct which a function reads: defaults, with some fields changed."""
    item = types.structs[name]
    initial = f"{name.upper()}_INIT"
    lines = [f"{name} {variable} = {initial};" if initial in types.macros else f"{name} {variable};"]
    if initial not in types.macros:
        lines += [f"memset(&{variable}, 0, sizeof {variable});", f"{variable}.struct_size = sizeof {variable};"]
    fields = [parameter(member.code) for member in item.members if "[" not in member.code]
    for field, following in zip(fields, [*fields[1:], None]):
        value = random_field(field, following)
        if value:
            lines.append(f"if (below(r, 4) == 0) {{ {' '.join(f'{variable}.{part};' for part in value)} }}")
    return lines


def random_field(field: Parameter, following: "Parameter | None") -> "list[str]":
    """Returns assignments that give a field a random value, and its length or count if it has one."""
    if field.name == "struct_size" or field.name.endswith(("_count", "_len")):
        return []
    if field.type == "const char*const*" and following:
        return [f'{field.name} = any_list(r, "{field.name}")', f"{following.name} = below(r, LIST + 1)"]
    if field.type == "const uint8_t*" and following:
        return [f"{field.name} = any_bytes(r)", f"{following.name} = any_length(r)"]
    if field.type == "const char*":
        return [f'{field.name} = any_text(r, "{field.name}")']
    if field.type == "double":
        return [f"{field.name} = any_number(r)"]
    if field.type == "uint8_t":
        return [f"{field.name} = (uint8_t)below(r, 3)"]
    if field.type in INTEGERS:
        return [f'{field.name} = ({field.type})any_integer(r, "{field.name}")']
    return []


class Call:
    """The C function that makes one call."""

    def __init__(self, types: Types, item: Item):
        self.types = types
        self.item = item
        code = " ".join(item.code.split())
        found = re.match(rf"^(?P<result>.*?)\s*{item.name}\s*\((?P<parameters>.*)\);$", code)
        if not found:
            raise Failed(f"cannot read {code!r}")
        self.result = re.sub(r"\s*\*\s*", "*", found["result"]).strip()
        texts = [] if found["parameters"] == "void" else found["parameters"].split(",")
        self.parameters = [parameter(text) for text in texts]
        self.before: list[str] = []
        self.after: list[str] = []

    def argument(self, index: int) -> str:
        """Returns an argument, and adds the lines that prepare it and look at it afterwards."""
        kind, name = self.parameters[index]
        following = self.parameters[index + 1] if index + 1 < len(self.parameters) else None
        plain = kind.removeprefix("const ").rstrip("*")
        if plain in self.types.handles:
            return self.borrowed(plain, name)
        if kind.endswith("*") and plain in self.types.structs:
            return self.struct(kind, plain, name)
        if kind == "const char*const*":
            return f'any_list(r, "{name}")'
        if kind == "const char*":
            return f'any_text(r, "{name}")'
        if kind == "const uint8_t*":
            return "any_bytes(r)"
        if kind == "const int32_t*":
            self.before.append(f"int32_t {name}[4];")
            self.before.append(f'for (int i = 0; i < 4; i++) {{ {name}[i] = (int32_t)any_integer(r, "peer"); }}')
            return name
        if kind in ("uint8_t*", "int32_t*"):
            self.before.append(f"{plain} {name}[256];")
            return name
        if kind.endswith("*"):
            return self.output(kind, name, following)
        if kind == "bool":
            return "below(r, 2) == 0"
        if kind == "double":
            return "any_number(r)"
        if kind in self.types.enums:
            return f"({kind})below(r, 50)"
        if kind in INTEGERS:
            return self.integer(index)
        raise Failed(f"{self.item.name}: no random value for {kind} {name}")

    def borrowed(self, handle: str, name: str) -> str:
        self.before.append(f"{handle} *{name} = borrow(r, {kind_of(handle)});")
        return name

    def struct(self, kind: str, plain: str, name: str) -> str:
        if kind.startswith("const "):
            self.before += random_struct(self.types, plain, name)
            return f"below(r, 50) == 0 ? NULL : &{name}"
        self.before.append(f"{plain} {name};")
        members = [parameter(member.code) for member in self.types.structs[plain].members if "[" not in member.code]
        if any(member.name == "struct_size" for member in members):
            self.before += [f"memset(&{name}, 0, sizeof {name});", f"{name}.struct_size = sizeof {name};"]
        for member, following in zip(members, [*members[1:], None]):
            # Of what calls fill in, texts and packets are lent.
            if member.type == "const char*" and not self.item.name.endswith(("_options", "_init")):
                self.after.append(f"if (is_ok) {{ read_text(r, {name}.{member.name}); }}")
            if member.type == "const uint8_t*" and following:
                self.after.append(f"if (is_ok) {{ read_bytes(r, {name}.{member.name}, {name}.{following.name}); }}")
            if member.name in ("peer", "peer_id") and "event" in plain:
                self.after.append(f"if (is_ok) {{ note_id({name}.{member.name}); }}")
        return f"&{name}"

    def output(self, kind: str, name: str, following: "Parameter | None") -> str:
        """Returns the address of a variable that the function sets."""
        plain = kind[:-1]
        self.before.append(f"{plain} {name} = 0;")
        if kind == "const uint8_t**" and following:
            self.after.append(f"if (is_ok) {{ read_bytes(r, {name}, {following.name}); }}")
        elif kind == "const char**":
            self.after.append(f"if (is_ok) {{ read_text(r, {name}); }}")
        else:
            self.after.append(f"(void){name};")
        return f"&{name}"

    def integer(self, index: int) -> str:
        kind, name = self.parameters[index]
        earlier = self.parameters[index - 1].type if index else ""
        if name == "struct_size":
            plain = self.parameters[index - 1].type.rstrip("*")
            return f"sizeof({plain}) - below(r, 2) * below(r, 9)"
        if earlier == "const uint8_t*":
            return "any_length(r)"
        if earlier == "const int32_t*":
            return "below(r, 5)"
        if earlier in ("uint8_t*", "int32_t*"):
            return "below(r, 257)"
        if earlier == "const char*const*":
            return "below(r, LIST + 1)"
        return f'({kind})any_integer(r, "{name}")'

    def lines(self) -> "list[str]":
        arguments = [self.argument(index) for index in range(len(self.parameters))]
        # Evaluated one by one, so that a seed makes the same calls with every compiler.
        for index, text in enumerate(arguments):
            if "(r" in text:
                self.before.append(f"{self.parameters[index].type} argument_{index} = {text};")
                arguments[index] = f"argument_{index}"
        call = f"{self.item.name}({', '.join(arguments)})"
        body = [f"static void call_{self.item.name}(struct random *r)", "{", *self.before]
        return [*body, *self.call_lines(call), *self.after, "(void)r;", "}", ""]

    def call_lines(self, call: str) -> "list[str]":
        plain = self.result.removeprefix("const ").rstrip("*")
        if self.result == "void":
            return [f"{call};"]
        if plain in self.types.handles:
            return [f"{plain} *result = {call};", "give_back(r);", f"keep(r, {kind_of(plain)}, result);"]
        if self.result == "wsp_error":
            return [f"const bool is_ok = {call} == WSP_OK;", "r->has_succeeded = is_ok;"]
        if self.result == "const char*":
            return [f"read_text(r, {call});"]
        if self.item.name.endswith("_local_port"):
            return [f"note_port({call});"]
        return [f"(void){call};"]


def types_of(header: Header) -> Types:
    items = header.items()

    def names(kind: str) -> "set[str]":
        return {item.name for item in items if item.kind == kind}

    structs = {item.name: item for item in items if item.kind == "struct"}
    return Types(names("handle"), structs, names("enum"), names("macro"))


def source(header_text: str) -> str:
    """Returns the C file."""
    header = parse(header_text)
    types = types_of(header)
    lines = ["/* Written by tools/wspeer_tools/suites/random_calls.py. */", "", '#include "random_calls.h"', ""]
    calls = []
    for item in header.items():
        if item.kind != "function" or item.name in BLOCKING:
            continue
        # A handle must not be in use when it is freed: `keep` does that with a new one.
        if item.name.endswith("_free"):
            handle = item.name.removesuffix("_free")
            body = f"{{ keep(r, {kind_of(handle)}, {handle}_new()); {item.name}(NULL); }}"
            lines += [f"static void call_{item.name}(struct random *r) {body}", ""]
        else:
            lines += Call(types, item).lines()
        calls.append(item.name)
    lines += ["const struct call CALLS[] = {"]
    lines += [f'{{"{name}", call_{name}}},' for name in calls]
    lines += ["};", "const size_t CALL_COUNT = sizeof CALLS / sizeof *CALLS;", ""]
    handles = sorted(types.handles)
    made = " ".join(f"case {kind_of(handle)}: return {handle}_new();" for handle in handles)
    freed = " ".join(f"case {kind_of(handle)}: {handle}_free(handle); break;" for handle in handles)
    lines += [f"void *make(enum kind kind) {{ switch (kind) {{ {made} default: return NULL; }} }}"]
    lines += [f"void destroy(enum kind kind, void *handle) {{ switch (kind) {{ {freed} default: break; }} }}", ""]
    return "\n".join(lines)
