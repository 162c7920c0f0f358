# shellcheck shell=bash
# Sourced by run.sh: everything public is explained where its user looks.

header_is_commented() { python3 "$here/comments.py" header "${1:-$root/include/wspeer.h}"; }

# The comment before a line that matches goes.
header_without_comment() {
    awk -v pattern="$1" '
        { lines[NR] = $0 }
        END {
            for (i = 1; i <= NR; i++)
                if (lines[i] ~ pattern) {
                    found = 1
                    for (j = i - 1; j > 0 && lines[j] ~ /^ *(\/\*\*|\*)/; j--) lines[j] = ""
                }
            for (i = 1; i <= NR; i++) print lines[i]
            exit !found
        }' "$root/include/wspeer.h" >uncommented.h && header_is_commented uncommented.h
}

members_are_commented() { python3 "$here/comments.py" godot "${1:-$root/rust/godot}"; }

# The doc comment above a function goes.
member_without_comment() {
    rm -rf uncommented && cp -r "$root/rust/godot" uncommented &&
        python3 - "$1" <<'END' && members_are_commented uncommented
import pathlib, re, sys
changed = 0
for path in pathlib.Path("uncommented").rglob("*.rs"):
    text = path.read_text()
    cut, count = re.subn(r"(?:^ *///.*\n)+((?: *#\[.*\n)+ *" + sys.argv[1] + ")", r"\1", text, flags=re.M)
    path.write_text(cut)
    changed += count
assert changed
END
}

step 'every C declaration has a comment' header_is_commented
for pattern in 'wsp_peer_flush\(' 'WSP_STATE_OPEN = ' '^    double close_timeout;' '^enum wsp_stage$' '^#define WSP_PEER_OPTIONS_INIT'; do
    step "a missing comment is found: $pattern" fails header_without_comment "$pattern"
done
step 'every Godot member has a comment' members_are_commented
for pattern in 'fn poll\(' 'verify_ssl: ' 'pub struct RustTCPServer'; do
    step "a missing comment of a member is found: $pattern" fails member_without_comment "$pattern"
done
