//! The layers of ARCHITECTURE.md: imports only go down, and inside a layer modules form no long cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::module_graph::ModuleGraph;

/// A layer and the layers that it must not name.
const RULES: [(&str, &[&str]); 5] = [
    ("proto", &["net", "peer", "capi", "godot"]),
    ("net", &["peer", "capi", "godot"]),
    ("peer", &["capi", "godot"]),
    ("capi", &["godot"]),
    ("godot", &["capi"]),
];

/// Names that the protocol core must not use: I/O, time, threads.
const FOREIGN_TO_PROTO: [&str; 6] = ["std::net", "std::time", "std::thread", "std::fs", "Instant", "rustls"];

/// Most modules that may depend on each other in a cycle.
const MAX_CYCLE: usize = 3;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

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
    found.sort();
    found
}

/// The lines of a file that are compiled into the library.
fn code_lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]").next().unwrap();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

fn library() -> ModuleGraph {
    let folder = root().join("rust");
    let files = sources(&folder).into_iter().map(|path| {
        let name = path.strip_prefix(&folder).unwrap().with_extension("");
        let segments = name.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        (segments, code_lines(&path).join("\n"))
    });
    ModuleGraph::new(files)
}

#[test]
fn imports_only_go_down() {
    for (layer, forbidden) in RULES {
        let files = sources(&root().join("rust").join(layer));
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
fn a_layer_has_no_cycle_of_more_than_three_modules() {
    let graph = library();
    let mut failures = Vec::new();
    for (layer, _) in RULES {
        let modules = graph.layer(layer);
        assert!(modules.values().any(|targets| !targets.is_empty()), "no module of {layer} uses another");
        for component in components(&modules).iter().filter(|component| component.len() > MAX_CYCLE) {
            failures.push(format!("{} modules of {layer}\n{}", component.len(), edges(&modules, component)));
        }
    }
    assert!(failures.is_empty(), "more than {MAX_CYCLE} modules depend on each other: {}", failures.join("and "));
}

type Modules = BTreeMap<String, BTreeSet<String>>;

fn reachable(modules: &Modules, from: &str) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from.to_owned()];
    while let Some(module) = open.pop() {
        for target in &modules[&module] {
            if seen.insert(target.clone()) {
                open.push(target.clone());
            }
        }
    }
    seen
}

/// The strongly connected components: sets of modules that all depend on each other.
fn components(modules: &Modules) -> BTreeSet<BTreeSet<String>> {
    let reached: BTreeMap<&String, BTreeSet<String>> =
        modules.keys().map(|module| (module, reachable(modules, module))).collect();
    let component = |module: &String| {
        let is_mutual = |other: &&String| reached[module].contains(*other) && reached[*other].contains(module);
        modules.keys().filter(is_mutual).cloned().collect::<BTreeSet<_>>()
    };
    modules.keys().map(component).filter(|component| !component.is_empty()).collect()
}

/// Each module of a component with those of its dependencies that lead back to it.
fn edges(modules: &Modules, component: &BTreeSet<String>) -> String {
    let edge = |module: &String| {
        let targets: Vec<&str> = modules[module].intersection(component).map(String::as_str).collect();
        format!("  {module} -> {}\n", targets.join(", "))
    };
    component.iter().map(edge).collect()
}

#[test]
fn the_protocol_core_does_no_io_and_reads_no_clock() {
    for file in sources(&root().join("rust/proto")) {
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
fn files_have_at_most_600_lines() {
    for file in sources(&root().join("rust")).into_iter().chain(sources(&root().join("tests"))) {
        let lines = std::fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 600, "{} has {lines} lines", file.display());
    }
}

#[test]
fn every_file_begins_with_a_line_that_says_what_it_decides() {
    for file in sources(&root().join("rust")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let first = text.lines().next().unwrap_or_default();
        assert!(first.starts_with("//! "), "{} begins with {first:?}", file.display());
    }
}

#[test]
fn the_module_graph_follows_every_form_of_path() {
    let file = |path: &str, code: &str| (path.split('/').map(str::to_owned).collect(), code.to_owned());
    let graph = ModuleGraph::new([
        file("a/mod", "pub mod b;\nmod c;\nmod d;\npub use c::{C as Renamed, Other};\nmod e { fn f() {} }"),
        file("a/b", "use super::Renamed;\nuse crate::{error::Error, a::d};\nfn f() {}"),
        file("a/c", "pub struct C;\nfn f() { super::d::f(); let x = \"super::b::f()\"; }"),
        file("a/d", "use super::{self as parent, b::{self, g}};\npub fn f() { super::super::a::c::f() }"),
        file("error", "pub struct Error;"),
    ]);
    let modules = graph.layer("a");
    let targets = |name: &str| modules[name].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(targets("a"), [""; 0], "a re-export is no use");
    assert_eq!(targets("a::b"), ["a::c", "a::d"]);
    assert_eq!(targets("a::c"), ["a::d"]);
    assert_eq!(targets("a::d"), ["a", "a::b", "a::c"]);
    let all = components(&modules);
    assert_eq!(all.iter().map(BTreeSet::len).collect::<Vec<_>>(), [3]);
    let expected = "  a::b -> a::c, a::d\n  a::c -> a::d\n  a::d -> a::b, a::c\n";
    assert_eq!(edges(&modules, all.first().unwrap()), expected);
}
