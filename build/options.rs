//! Writes everything that follows from the rows of `rust/peer/options/table.rs`.

use std::fmt::Write as _;

use crate::table::{CType, Declaration, Effect, GROUPS, Group, Kind, Object};

/// The longest time that an option accepts: `limits::MAX_DURATION`.
pub const YEAR: f64 = 31_536_000.0;

impl Object {
    const ALL: [Self; 5] = [Self::Peer, Self::Client, Self::Server, Self::Room, Self::TlsStream];

    /// The object in names of functions and macros.
    pub fn snake(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Client => "client",
            Self::Server => "server",
            Self::Room => "room",
            Self::TlsStream => "tls_stream",
        }
    }

    pub fn godot_class(self) -> &'static str {
        match self {
            Self::Peer => "RustWebSocketPeer",
            Self::Client => "RustWebSocketClient",
            Self::Server => "RustWebSocketServer",
            Self::Room => "RustWebSocketMultiplayerPeer",
            Self::TlsStream => "RustStreamPeerTLS",
        }
    }
}

impl Declaration {
    pub fn public_name(&self) -> &'static str {
        self.godot_name.unwrap_or(self.name)
    }

    fn rust_type(&self) -> &'static str {
        match self.kind {
            Kind::Flag { .. } => "bool",
            Kind::Bytes { .. } | Kind::Count { .. } => "usize",
            Kind::Level { .. } => "u32",
            Kind::Seconds { .. } => "Duration",
            Kind::Number { .. } => "f64",
            Kind::Text { .. } => "String",
            Kind::Texts { .. } => "Vec<String>",
        }
    }

    pub fn default_for(&self, object: Option<Object>) -> f64 {
        let exception = self.defaults.iter().find(|(of, _)| Some(*of) == object);
        match (exception, self.kind) {
            (Some((_, value)), _) => *value,
            (None, Kind::Bytes { default } | Kind::Count { default, .. }) => default as f64,
            (None, Kind::Level { default, .. }) => f64::from(default),
            (None, Kind::Seconds { default } | Kind::Number { default, .. }) => default,
            (None, Kind::Flag { default }) => f64::from(u8::from(default)),
            (None, Kind::Text { .. } | Kind::Texts { .. }) => 0.0,
        }
    }

    fn default_expression(&self, object: Option<Object>) -> String {
        let number = self.default_for(object);
        match self.kind {
            Kind::Flag { default } => default.to_string(),
            Kind::Bytes { .. } | Kind::Count { .. } | Kind::Level { .. } => format!("{number}"),
            Kind::Seconds { .. } => format!("Duration::from_millis({})", number * 1000.0),
            Kind::Number { .. } => format!("{number:?}"),
            Kind::Text { default, .. } if !default.is_empty() => format!("\"{default}\".to_owned()"),
            Kind::Text { .. } => "String::new()".to_owned(),
            Kind::Texts { .. } => "Vec::new()".to_owned(),
        }
    }

    /// Bounds of the numbers, if the kind has some.
    pub fn bounds(&self) -> Option<(f64, f64)> {
        match self.kind {
            Kind::Bytes { .. } | Kind::Count { .. } => Some((0.0, f64::INFINITY)),
            Kind::Level { min, max, .. } => Some((f64::from(min), f64::from(max))),
            Kind::Seconds { .. } => Some((0.0, YEAR)),
            Kind::Number { min, max, .. } => Some((min, max)),
            Kind::Flag { .. } | Kind::Text { .. } | Kind::Texts { .. } => None,
        }
    }

    fn unit(&self) -> &'static str {
        match self.kind {
            Kind::Bytes { .. } => "bytes",
            Kind::Seconds { .. } => "seconds",
            Kind::Count { of, .. } => of,
            _ => "",
        }
    }

    /// Unit, bounds, default, the meaning of 0 and the time of effect, as sentences.
    fn facts(&self, object: Option<Object>) -> String {
        let mut facts = String::new();
        match self.kind {
            Kind::Bytes { .. } => facts += " In bytes.",
            Kind::Seconds { .. } => facts += " In seconds, up to 31536000 (a year).",
            Kind::Level { min: 0, max: u32::MAX, .. } => {}
            Kind::Level { min, max, .. } => write_to(&mut facts, format_args!(" From {min} to {max}.")),
            Kind::Number { min, max, .. } => write_to(&mut facts, format_args!(" From {min} to {max}.")),
            _ => {}
        }
        if object.is_some_and(|object| self.positive.contains(&object)) {
            facts += " Must be greater than 0.";
        } else if let Some(zero) = self.zero {
            write_to(&mut facts, format_args!(" 0 {zero}."));
        }
        match self.kind {
            Kind::Flag { default } => write_to(&mut facts, format_args!(" Default `{default}`.")),
            Kind::Text { default: "", .. } | Kind::Texts { .. } => facts += " Default empty.",
            Kind::Text { default, .. } => write_to(&mut facts, format_args!(" Default `\"{default}\"`.")),
            _ => {
                write_to(&mut facts, format_args!(" Default {}", self.default_for(object)));
                let others: Vec<String> = if object.is_none() {
                    let other = |(object, value): &(Object, f64)| format!("{value} of a {}", object.snake());
                    self.defaults.iter().map(other).collect()
                } else {
                    Vec::new()
                };
                if !others.is_empty() {
                    write_to(&mut facts, format_args!(" ({})", others.join(", ")));
                }
                facts.push('.');
            }
        }
        facts += match self.effect {
            Effect::Immediately => " Takes effect immediately.",
            Effect::NextConnection => " Used by the next connection.",
            Effect::NextHandshake => " Used by the next handshake.",
            Effect::NextListen => " Used when listening begins.",
            Effect::NextStream => " Used when the next connection begins.",
        };
        facts
    }
}

