//! Writes the properties of the options for the Godot classes: a macro for each class, with the help texts.

use crate::table::{Declaration, GROUPS, Group, Kind, Object};
use crate::writer::{doc, emit, write_to};

/// The options that are properties of an object's class, with the group that holds them.
fn godot_options(object: Object) -> impl Iterator<Item = (&'static Group, &'static Declaration)> {
    GROUPS
        .iter()
        .flat_map(|group| group.options.iter().map(move |option| (group, option)))
        .filter(move |(_, option)| option.objects.contains(&object) && option.is_in_godot())
}

/// Returns a text for Godot's help: names in backticks become references.
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

/// For each class a macro that adds the properties to its struct and the accessors to its first `#[godot_api]` block:
/// `#[var]` finds accessors in that block only. It lists the accessors as short calls.
pub fn macros() -> String {
    let mut out = String::new();
    for object in Object::ALL {
        let name = object.snake();
        emit!(&mut out, "/// Adds the properties of the options to the struct of `{}`, or", object.godot_class());
        emit!(&mut out, "/// their accessors to its methods.");
        emit!(&mut out, "macro_rules! with_{name}_options {{");
        struct_rule(&mut out, object);
        methods_rule(&mut out, object);
        emit!(&mut out, "}}\npub(super) use with_{name}_options;\n");
    }
    out
}

fn struct_rule(out: &mut String, object: Object) {
    emit!(out, "    ($(#[$($attribute:tt)*])* pub struct $name:ident {{ $($fields:tt)* }}) => {{");
    emit!(out, "        $(#[$($attribute)*])*\n        pub struct $name {{\n            $($fields)*");
    for (group, option) in godot_options(object) {
        let name = option.public_name();
        doc(out, "            ", &godot_text(object, &option.full_doc(Some(object))));
        // The usage of the engine's properties, except that no tool shows or stores keys.
        let usage = if group.rust == "TlsTexts" { "NONE" } else { "DEFAULT" };
        emit!(out, "            #[var(get = get_{name}, set = set_{name}, usage_flags = [{usage}])]");
        emit!(out, "            {name}: PhantomVar<{}>,", godot_type(option));
    }
    emit!(out, "        }}\n    }};");
}

fn methods_rule(out: &mut String, object: Object) {
    emit!(out, "    ($(#[$($attribute:tt)*])* impl $name:ident {{ $($items:tt)* }}) => {{");
    emit!(out, "        $(#[$($attribute)*])*\n        impl $name {{\n            $($items)*\n");
    for (group, option) in godot_options(object) {
        accessors(out, group, option);
    }
    emit!(out, "        }}\n");
    emit!(out, "        $crate::godot::short_calls::short_calls! {{\n            $name:");
    for (_, option) in godot_options(object) {
        let name = option.public_name();
        emit!(out, "            get_{name}, set_{name},");
    }
    emit!(out, "        }}\n    }};");
}

fn accessors(out: &mut String, group: &Group, option: &Declaration) {
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
    let owner = format!("$crate::godot::option_properties::OptionsOwner::<$crate::peer::options::{}>", group.rust);
    emit!(out, "    #[func]\n    fn get_{name}(&self) -> {kind} {{");
    emit!(out, "        {owner}::read_options(self, |options| {get})\n    }}\n");
    emit!(out, "    #[func]\n    fn set_{name}(&self, value: {kind}) {{");
    emit!(out, "        {owner}::change_options(self, |options| {set});\n    }}\n");
}
