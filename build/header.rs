//! Decides the order of the C header: sections by task, in each the types, then the functions in the order of the
//! sources.
//!
//! cbindgen writes all types before all functions. This module takes its text apart into declarations with their
//! comments, and puts them together by section.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write;
use std::path::Path;

/// Longest line of the header.
const COLUMNS: usize = 100;

/// A part of the header that begins with a title.
pub struct Section {
    title: &'static str,
    text: &'static str,
    /// Files of `rust/capi/` whose declarations belong here, in this order, and names of generated declarations.
    sources: &'static [&'static str],
}

/// The sections, in the order in which a user of the header meets them.
pub const SECTIONS: &[Section] = &[
    Section {
        title: "Errors and version",
        text: "Calls that can fail return wsp_error. wsp_TYPE_get_error_message() of the object returns the reason as text. \
               Compare WSP_VERSION with wsp_version() to find a library of another version than the header.",
        sources: &["wsp_error", "error.rs", "version.rs"],
    },
    Section {
        title: "Peer",
        text: "One WebSocket connection, client or server side, that the program polls. Set the options, connect or \
               accept a stream, call wsp_peer_poll() once per tick, then read the state and take the packets.",
        sources: &["peer.rs", "wsp_peer_options", "options.rs", "peer_connection.rs", "peer_messages.rs", "failure.rs"],
    },
    Section {
        title: "Peer: the handshake",
        text: "Header fields that the remote peer has sent, and requests about which a server program decides itself. \
               Most programs need none of this.",
        sources: &["request.rs"],
    },
    Section {
        title: "Events of servers and clients",
        text: "wsp_server and wsp_client report what happens as events: poll or wait, then take events until none is \
               left.",
        sources: &["event.rs"],
    },
    Section {
        title: "Server",
        text: "Accepts clients and drives all their connections, which are named by ids. One poll serves all of them, \
               and idle connections cost nothing in it.",
        sources: &["wsp_server_options", "server.rs", "server_peers.rs"],
    },
    Section {
        title: "Client",
        text: "Drives one connection to a server. It reports openings, messages and losses as events, and reconnects after a \
               loss if the program enables it.",
        sources: &["wsp_reconnect_options", "client.rs"],
    },
    Section {
        title: "Room",
        text: "A multiplayer session as Godot's WebSocketMultiplayerPeer has it: one server with the id 1, clients with \
               random ids, and packets addressed by id. Programs made with Godot can take part.",
        sources: &["multiplayer.rs"],
    },
    Section {
        title: "TLS",
        text: "Certificates and keys for wss:// connections, and what a TLS handshake agreed on. A client without options \
               trusts the certificates that the operating system trusts.",
        sources: &["tls_options.rs", "tls_info.rs"],
    },
    Section {
        title: "TCP streams and listener",
        text: "Plain TCP connections, and the listener from which a program takes them. wsp_peer_accept_stream() makes a \
               WebSocket connection of a stream.",
        sources: &["stream.rs", "tcp_server.rs"],
    },
    Section {
        title: "Trace",
        text: "The live peers of the process and a log of what they send and receive, for debuggers and log files. \
               Disabled by default.",
        sources: &["trace.rs"],
    },
];

const OBJECTS: &str = "The opaque handles of all sections. Each section below has the functions of one or two of them. See the \
                       conventions at the top of this file for ownership and threads.";

/// Every file that cbindgen reads, in order.
pub fn sources() -> impl Iterator<Item = &'static str> {
    SECTIONS.iter().flat_map(|section| section.sources.iter().copied()).filter(|source| source.ends_with(".rs"))
}

