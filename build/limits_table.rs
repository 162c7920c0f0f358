//! Writes the table of the options in `docs/limits.md`.

use crate::table::{Declaration, Effect, GROUPS, Kind};
use crate::writer::emit;

/// One row for each option.
pub fn markdown() -> String {
    let mut out = String::new();
    emit!(&mut out, "| option | objects | default | range | takes effect | meaning |\n|---|---|---|---|---|---|");
    for option in GROUPS.iter().flat_map(|group| group.options) {
        let objects: Vec<&str> = option.objects.iter().map(|object| object.snake()).collect();
        // An option without objects is not a property of their classes; see `refuse_new_connections`.
        let objects = if objects.is_empty() { "server, room".to_owned() } else { objects.join(", ") };
        let zero = option.zero.map_or(String::new(), |zero| format!(" 0 {zero}."));
        emit!(
            &mut out,
            "| `{}` | {objects} | {} | {} | {} | {}{zero} |",
            option.public_name(),
            default_cell(option),
            range_cell(option),
            effect_cell(option),
            option.doc
        );
    }
    out
}

fn default_cell(option: &Declaration) -> String {
    match option.kind {
        Kind::Flag { default } => format!("`{default}`"),
        Kind::Text { default: "", .. } | Kind::Texts { .. } => "empty".to_owned(),
        Kind::Text { default, .. } => format!("`\"{default}\"`"),
        _ => {
            let others = option.defaults.iter().map(|(object, value)| format!(", {value} ({})", object.snake()));
            format!("{}{}", option.default_for(None), others.collect::<String>())
        }
    }
}

fn range_cell(option: &Declaration) -> String {
    let range = match option.bounds() {
        None => String::new(),
        Some((min, max)) if option.has_upper_bound() => format!("{min} to {max} {}", option.unit()),
        Some((min, _)) => format!("from {min} {}", option.unit()),
    };
    range.trim_end().to_owned()
}

fn effect_cell(option: &Declaration) -> &'static str {
    match option.effect {
        Effect::Immediately => "immediately",
        Effect::NextConnection | Effect::NextStream => "next connection",
        Effect::NextHandshake => "next handshake",
        Effect::NextListen => "when listening begins",
    }
}
