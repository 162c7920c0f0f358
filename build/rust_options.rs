//! Writes the Rust structs of the options: fields, defaults, getters and checked setters.

use crate::table::{Declaration, GROUPS, Group, Kind, Object};
use crate::writer::{doc, emit};

/// The Rust structs, with defaults, accessors and checked setters.
pub fn structs() -> String {
    let mut out = String::new();
    for group in GROUPS {
        option_struct(&mut out, group);
        defaults(&mut out, group);
        emit!(&mut out, "impl {} {{", group.rust);
        for option in group.options {
            getter(&mut out, option);
            setters(&mut out, group, option);
        }
        emit!(&mut out, "}}\n");
    }
    out
}

fn option_struct(out: &mut String, group: &Group) {
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
        doc(out, "    ", &option.full_doc(None));
        emit!(out, "    pub(crate) {}: {},", option.name, rust_type(option));
    }
    for (name, kind, text) in group.internal {
        doc(out, "    ", text);
        emit!(out, "    pub(crate) {name}: {kind},");
    }
    emit!(out, "}}\n");
}

/// Returns whether `Default` can be derived.
fn has_zero_defaults(group: &Group) -> bool {
    let is_zero = |option: &Declaration| match option.kind {
        Kind::Text { default, .. } => default.is_empty(),
        _ => option.default_for(None) == 0.0,
    };
    group.variants.is_empty() && group.options.iter().all(is_zero)
}