fn write_to(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _written = text.write_fmt(arguments);
}

/// Writes formatted lines to a `String`.
macro_rules! emit {
    ($out:expr, $($arguments:tt)*) => {{
        write_to($out, format_args!($($arguments)*));
        $out.push('\n');
    }};
}

fn doc(out: &mut String, indent: &str, text: &str) {
    emit!(out, "{indent}/// {text}");
}

/// The Rust structs, with defaults, accessors and checked setters.
pub fn rust() -> String {
    let mut out = String::new();
    for group in GROUPS {
        rust_struct(&mut out, group);
        rust_defaults(&mut out, group);
        emit!(&mut out, "impl {} {{", group.rust);
        for option in group.options {
            rust_accessors(&mut out, group, option);
        }
        emit!(&mut out, "}}\n");
    }
    out
}

fn rust_struct(out: &mut String, group: &Group) {
    doc(out, "", group.doc);
    let default = if has_zero_defaults(group) { ", Default" } else { "" };
    emit!(out, "#[derive({}{default})]\npub struct {} {{", group.derives, group.rust);
    if !group.variants.is_empty() {
        emit!(
            out,
            "    /// The object that the options belong to; it decides about bounds.\n    pub(crate) object: Object,"
        );
    }
    for option in group.options {
        doc(out, "    ", &format!("{}{}", option.doc, option.facts(None)));
        emit!(out, "    pub(crate) {}: {},", option.name, option.rust_type());
    }
    for (name, kind, text) in group.internal {
        doc(out, "    ", text);
        emit!(out, "    pub(crate) {name}: {kind},");
    }
    emit!(out, "}}\n");
}

/// Whether `Default` can be derived.
fn has_zero_defaults(group: &Group) -> bool {
    let is_zero = |option: &Declaration| match option.kind {
        Kind::Text { default, .. } => default.is_empty(),
        _ => option.default_for(None) == 0.0,
    };
    group.variants.is_empty() && group.options.iter().all(is_zero)
}

fn rust_defaults(out: &mut String, group: &Group) {
    if has_zero_defaults(group) {
        return;
    }
    let fields = |out: &mut String, object: Option<Object>| {
        if !group.variants.is_empty() {
            emit!(out, "            object: Object::{:?},", object.unwrap_or(Object::Peer));
        }
        for option in group.options {
            emit!(out, "            {}: {},", option.name, option.default_expression(object));
        }
        for (name, ..) in group.internal {
            emit!(out, "            {name}: Default::default(),");
        }
    };
    emit!(out, "impl Default for {} {{\n    fn default() -> Self {{\n        Self {{", group.rust);
    fields(out, None);
    emit!(out, "        }}\n    }}\n}}\n");
    if group.variants.is_empty() {
        return;
    }
    emit!(out, "impl {} {{", group.rust);
    for object in group.variants {
        doc(out, "    ", &format!("Returns the defaults of the connections of a {}.", object.snake()));
        emit!(out, "    pub fn for_{}() -> Self {{\n        Self {{", object.snake());
        fields(out, Some(*object));
        emit!(out, "        }}\n    }}\n");
    }
    emit!(out, "}}\n");
}

