//! The layers of ARCHITECTURE.md: imports only go down.

use std::path::{Path, PathBuf};

/// A layer and the layers it must not name.
const RULES: [(&str, &[&str]); 5] = [
    ("proto", &["net", "peer", "capi", "godot"]),
    ("net", &["peer", "capi", "godot"]),
    ("peer", &["capi", "godot"]),
    ("capi", &["godot"]),
    ("godot", &["capi"]),
];

/// What the protocol core must not know: I/O, time, threads.
const FOREIGN_TO_PROTO: [&str; 6] = ["std::net", "std::time", "std::thread", "std::fs", "Instant", "rustls"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}

/// The lines of a file that are compiled into the library.
fn code_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

#[test]
fn imports_only_go_down() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rust");
    for (layer, forbidden) in RULES {
        let files = sources(&root.join(layer));
        assert!(!files.is_empty(), "{layer} has no files");
        for file in files {
            for line in code_lines(&file) {
                for other in forbidden {
                    assert!(!line.contains(&format!("crate::{other}")), "{}: {line}", file.display());
                }
            }
        }
    }
}

#[test]
fn the_protocol_core_does_no_io_and_reads_no_clock() {
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rust/proto")) {
        for line in code_lines(&file) {
            for word in FOREIGN_TO_PROTO {
                // An IPv6 address is a number here, not a socket.
                let allowed = line.contains("std::net::Ipv6Addr");
                assert!(allowed || !line.contains(word), "{}: {line}", file.display());
            }
        }
    }
}

#[test]
fn files_stay_readable() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for file in sources(&root.join("rust")).into_iter().chain(sources(&root.join("tests"))) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 600, "{} has {lines} lines", file.display());
    }
}
