//! Writes lines of code and documentation comments to a `String`.

/// Longest line of a documentation comment. `header` breaks those of the C header again.
const COLUMNS: usize = 120;

/// Appends formatted text.
pub fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = std::fmt::Write::write_fmt(text, arguments);
}

/// Appends formatted lines.
macro_rules! emit {
    ($out:expr, $($arguments:tt)*) => {{
        $crate::writer::write_to($out, format_args!($($arguments)*));
        $out.push('\n');
    }};
}
pub(crate) use emit;

/// Appends a documentation comment, in lines of at most [`COLUMNS`].
pub fn doc(out: &mut String, indent: &str, text: &str) {
    let mut line = format!("{indent}///");
    let prefix = line.len();
    for piece in breakable_pieces(text) {
        if line.len() > prefix && line.chars().count() + 1 + piece.chars().count() > COLUMNS {
            emit!(out, "{line}");
            line.truncate(prefix);
        }
        line.push(' ');
        line += &piece;
    }
    emit!(out, "{line}");
}

/// Splits a text into pieces that may begin a line. A line that begins with a number or a sign could be a list in
/// Markdown, so those stay with the word before.
fn breakable_pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match pieces.last_mut() {
            Some(piece) if !word.starts_with(|first: char| first.is_alphabetic() || "[(`".contains(first)) => {
                piece.push(' ');
                piece.push_str(word);
            }
            _ => pieces.push(word.to_owned()),
        }
    }
    pieces
}