fn rust_accessors(out: &mut String, group: &Group, option: &Declaration) {
    let (name, public) = (option.name, option.public_name());
    let (get_type, get) = match option.kind {
        Kind::Text { .. } => ("&str", format!("&self.{name}")),
        Kind::Texts { .. } => ("&[String]", format!("&self.{name}")),
        _ => (option.rust_type(), format!("self.{name}")),
    };
    doc(out, "    ", &format!("{}{}", option.doc, option.facts(None)));
    emit!(out, "    pub fn {name}(&self) -> {get_type} {{\n        {get}\n    }}\n");
    doc(out, "    ", &format!("Sets [`Self::{name}`]."));
    let refusal = "    ///\n    /// # Errors\n    /// [`ErrorCode::InvalidParameter`] if the value is refused; nothing changes then.";
    match option.kind {
        Kind::Flag { .. } => {
            emit!(out, "    pub fn set_{name}(&mut self, value: bool) {{\n        self.{name} = value;\n    }}\n");
        }
        Kind::Texts { normalize } => {
            let value = normalize.map_or("value".to_owned(), |function| format!("{function}(value)"));
            emit!(
                out,
                "    pub fn set_{name}(&mut self, value: Vec<String>) {{\n        self.{name} = {value};\n    }}\n"
            );
        }
        Kind::Text { check: None, .. } => {
            emit!(out, "    pub fn set_{name}(&mut self, value: impl Into<String>) {{");
            emit!(out, "        self.{name} = value.into();\n    }}\n");
        }
        Kind::Text { check: Some(check), .. } => {
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}(&mut self, value: impl Into<String>) -> Result {{");
            emit!(out, "        let value = value.into();\n        {check}(&value)?;");
            emit!(out, "        self.{name} = value;\n        Ok(())\n    }}\n");
        }
        Kind::Bytes { .. } | Kind::Count { .. } => {
            emit!(out, "    pub fn set_{name}(&mut self, value: usize) {{\n        self.{name} = value;");
            emit!(out, "{}    }}\n", max_queued_packets_note(name));
            doc(out, "    ", &format!("[`Self::set_{name}`] with a number of a script."));
            emit!(
                out,
                "    ///\n    /// # Errors\n    /// [`ErrorCode::InvalidParameter`] if it is negative; nothing changes then."
            );
            emit!(out, "    pub fn set_{name}_from_integer(&mut self, value: i64) -> Result {{");
            let number = if option.negative_is_zero { "value.max(0)" } else { "value" };
            emit!(out, "        self.set_{name}(bounds::size(\"{public}\", {number})?);\n        Ok(())\n    }}\n");
        }
        Kind::Level { min, max, .. } => {
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}(&mut self, value: u32) -> Result {{");
            emit!(out, "        self.set_{name}_from_integer(i64::from(value))\n    }}\n");
            doc(out, "    ", &format!("[`Self::set_{name}`] with a number of a script."));
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}_from_integer(&mut self, value: i64) -> Result {{");
            emit!(
                out,
                "        self.{name} = bounds::level(\"{public}\", value, {min}, {max})?;\n        Ok(())\n    }}\n"
            );
        }
        Kind::Seconds { .. } => {
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}(&mut self, value: Duration) -> Result {{");
            emit!(out, "        self.set_{name}_from_seconds(value.as_secs_f64())\n    }}\n");
            doc(out, "    ", &format!("[`Self::set_{name}`] with a number of seconds."));
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}_from_seconds(&mut self, value: f64) -> Result {{");
            let positive: Vec<String> = option.positive.iter().map(|object| format!("Object::{object:?}")).collect();
            let is_positive = match (positive.is_empty(), group.variants.is_empty()) {
                (false, false) => format!("matches!(self.object, {})", positive.join(" | ")),
                _ => "false".to_owned(),
            };
            emit!(
                out,
                "        self.{name} = bounds::seconds(\"{public}\", value, {is_positive})?;\n        Ok(())\n    }}\n"
            );
        }
        Kind::Number { min, max, .. } => {
            emit!(out, "{refusal}");
            emit!(out, "    pub fn set_{name}(&mut self, value: f64) -> Result {{");
            emit!(
                out,
                "        self.{name} = bounds::number(\"{public}\", value, {min:?}, {max:?})?;\n        Ok(())\n    }}\n"
            );
        }
    }
}

/// `set_buffers` of Godot 3 sets the two directions apart; setting the one number ends that.
fn max_queued_packets_note(name: &str) -> &'static str {
    if name == "max_queued_packets" { "        self.max_outbound_packets = None;\n" } else { "" }
}

impl CType {
    fn rust(self) -> &'static str {
        match self {
            Self::Size => "usize",
            Self::Double => "f64",
            Self::U8 => "u8",
            Self::U32 => "u32",
        }
    }

    fn bytes(self) -> usize {
        match self {
            Self::Size | Self::Double => 8,
            Self::U8 => 1,
            Self::U32 => 4,
        }
    }
}

/// The options of a group that have a field in its C struct.
fn c_options(group: &Group) -> impl Iterator<Item = (&Declaration, CType)> {
    group.options.iter().filter_map(|option| Some((option, option.c_type?)))
}

/// Bytes after the last field up to a multiple of 8, kept for later fields.
fn reserved(group: &Group) -> usize {
    let end = c_options(group).fold(0, |end: usize, (_, kind)| end.next_multiple_of(kind.bytes()) + kind.bytes());
    end.next_multiple_of(8) - end
}

/// Text for C: no backticks, C's names.
fn c_text(text: &str) -> String {
    let names =
        [("ERR_OUT_OF_MEMORY", "WSP_ERR_OUT_OF_MEMORY"), ("ERR_INVALID_PARAMETER", "WSP_ERR_INVALID_PARAMETER")];
    let plain = names.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to));
    plain.replace("`false`", "0").replace("`true`", "1").replace('`', "")
}

/// The C structs as Rust source, which cbindgen reads too.
pub fn c_structs() -> String {
    let mut out = String::new();
    for group in GROUPS {
        let Some(name) = group.c else { continue };
        c_struct(&mut out, group, name);
        c_conversions(&mut out, group, name);
    }
    out
}

fn c_struct(out: &mut String, group: &Group, name: &str) {
    doc(out, "", &c_text(group.c_doc));
    emit!(out, "#[derive(Clone, Copy, Debug)]\n#[repr(C)]\npub struct {name} {{");
    emit!(out, "    /// sizeof({name}) of the caller.\n    pub struct_size: usize,");
    for (option, kind) in c_options(group) {
        doc(out, "    ", &c_text(&format!("{}{}", option.doc, option.facts(None))));
        emit!(out, "    pub {}: {},", option.name, kind.rust());
    }
    if reserved(group) > 0 {
        emit!(out, "    /// 0. Later versions use it for fields of which 0 is the default.");
        emit!(out, "    pub reserved: [u8; {}],", reserved(group));
    }
    emit!(out, "}}\n");
    emit!(out, "// SAFETY: the struct is `repr(C)`, begins with its size, and consists of numbers.");
    emit!(out, "unsafe impl Versioned for {name} {{\n    const NAME: &'static str = \"{name}\";");
    emit!(out, "    const ENDS: &'static [usize] = &[");
    for (option, _) in c_options(group).skip(group.c_first_version) {
        emit!(out, "        std::mem::offset_of!({name}, {}),", option.name);
    }
    emit!(out, "        size_of::<{name}>(),\n    ];\n}}\n");
}

fn c_conversions(out: &mut String, group: &Group, name: &str) {
    let rust = group.rust;
    emit!(out, "impl From<&{rust}> for {name} {{\n    fn from(options: &{rust}) -> Self {{\n        Self {{");
    emit!(out, "            struct_size: size_of::<Self>(),");
    for (option, kind) in c_options(group) {
        let field = option.name;
        let value = match (option.kind, kind) {
            (Kind::Flag { .. }, _) => format!("u8::from(options.{field})"),
            (Kind::Seconds { .. }, _) => format!("options.{field}.as_secs_f64()"),
            (Kind::Level { .. }, CType::U8) => format!("u8::try_from(options.{field}).unwrap_or(u8::MAX)"),
            _ => format!("options.{field}"),
        };
        emit!(out, "            {field}: {value},");
    }
    if reserved(group) > 0 {
        emit!(out, "            reserved: [0; {}],", reserved(group));
    }
    emit!(out, "        }}\n    }}\n}}\n");
    emit!(out, "impl {name} {{");
    let copy = if group.derives.contains("Copy") { "*options" } else { "options.clone()" };
    emit!(out, "    /// Sets all fields; if one is refused, nothing changes.");
    emit!(out, "    pub(super) fn apply(&self, options: &mut {rust}) -> Result {{\n        let mut changed = {copy};");
    for (option, kind) in c_options(group) {
        let field = option.name;
        match (option.kind, kind) {
            (Kind::Flag { .. }, _) => emit!(out, "        changed.set_{field}(self.{field} != 0);"),
            (Kind::Seconds { .. }, _) => emit!(out, "        changed.set_{field}_from_seconds(self.{field})?;"),
            (Kind::Level { .. }, CType::U8) => emit!(out, "        changed.set_{field}(u32::from(self.{field}))?;"),
            (Kind::Level { .. } | Kind::Number { .. }, _) => emit!(out, "        changed.set_{field}(self.{field})?;"),
            _ => emit!(out, "        changed.set_{field}(self.{field});"),
        }
    }
    emit!(out, "        *options = changed;\n        Ok(())\n    }}\n}}\n");
}

/// The INIT macros of the C structs.
#[cfg(feature = "capi")]
pub fn c_init_macros() -> String {
    let mut out = String::new();
    for group in GROUPS {
        let Some(name) = group.c else { continue };
        let macro_name = name.to_uppercase() + "_INIT";
        let mut values: Vec<String> = c_options(group)
            .map(|(option, kind)| match kind {
                CType::Double => format!("{:?}", option.default_for(None)),
                _ => format!("{}", option.default_for(None)),
            })
            .collect();
        if reserved(group) > 0 {
            values.push("{0}".to_owned());
        }
        emit!(&mut out, "/** Initial value of {name}; the same as {name}_init() sets. */");
        emit!(&mut out, "#define {macro_name} {{sizeof({name}), \\\n    {}}}\n", values.join(", "));
    }
    out
}

/// Options of an object in Godot, with the group that holds them.
fn godot_options(object: Object) -> impl Iterator<Item = (&'static Group, &'static Declaration)> {
    GROUPS
        .iter()
        .flat_map(|group| group.options.iter().map(move |option| (group, option)))
        .filter(move |(_, option)| option.objects.contains(&object) && option.name != "stream_messages")
}

/// Text for Godot's help: names in backticks become references.
fn godot_text(object: Object, text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 0 {
            out += part;
        } else if part.starts_with("ERR_") {
            write_to(&mut out, format_args!("[constant {part}]"));
        } else if godot_options(object).any(|(_, option)| option.public_name() == part) {
            write_to(&mut out, format_args!("[member {part}]"));
        } else {
            write_to(&mut out, format_args!("[code]{part}[/code]"));
        }
    }
    out
}