/// Puts cbindgen's text into the order of [`SECTIONS`]. `macros` are further declarations, each below its comment.
pub fn arrange(generated: &str, macros: &str, folder: &Path) -> Result<String, Box<dyn Error>> {
    let (prologue, rest) = generated.split_once("\n/**").ok_or("the generated header has no declaration")?;
    let mut declarations = declarations(&format!("{macros}\n/**{rest}"));
    let mut text = format!("{}\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n", prologue.trim_end());
    section(&mut text, "Objects", OBJECTS)?;
    let mut names = Vec::new();
    for part in SECTIONS {
        names.push(names_of(part, folder)?);
    }
    for name in names.iter().flatten() {
        if declarations.get(name).is_some_and(Declaration::is_opaque)
            && let Some(declaration) = declarations.remove(name)
        {
            declaration.write(&mut text)?;
        }
    }
    for (part, names) in SECTIONS.iter().zip(&names) {
        section(&mut text, part.title, part.text)?;
        let (types, functions): (Vec<_>, Vec<_>) = names
            .iter()
            .filter_map(|name| declarations.remove(name))
            .partition(|declaration| !declaration.is_function());
        for declaration in types.iter().chain(&functions) {
            declaration.write(&mut text)?;
        }
    }
    if let Some(name) = declarations.keys().next() {
        return Err(format!("{name} belongs to no section of the header; list its source in build/header.rs").into());
    }
    text.push_str("\n#ifdef __cplusplus\n} /* extern \"C\" */\n#endif\n\n#endif /* WSPEER_H */\n");
    Ok(text)
}

fn section(text: &mut String, title: &str, about: &str) -> Result<(), std::fmt::Error> {
    write!(text, "\n/* ======== {title} ======== */\n\n/*\n{}\n */\n", wrapped(about, " * ", " * ").join("\n"))
}

/// A declaration with the comment above it, and the macros that belong to it.
struct Declaration {
    comment: String,
    code: String,
    macros: Vec<Declaration>,
}

impl Declaration {
    fn is_opaque(&self) -> bool {
        self.code.starts_with("typedef struct wsp_")
    }

    fn is_function(&self) -> bool {
        !self.code.starts_with("typedef") && !self.code.starts_with("enum") && !self.code.starts_with('#')
    }

    /// The name by which sources and macros know it.
    fn name(&self) -> String {
        let word = |text: &str| text.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect::<String>();
        let last_word = |text: &str| text.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().map(str::to_owned);
        if let Some(name) = self.code.strip_prefix("#define ").or_else(|| self.code.strip_prefix("enum ")) {
            return word(name);
        }
        let end = if self.is_function() { self.code.find('(') } else { self.code.rfind(';') };
        end.and_then(|end| last_word(self.code.get(..end)?.trim_end())).unwrap_or_default()
    }

    fn write(&self, text: &mut String) -> Result<(), std::fmt::Error> {
        // A type precedes its initial value; a function follows what it is compared with.
        let (before, after) =
            if self.is_function() { (&self.macros[..], &[][..]) } else { (&[][..], &self.macros[..]) };
        for declaration in before {
            declaration.write(text)?;
        }
        write!(text, "\n{}\n{}\n", rewrapped(&self.comment), folded(&rewrapped(&self.code)))?;
        for declaration in after {
            declaration.write(text)?;
        }
        Ok(())
    }
}

/// The declarations of a text by name. `WSP_THING_INIT` belongs to `wsp_thing`, `WSP_VERSION` and its parts to
/// `wsp_version`.
fn declarations(text: &str) -> HashMap<String, Declaration> {
    let mut found = HashMap::new();
    let mut macros = Vec::new();
    for part in format!("\n{text}").split("\n/**").skip(1) {
        let Some((comment, code)) = part.split_once("*/") else { continue };
        let code = ["#ifdef __cplusplus\nextern", "#ifdef __cplusplus\n}", "#endif  /* WSPEER_H */"]
            .iter()
            .fold(code, |code, end| code.split(end).next().unwrap_or_default());
        let declaration =
            Declaration { comment: format!("/**{comment}*/"), code: code.trim().to_owned(), macros: Vec::new() };
        match declaration.code.starts_with("#define") {
            true => macros.push(declaration),
            false => drop(found.insert(declaration.name(), declaration)),
        }
    }
    for declaration in macros {
        let name = declaration.name();
        let part_of = ["_INIT", "_MAJOR", "_MINOR", "_PATCH"].iter().find_map(|end| name.strip_suffix(end));
        let owner = part_of.unwrap_or(&name).to_lowercase();
        match found.get_mut(&owner) {
            Some(owner) => owner.macros.push(declaration),
            None => drop(found.insert(name, declaration)),
        }
    }
    found
}

