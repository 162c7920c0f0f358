//! Which module of the library uses which: the paths in `use` declarations and in code, resolved through re-exports.

use std::collections::{BTreeMap, BTreeSet};

/// A path as segments, `crate::` left out.
type Segments = Vec<String>;

/// The modules of a crate, one for each file.
pub struct ModuleGraph {
    modules: BTreeMap<Segments, Module>,
}

#[derive(Default)]
struct Module {
    /// Code without comments, texts and `use` declarations.
    code: String,
    /// Names that `use` declarations bring in (`*` for all), with the absolute paths they stand for.
    imports: Vec<Import>,
    is_parent: bool,
}

struct Import {
    name: String,
    target: Segments,
    is_public: bool,
}

impl ModuleGraph {
    /// Reads files, each named by its path without `rust/` and `.rs`, with its code.
    pub fn new(files: impl IntoIterator<Item = (Segments, String)>) -> Self {
        let mut graph = Self { modules: BTreeMap::new() };
        let mut uses = Vec::new();
        for (mut path, text) in files {
            let is_parent = path.last().is_some_and(|name| name == "mod" || name == "lib");
            if is_parent {
                path.pop();
            }
            let (code, declarations) = split(&without_texts(&text));
            uses.push((path.clone(), declarations));
            graph.modules.insert(path, Module { code, imports: Vec::new(), is_parent });
        }
        for (path, declarations) in uses {
            let mut imports = Vec::new();
            for (tree, is_public) in declarations {
                for (relative, name) in leaves(&tree) {
                    if let Some(target) = graph.absolute(&path, &relative) {
                        imports.push(Import { name, target, is_public });
                    }
                }
            }
            graph.modules.entry(path).or_default().imports = imports;
        }
        graph
    }

    /// The modules of a layer and the other modules of it that each uses.
    pub fn layer(&self, layer: &str) -> BTreeMap<String, BTreeSet<String>> {
        let own = self.modules.iter().filter(|(path, _)| path.first().is_some_and(|first| first == layer));
        own.map(|(path, module)| {
            let targets = self.targets(path, module).into_iter();
            let targets = targets.filter(|target| target != path && target.first() == path.first());
            (path.join("::"), targets.map(|target| target.join("::")).collect())
        })
        .collect()
    }

    fn targets(&self, path: &Segments, module: &Module) -> BTreeSet<Segments> {
        // A re-export alone is a name for others; it counts if the module's own code uses it.
        let is_used = |import: &&Import| !import.is_public || words(&module.code).any(|word| word == import.name);
        let imported = module.imports.iter().filter(is_used).map(|import| import.target.clone());
        let named = paths(&module.code).into_iter().filter_map(|named| self.absolute(path, &named));
        imported.chain(named).filter_map(|target| self.owner(&target, 0)).collect()
    }

    /// The absolute path; `None` for a path into another crate.
    fn absolute(&self, module: &Segments, path: &[String]) -> Option<Segments> {
        let mut base = module.clone();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => {
                while rest.first().is_some_and(|first| first == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
                return Some([base.as_slice(), rest].concat());
            }
            // A child module may be named without `self::`.
            child => {
                let is_parent = self.modules.get(module).is_some_and(|module| module.is_parent);
                let child = [module.as_slice(), &[child.to_owned()]].concat();
                return (is_parent && self.modules.contains_key(&child)).then(|| [module.as_slice(), path].concat());
            }
        }
        Some([base.as_slice(), &rest[1..]].concat())
    }

    /// The module that defines what an absolute path names, through re-exports.
    fn owner(&self, target: &[String], depth: usize) -> Option<Segments> {
        let (module, rest) = (0..=target.len())
            .rev()
            .map(|at| target.split_at(at))
            .find(|(module, _)| self.modules.contains_key(*module))?;
        if let Some(name) = rest.first()
            && depth < 8
            && let Some(import) = self.modules[module].imports.iter().find(|import| import.name == *name)
        {
            return self.owner(&[import.target.as_slice(), &rest[1..]].concat(), depth + 1);
        }
        Some(module.to_vec())
    }
}

/// The code with the content of texts left out, and without what follows `//`.
fn without_texts(code: &str) -> String {
    let mut plain = String::new();
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => {
                while let Some(inside) = rest.next().filter(|inside| *inside != '"') {
                    if inside == '\\' {
                        rest.next();
                    }
                }
                plain.push_str("\"\"");
            }
            '/' if rest.peek() == Some(&'/') => while rest.next_if(|c| *c != '\n').is_some() {},
            // A character that would begin a text.
            '\'' if rest.peek() == Some(&'"') => {
                rest.next();
            }
            c => plain.push(c),
        }
    }
    plain
}

/// Separates `use` declarations (the tree, and whether they are re-exports) from the other code.
fn split(code: &str) -> (String, Vec<(String, bool)>) {
    let (mut other, mut declarations) = (String::new(), Vec::new());
    let mut rest = code;
    while !rest.is_empty() {
        let line = rest.lines().next().unwrap_or_default();
        let begin = line.trim_start();
        let is_public = begin.starts_with("pub");
        let tree = match (begin.strip_prefix("use "), begin.split_once(" use ")) {
            (Some(tree), _) => Some(tree),
            (None, Some((before, tree))) if is_public && !before.contains([' ', ';', '{']) => Some(tree),
            _ => None,
        };
        let length = match tree {
            Some(tree) => {
                let start = tree.as_ptr() as usize - rest.as_ptr() as usize;
                let end = rest[start..].find(';').map_or(rest.len(), |at| start + at);
                declarations.push((rest[start..end].split_whitespace().collect::<Vec<_>>().join(" "), is_public));
                end + 1
            }
            None => {
                other.push_str(line);
                other.push('\n');
                line.len() + 1
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    (other, declarations)
}

/// The paths of a `use` tree, and the name that each brings in.
fn leaves(tree: &str) -> Vec<(Segments, String)> {
    let (prefix, group) = match tree.split_once('{') {
        Some((prefix, group)) => (prefix, group.rsplit_once('}').map(|(group, _)| group)),
        None => (tree, None),
    };
    let segments = |path: &str| -> Segments {
        path.split("::").map(|segment| segment.trim().to_owned()).filter(|segment| !segment.is_empty()).collect()
    };
    let Some(group) = group else {
        let (path, alias) = prefix.split_once(" as ").map_or((prefix, None), |(path, alias)| (path, Some(alias)));
        let mut path = segments(path);
        // `a::{self}` brings in `a`.
        if path.len() > 1 && path.last().is_some_and(|last| last == "self" || last == "*") {
            let last = path.pop().unwrap();
            let name = if last == "*" { Some(last) } else { path.last().cloned() };
            return vec![(path, alias.map(|alias| alias.trim().to_owned()).or(name).unwrap_or_default())];
        }
        let name = alias.map(|alias| alias.trim().to_owned()).or_else(|| path.last().cloned());
        return vec![(path, name.unwrap_or_default())];
    };
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in group.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| leaves(&format!("{}{part}", prefix.trim()))).collect()
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// Paths of more than one segment in code, without what a visibility names (`pub(in crate::peer)`).
fn paths(code: &str) -> Vec<Segments> {
    let code = code.split("pub(in ").enumerate().map(|(index, part)| match part.split_once(')') {
        Some((_, rest)) if index > 0 => rest,
        _ => part,
    });
    let code: String = code.collect();
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let found = code.split(|c| !is_path(c)).filter(|path| path.contains("::"));
    found.map(|path| path.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()).collect()
}
