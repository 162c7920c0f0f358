//! Writes the test cases of the options in Rust, C and GDScript: the default of each option of each object, and values
//! outside its bounds with the one message that every entry point gives.

use crate::declaration::{YEAR, options_by_object};
use crate::table::{Declaration, Group, Kind, Object};
use crate::writer::{emit, write_to};

/// A value that an option refuses, and the message of the error.
struct Refused {
    value: String,
    message: String,
}

impl Refused {
    fn is_negative(&self) -> bool {
        self.value.starts_with('-')
    }
}

/// Returns values outside the bounds that an option has on an object. The messages are written here a second time, as
/// the expectation of a test.
fn refused(option: &Declaration, object: Object) -> Vec<Refused> {
    let is_positive = option.positive.contains(&object);
    let (bounds, values) = match option.kind {
        Kind::Bytes { .. } | Kind::Count { .. } if option.negative_is_zero => return Vec::new(),
        Kind::Bytes { .. } | Kind::Count { .. } => ("at least 0".to_owned(), vec![-5.0]),
        Kind::Level { min, max, .. } => {
            (format!("from {min} to {max}"), vec![f64::from(min) - 1.0, f64::from(max) + 1.0])
        }
        Kind::Seconds { .. } if is_positive => {
            (format!("more than 0 and at most {YEAR} seconds"), vec![-1.0, YEAR + 1.0, 0.0])
        }
        Kind::Seconds { .. } => (format!("from 0 to {YEAR} seconds"), vec![-1.0, YEAR + 1.0]),
        Kind::Number { min, max, .. } => (format!("from {min} to {max}"), vec![min - 0.5, max + 0.5]),
        Kind::Flag { .. } | Kind::Text { .. } | Kind::Texts { .. } => return Vec::new(),
    };
    let name = option.public_name();
    let case =
        |value: f64| Refused { value: value.to_string(), message: format!("{name} must be {bounds}, not {value}") };
    values.into_iter().map(case).collect()
}

/// An array of `Case` with functions that read and set the option by its number.
pub fn rust() -> String {
    let mut out = String::from("&[\n");
    for (object, group, option) in options_by_object().filter(|(.., option)| option.bounds().is_some()) {
        rust_case(&mut out, object, group, option);
    }
    out += "]\n";
    out
}

fn rust_case(out: &mut String, object: Object, group: &Group, option: &Declaration) {
    let (field, options) = (option.name, group.rust);
    let read = match option.kind {
        Kind::Seconds { .. } => format!("options.{field}().as_secs_f64()"),
        Kind::Number { .. } => format!("options.{field}()"),
        Kind::Level { .. } => format!("f64::from(options.{field}())"),
        _ => format!("options.{field}() as f64"),
    };
    let set = match option.kind {
        Kind::Seconds { .. } => format!("options.set_{field}_from_seconds(value)"),
        Kind::Number { .. } => format!("options.set_{field}(value)"),
        _ => format!("options.set_{field}_from_integer(value as i64)"),
    };
    let new = if group.variants.contains(&object) { format!("for_{}", object.snake()) } else { "default".to_owned() };
    emit!(out, "    Case {{");
    emit!(out, "        name: \"{} of a {}\",", option.public_name(), object.snake());
    emit!(out, "        default: {:?},", option.default_for(Some(object)));
    let takes_fractions = matches!(option.kind, Kind::Seconds { .. } | Kind::Number { .. });
    emit!(out, "        takes_fractions: {takes_fractions},");
    emit!(out, "        read_default: || {{ let options = {options}::{new}(); {read} }},");
    emit!(out, "        after_setting: |value| {{");
    emit!(out, "            let mut options = {options}::{new}();");
    emit!(out, "            let result = {set};\n            (result, {read})\n        }},");
    emit!(out, "        refused: &[");
    for case in refused(option, object) {
        emit!(out, "            ({}_f64, {:?}),", case.value, case.message);
    }
    emit!(out, "        ],\n    }},");
}

/// Two macros that call another macro for each case.
pub fn c() -> String {
    let mut out = String::from(
        "/* Written by the build script from rust/peer/options/table.rs ('make header'); do not edit. */\n\n\
         /* DEFAULT(object, struct, field, value): the default of an option of an object. */\n\
         #define FOR_EACH_DEFAULT(DEFAULT)",
    );
    for (object, name, option) in c_options_by_object() {
        let (object, default) = (object.snake(), option.default_for(Some(object)));
        write_to(&mut out, format_args!(" \\\n    DEFAULT({object}, {name}, {}, {default})", option.name));
    }
    out += "\n\n/* REFUSED(object, struct, field, value, message): a value that an option of an object refuses. */\n\
            #define FOR_EACH_REFUSED_VALUE(REFUSED)";
    for (object, name, option) in c_options_by_object() {
        for case in refused(option, object).iter().filter(|case| c_field_holds(option, case)) {
            let (object, field) = (object.snake(), option.name);
            let (value, message) = (&case.value, &case.message);
            write_to(&mut out, format_args!(" \\\n    REFUSED({object}, {name}, {field}, {value}, {message:?})"));
        }
    }
    out += "\n";
    out
}

/// Each option of a C struct with each object that has it, and the name of the struct.
fn c_options_by_object() -> impl Iterator<Item = (Object, &'static str, &'static Declaration)> {
    options_by_object()
        .filter(|(.., option)| option.c_type.is_some())
        .filter_map(|(object, group, option)| Some((object, group.c?, option)))
        // In C a room has functions for these instead of a struct.
        .filter(|(object, name, _)| (*object, *name) != (Object::Room, "wsp_server_options"))
}

/// Returns whether the type of the field in C can express a value.
fn c_field_holds(option: &Declaration, case: &Refused) -> bool {
    match option.kind {
        Kind::Seconds { .. } | Kind::Number { .. } => true,
        Kind::Level { max: u32::MAX, .. } => false,
        _ => !case.is_negative(),
    }
}

/// An array of `[class, property, default, [[refused, message]]]`.
pub fn gdscript() -> String {
    let mut out = String::from(
        "extends RefCounted\n\
         ## Written by the build script from rust/peer/options/table.rs ([code]make header[/code]); do not edit.\n\n\
         ## Class, property, default, and refused values with the message of each.\n\
         const CASES: Array = [\n",
    );
    for (object, _, option) in options_by_object().filter(|(.., option)| option.is_in_godot()) {
        let default = match option.kind {
            Kind::Flag { default } => default.to_string(),
            Kind::Seconds { .. } | Kind::Number { .. } => format!("{:?}", option.default_for(Some(object))),
            Kind::Text { default, .. } => format!("{default:?}"),
            Kind::Texts { .. } => "[]".to_owned(),
            Kind::Bytes { .. } | Kind::Count { .. } | Kind::Level { .. } => {
                option.default_for(Some(object)).to_string()
            }
        };
        let refused = refused(option, object);
        let refused: Vec<String> = refused.iter().map(|case| format!("[{}, {:?}]", case.value, case.message)).collect();
        let (class, property) = (object.godot_class(), option.public_name());
        emit!(&mut out, "\t[\"{class}\", \"{property}\", {default}, [{}]],", refused.join(", "));
    }
    out += "]\n";
    out
}