/// The names of the types and functions that a section's sources declare, in their order.
fn names_of(section: &Section, folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for source in section.sources {
        if !source.ends_with(".rs") {
            names.push((*source).to_owned());
            continue;
        }
        let text = std::fs::read_to_string(folder.join(source)).map_err(|error| format!("{source}: {error}"))?;
        for line in text.lines() {
            let declared =
                ["pub struct ", "pub enum ", "extern \"C\" fn "].iter().find_map(|start| line.split_once(start));
            if let Some((_, rest)) = declared {
                names.push(rest.chars().take_while(|&c| c.is_alphanumeric() || c == '_').collect());
            }
        }
    }
    Ok(names)
}

/// Breaks the paragraphs of all comments into lines again. A line that begins with `- ` is a paragraph of its own.
fn rewrapped(text: &str) -> String {
    let mut lines = Vec::new();
    let mut paragraph = String::new();
    let mut indent = String::new();
    let flush = |paragraph: &mut String, lines: &mut Vec<String>, indent: &str| {
        if !paragraph.is_empty() {
            let next = if paragraph.starts_with("- ") { "   " } else { " " };
            lines.extend(wrapped(paragraph, &format!("{indent} * "), &format!("{indent} *{next}")));
            paragraph.clear();
        }
    };
    for line in joined(text).lines() {
        let comment = line.trim_start().strip_prefix("* ").filter(|_| line.starts_with(' '));
        let Some(words) = comment else {
            flush(&mut paragraph, &mut lines, &indent);
            lines.push(line.trim_end().to_owned());
            continue;
        };
        if words.trim_start().starts_with("- ") {
            flush(&mut paragraph, &mut lines, &indent);
        }
        indent = " ".repeat(line.len() - line.trim_start().len() - 1);
        if !paragraph.is_empty() {
            paragraph.push(' ');
        }
        paragraph.push_str(words.trim());
    }
    flush(&mut paragraph, &mut lines, &indent);
    lines.join("\n")
}

/// Puts comments of one line into one line.
fn joined(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if let [.., start, words] = lines.as_slice()
            && line.trim() == "*/"
            && start.trim() == "/**"
        {
            let words = words.trim_start().trim_start_matches("* ");
            let joined = format!("{start} {words} */");
            if joined.len() <= COLUMNS {
                lines.truncate(lines.len() - 2);
                lines.push(joined);
                continue;
            }
        }
        lines.push(line.to_owned());
    }
    lines.join("\n")
}

/// Words in lines of at most [`COLUMNS`], the first with another start than the others.
fn wrapped(words: &str, first: &str, next: &str) -> Vec<String> {
    let mut lines = vec![first.to_owned()];
    let mut is_empty = true;
    for word in words.split_whitespace() {
        let Some(line) = lines.last_mut() else { break };
        if !is_empty && line.chars().count() + 1 + word.chars().count() > COLUMNS {
            lines.push(format!("{next}{word}"));
        } else {
            line.push_str(if is_empty { "" } else { " " });
            line.push_str(word);
        }
        is_empty = false;
    }
    lines
}

/// Continues `#define` lines that are too long on further ones.
fn folded(code: &str) -> String {
    let mut lines = Vec::new();
    for line in code.lines() {
        let mut rest = line.to_owned();
        while code.starts_with("#define") && rest.len() > COLUMNS {
            let Some(at) = rest.get(..COLUMNS - 2).and_then(|head| head.rfind(", ")) else { break };
            let tail = format!("    {}", rest.split_off(at + 2));
            lines.push(format!("{} \\", rest.trim_end()));
            rest = tail;
        }
        lines.push(rest);
    }
    lines.join("\n")
}