fn godot_type(option: &Declaration) -> &'static str {
    match option.kind {
        Kind::Flag { .. } => "bool",
        Kind::Bytes { .. } | Kind::Count { .. } | Kind::Level { .. } => "i64",
        Kind::Seconds { .. } | Kind::Number { .. } => "f64",
        Kind::Text { .. } => "GString",
        Kind::Texts { .. } => "PackedStringArray",
    }
}

/// For each Godot class a macro that adds the properties to its struct and the accessors to its first `#[godot_api]`
/// block: `#[var]` finds accessors in that block only.
pub fn godot() -> String {
    let mut out = String::new();
    for object in Object::ALL {
        let name = object.snake();
        emit!(&mut out, "/// Adds the properties of the options to the struct of `{}`, or", object.godot_class());
        emit!(&mut out, "/// their accessors to its methods.");
        emit!(&mut out, "macro_rules! with_{name}_options {{");
        emit!(&mut out, "    ($(#[$($attribute:tt)*])* pub struct $name:ident {{ $($fields:tt)* }}) => {{");
        emit!(&mut out, "        $(#[$($attribute)*])*\n        pub struct $name {{\n            $($fields)*");
        for (_, option) in godot_options(object) {
            let name = option.public_name();
            let text = format!("{}{}", option.doc, option.facts(Some(object)));
            doc(&mut out, "            ", &godot_text(object, &text));
            emit!(&mut out, "            #[var(get = get_{name}, set = set_{name})]");
            emit!(&mut out, "            {name}: PhantomVar<{}>,", godot_type(option));
        }
        emit!(&mut out, "        }}\n    }};");
        emit!(&mut out, "    ($(#[$($attribute:tt)*])* impl $name:ident {{ $($items:tt)* }}) => {{");
        emit!(&mut out, "        $(#[$($attribute)*])*\n        impl $name {{\n            $($items)*\n");
        for (group, option) in godot_options(object) {
            godot_accessors(&mut out, group, option);
        }
        emit!(&mut out, "        }}\n    }};\n}}\npub(super) use with_{name}_options;\n");
    }
    out
}

