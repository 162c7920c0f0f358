# shellcheck shell=bash
# Sourced by run.sh: the programs in docs/, in their order; the addon's and the library's tests have built what they run with.

# Cuts a page into its programs: pages/PAGE.N.LANGUAGE, and pages/PAGE.N.text with what one prints.
cut_pages() {
    rm -rf pages && mkdir pages && python3 - "$root/docs" <<'END'
import pathlib, re, sys

for page in sorted(pathlib.Path(sys.argv[1]).glob("*.md")):
    number = 0
    for language, body in re.findall(r"^```(\w+)\n(.*?)^```$", page.read_text(), flags=re.M | re.S):
        if language in ("c", "cpp", "gdscript", "sh"):
            number += 1
            pathlib.Path(f"pages/{page.stem}.{number:02}.{language}").write_text(body)
        elif language == "text":
            pathlib.Path(f"pages/{page.stem}.{number:02}.text").write_text(body)
        elif language not in ("console", "cmake"):
            sys.exit(f"{page.name}: what is '{language}'?")
END
}

links_lead_somewhere() {
    local page link broken=0
    for page in "$root"/docs/*.md "$root"/README.md "$root"/godot_project/addons/wspeer/*.md; do
        while read -r link; do
            [[ -e ${page%/*}/${link%%#*} ]] || { echo "$page: $link" && broken=1; }
        done < <(grep -oE '\]\([^)#:][^):]*\)' "$page" | sed 's/^](//;s/)$//')
    done
    return $broken
}

# A port that nobody listens on now.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# program FILE: runs it and compares what it prints.
program() {
    local file=$1 stem=${1%.*} port flags status=0
    port=$(free_port) || return 1
    sed "s/9080/$port/g" "$file" >"$stem.source.${file##*.}" || return 1
    flags=(-I "$work/library/include" -L "$work/library/lib" -lwspeer -pthread "-Wl,-rpath,$work/library/lib")
    case $file in
    *.sh)
        local openssl
        openssl=$("$root/tools/openssl.sh") && (cd pages && PATH=${openssl%/*}:$PATH bash -eu "../$file")
        return
        ;;
    *.c) gcc -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Wpedantic -Werror "$stem.source.c" -o "$stem.program" "${flags[@]}" || return 1 ;;
    *.cpp) g++ -std=c++17 -Wall -Wextra -Wpedantic -Werror "$stem.source.cpp" -o "$stem.program" "${flags[@]}" || return 1 ;;
    *.gdscript)
        cp "$stem.source.gdscript" "$project/main.gd" || return 1
        quiet "$engine" --headless --path "$project" --quit-after 6000 || return 1
        grep -vE '^(Initialize godot-rust|Godot Engine v|$)' engine.log >"$stem.printed" || true
        ;;
    esac
    if [[ -x $stem.program ]]; then
        (cd pages && timeout 60 "../$stem.program") >"$stem.printed" || status=$?
        cat "$stem.printed"
    fi
    ((status == 0)) && { [[ ! -e $stem.text ]] || diff -u --label page --label printed "$stem.text" "$stem.printed"; }
}

# Names the extension as the editor does that imports a project.
make_project_of_pages() {
    echo 'extends Node' >empty.gd && make_project empty.gd && mkdir -p "$project/.godot" &&
        echo res://addons/wspeer/wspeer.gdextension >"$project/.godot/extension_list.cfg"
}

step 'a project for the pages' make_project_of_pages
step 'the pages' cut_pages
step 'links of the pages lead somewhere' links_lead_somewhere
for file in pages/*.sh pages/*.c pages/*.cpp pages/*.gdscript; do
    step "program ${file#pages/}" program "$file"
done