fn defaults(out: &mut String, group: &Group) {
    if has_zero_defaults(group) {
        return;
    }
    let fields = |out: &mut String, object: Option<Object>| {
        if !group.variants.is_empty() {
            emit!(out, "            object: Object::{:?},", object.unwrap_or(Object::Peer));
        }
        for option in group.options {
            emit!(out, "            {}: {},", option.name, default_expression(option, object));
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

fn rust_type(option: &Declaration) -> &'static str {
    match option.kind {
        Kind::Flag { .. } => "bool",
        Kind::Bytes { .. } | Kind::Count { .. } => "usize",
        Kind::Level { .. } => "u32",
        Kind::Seconds { .. } => "Duration",
        Kind::Number { .. } => "f64",
        Kind::Text { .. } => "String",
        Kind::Texts { .. } => "Vec<String>",
    }
}

fn default_expression(option: &Declaration, object: Option<Object>) -> String {
    let number = option.default_for(object);
    match option.kind {
        Kind::Flag { default } => default.to_string(),
        Kind::Bytes { .. } | Kind::Count { .. } | Kind::Level { .. } => format!("{number}"),
        Kind::Seconds { .. } => format!("Duration::from_millis({})", number * 1000.0),
        Kind::Number { .. } => format!("{number:?}"),
        Kind::Text { default, .. } if !default.is_empty() => format!("\"{default}\".to_owned()"),
        Kind::Text { .. } => "String::new()".to_owned(),
        Kind::Texts { .. } => "Vec::new()".to_owned(),
    }
}

fn getter(out: &mut String, option: &Declaration) {
    let name = option.name;
    let (result, value) = match option.kind {
        Kind::Text { .. } => ("&str", format!("&self.{name}")),
        Kind::Texts { .. } => ("&[String]", format!("&self.{name}")),
        _ => (rust_type(option), format!("self.{name}")),
    };
    doc(out, "    ", &option.full_doc(None));
    emit!(out, "    pub fn {name}(&self) -> {result} {{\n        {value}\n    }}\n");
}

/// Writes the setter, and for numbers a second one that takes what scripts pass.
fn setters(out: &mut String, group: &Group, option: &Declaration) {
    let name = option.name;
    doc(out, "    ", &format!("Sets [`Self::{name}`]."));
    match option.kind {
        Kind::Flag { .. } => infallible_setter(out, name, "bool", "value"),
        Kind::Texts { normalize: None } => infallible_setter(out, name, "Vec<String>", "value"),
        Kind::Texts { normalize: Some(function) } => {
            infallible_setter(out, name, "Vec<String>", &format!("{function}(value)"));
        }
        Kind::Text { check: None, .. } => infallible_setter(out, name, "impl Into<String>", "value.into()"),
        Kind::Text { check: Some(check), .. } => {
            checked_setter(out, name, "impl Into<String>");
            emit!(out, "        let value = value.into();\n        {check}(&value)?;");
            emit!(out, "        self.{name} = value;\n        Ok(())\n    }}\n");
        }
        Kind::Bytes { .. } | Kind::Count { .. } => size_setters(out, option),
        Kind::Level { min, max, .. } => level_setters(out, option, min, max),
        Kind::Seconds { .. } => seconds_setters(out, group, option),
        Kind::Number { min, max, .. } => {
            checked_setter(out, name, "f64");
            let public = option.public_name();
            emit!(out, "        self.{name} = bounds::number(\"{public}\", value, {min:?}, {max:?})?;");
            emit!(out, "        Ok(())\n    }}\n");
        }
    }
}

fn size_setters(out: &mut String, option: &Declaration) {
    let (name, public) = (option.name, option.public_name());
    emit!(out, "    pub fn set_{name}(&mut self, value: usize) {{\n        self.{name} = value;");
    if name == "max_queued_packets" {
        // Godot 3's `set_buffers` sets the two directions separately; setting the one number ends that.
        emit!(out, "        self.max_outbound_packets = None;");
    }
    emit!(out, "    }}\n");
    doc(out, "    ", &format!("[`Self::set_{name}`] with a number of a script."));
    errors_section(out, "it is negative");
    emit!(out, "    pub fn set_{name}_from_integer(&mut self, value: i64) -> Result {{");
    let number = if option.negative_is_zero { "value.max(0)" } else { "value" };
    emit!(out, "        self.set_{name}(bounds::size(\"{public}\", {number})?);\n        Ok(())\n    }}\n");
}

fn level_setters(out: &mut String, option: &Declaration, min: u32, max: u32) {
    let (name, public) = (option.name, option.public_name());
    checked_setter(out, name, "u32");
    emit!(out, "        self.set_{name}_from_integer(i64::from(value))\n    }}\n");
    doc(out, "    ", &format!("[`Self::set_{name}`] with a number of a script."));
    checked_setter(out, &format!("{name}_from_integer"), "i64");
    emit!(out, "        self.{name} = bounds::level(\"{public}\", value, {min}, {max})?;");
    emit!(out, "        Ok(())\n    }}\n");
}

fn seconds_setters(out: &mut String, group: &Group, option: &Declaration) {
    let (name, public) = (option.name, option.public_name());
    checked_setter(out, name, "Duration");
    emit!(out, "        self.set_{name}_from_seconds(value.as_secs_f64())\n    }}\n");
    doc(out, "    ", &format!("[`Self::set_{name}`] with a number of seconds."));
    checked_setter(out, &format!("{name}_from_seconds"), "f64");
    let positive: Vec<String> = option.positive.iter().map(|object| format!("Object::{object:?}")).collect();
    let is_positive = if positive.is_empty() || group.variants.is_empty() {
        "false".to_owned()
    } else {
        format!("matches!(self.object, {})", positive.join(" | "))
    };
    emit!(out, "        self.{name} = bounds::seconds(\"{public}\", value, {is_positive})?;");
    if name == "connect_timeout" {
        // A project may have another default, which does not replace what the program has set.
        emit!(out, "        self.has_own_connect_timeout = true;");
    }
    emit!(out, "        Ok(())\n    }}\n");
}

fn infallible_setter(out: &mut String, name: &str, parameter: &str, value: &str) {
    emit!(out, "    pub fn set_{name}(&mut self, value: {parameter}) {{\n        self.{name} = {value};\n    }}\n");
}

/// Begins a setter that refuses values; the caller writes the body.
fn checked_setter(out: &mut String, name: &str, parameter: &str) {
    errors_section(out, "the value is refused");
    emit!(out, "    pub fn set_{name}(&mut self, value: {parameter}) -> Result {{");
}

fn errors_section(out: &mut String, condition: &str) {
    emit!(out, "    ///\n    /// # Errors");
    emit!(out, "    /// [`ErrorCode::InvalidParameter`] if {condition}; nothing changes then.");
}