fn godot_accessors(out: &mut String, group: &Group, option: &Declaration) {
    let (name, field, kind) = (option.public_name(), option.name, godot_type(option));
    let get = match option.kind {
        Kind::Flag { .. } | Kind::Number { .. } => format!("options.{field}()"),
        Kind::Bytes { .. } | Kind::Count { .. } => format!("$crate::godot::convert::integer(options.{field}())"),
        Kind::Level { .. } => format!("i64::from(options.{field}())"),
        Kind::Seconds { .. } => format!("options.{field}().as_secs_f64()"),
        Kind::Text { .. } => format!("$crate::godot::convert::{}(options.{field}())", option.godot_text),
        Kind::Texts { .. } => format!("$crate::godot::convert::packed(options.{field}())"),
    };
    let set = match option.kind {
        Kind::Flag { .. } => format!("{{ options.set_{field}(value); Ok(()) }}"),
        Kind::Bytes { .. } | Kind::Count { .. } | Kind::Level { .. } => {
            format!("options.set_{field}_from_integer(value)")
        }
        Kind::Seconds { .. } => format!("options.set_{field}_from_seconds(value)"),
        Kind::Number { .. } => format!("options.set_{field}(value)"),
        Kind::Text { check: Some(_), .. } => format!("options.set_{field}(value.to_string())"),
        Kind::Text { .. } => format!("{{ options.set_{field}(value.to_string()); Ok(()) }}"),
        Kind::Texts { .. } => format!("{{ options.set_{field}($crate::godot::convert::strings(&value)); Ok(()) }}"),
    };
    emit!(out, "    #[func]\n    fn get_{name}(&self) -> {kind} {{");
    emit!(
        out,
        "        $crate::godot::option_properties::OptionsOwner::<$crate::peer::options::{}>::read_options(self, |options| {get})\n    }}\n",
        group.rust
    );
    emit!(out, "    #[func]\n    fn set_{name}(&self, value: {kind}) {{");
    emit!(
        out,
        "        $crate::godot::option_properties::OptionsOwner::<$crate::peer::options::{}>::change_options(self, |options| {set});\n    }}\n",
        group.rust
    );
}

