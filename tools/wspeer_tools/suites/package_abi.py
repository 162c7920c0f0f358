"""Group `abi` of the packaging tests: `make abi` accepts additions and finds what breaks programs."""

from __future__ import annotations

import functools
import re

from ..packages.abi import compare_abi
from ..project import HEADER
from .packaging import Packaging, fails, make

# Changes of the header: an expression and its replacement.
BREAKS = {
    "a removed function": (r"^void wsp_peer_flush\(.*\n", ""),
    "a parameter of another type": (
        r"^(wsp_error wsp_peer_send_text\(wsp_peer \*peer,\s+)const char \*text",
        r"\1int32_t text",
    ),
    "a field in between": (r"^    double heartbeat_timeout;", r"    double other;\n\g<0>"),
    "a field of another type": (r"^    double connect_timeout;", "    float connect_timeout;"),
    "another number": ("WSP_ERR_TIMEOUT = 24", "WSP_ERR_TIMEOUT = 25"),
}
ADDITIONS = {
    "a new function": (r"^void wsp_peer_flush\(.*", r"\g<0>\nvoid wsp_peer_other(wsp_peer *peer);"),
    "a field at the end": (r"^\} wsp_peer_options;", r"    double other;\n\g<0>"),
    "a new number": (r"^( *)WSP_ERR_BUG = 47,", r"\g<0>\n\1WSP_ERR_OTHER = 48,"),
}


def compare_changed(packaging: Packaging, change: "tuple[str, str]") -> None:
    """Compares a changed header with the baseline. A change that does not apply is an error of the test itself."""
    text, count = re.subn(*change, HEADER.read_text(encoding="utf-8"), flags=re.MULTILINE)
    if count == 0:
        raise ValueError(f"{change[0]!r} is not in the header")
    changed = packaging.work / "changed.h"
    changed.write_text(text, encoding="utf-8")
    compare_abi(changed)


def run_group(packaging: Packaging) -> None:
    packaging.step("the C interface is that of the baseline", lambda: make("abi"))
    for name, change in BREAKS.items():
        compare = functools.partial(compare_changed, packaging, change)
        packaging.step(f"abi finds {name}", functools.partial(fails, compare))
    for name, change in ADDITIONS.items():
        packaging.step(f"abi accepts {name}", functools.partial(compare_changed, packaging, change))