/// The table in `docs/limits.md`.
pub fn markdown() -> String {
    let mut out = String::new();
    emit!(&mut out, "| option | objects | default | range | takes effect | meaning |\n|---|---|---|---|---|---|");
    for option in GROUPS.iter().flat_map(|group| group.options) {
        let objects: Vec<&str> = option.objects.iter().map(|object| object.snake()).collect();
        let default = match option.kind {
            Kind::Flag { default } => format!("`{default}`"),
            Kind::Text { default: "", .. } | Kind::Texts { .. } => "empty".to_owned(),
            Kind::Text { default, .. } => format!("`\"{default}\"`"),
            _ => {
                let others = option.defaults.iter().map(|(object, value)| format!(", {value} ({})", object.snake()));
                format!("{}{}", option.default_for(None), others.collect::<String>())
            }
        };
        let range = match option.bounds() {
            None => String::new(),
            Some((min, max)) if max == f64::INFINITY || max == f64::from(u32::MAX) => {
                format!("from {min} {}", option.unit())
            }
            Some((min, max)) => format!("{min} to {max} {}", option.unit()),
        };
        let zero = option.zero.map_or(String::new(), |zero| format!(" 0 {zero}."));
        let effect = match option.effect {
            Effect::Immediately => "immediately",
            Effect::NextConnection | Effect::NextStream => "next connection",
            Effect::NextHandshake => "next handshake",
            Effect::NextListen => "when listening begins",
        };
        let objects = if objects.is_empty() { "server, room".to_owned() } else { objects.join(", ") };
        emit!(
            &mut out,
            "| `{}` | {objects} | {default} | {} | {effect} | {}{zero} |",
            option.public_name(),
            range.trim(),
            option.doc
        );
    }
    out
}
