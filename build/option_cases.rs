//! Writes the test cases of the options in Rust, C and GDScript: the default of each option of each object, and values outside
//! its bounds with the one message that every entry point gives.

use std::fmt::Write as _;

use crate::options::YEAR;
use crate::table::{Declaration, GROUPS, Group, Kind, Object};

/// A value that an option refuses, and why.
struct Refused {
    value: String,
    message: String,
    /// Whether an unsigned C field can hold the value.
    fits_unsigned: bool,
}

fn refused(option: &Declaration, object: Object) -> Vec<Refused> {
    let name = option.public_name();
    let case = |value: String, bounds: String| Refused {
        message: format!("{name} must be {bounds}, not {value}"),
        fits_unsigned: !value.starts_with('-'),
        value,
    };
    match option.kind {
        Kind::Bytes { .. } | Kind::Count { .. } if option.negative_is_zero => Vec::new(),
        Kind::Bytes { .. } | Kind::Count { .. } => vec![case("-5".to_owned(), "at least 0".to_owned())],
        Kind::Level { min, max, .. } => {
            let bounds = format!("from {min} to {max}");
            let below = i64::from(min) - 1;
            let above = i64::from(max) + 1;
            vec![case(below.to_string(), bounds.clone()), case(above.to_string(), bounds)]
        }
        Kind::Seconds { .. } => {
            let is_positive = option.positive.contains(&object);
            let from = if is_positive { "more than 0 and at most" } else { "from 0 to" };
            let bounds = format!("{from} {YEAR} seconds");
            let mut cases = vec![case("-1".to_owned(), bounds.clone()), case((YEAR + 1.0).to_string(), bounds.clone())];
            if is_positive {
                cases.push(case("0".to_owned(), bounds));
            }
            cases
        }
        Kind::Number { min, max, .. } => {
            let bounds = format!("from {min} to {max}");
            vec![case((min - 0.5).to_string(), bounds.clone()), case((max + 0.5).to_string(), bounds)]
        }
        Kind::Flag { .. } | Kind::Text { .. } | Kind::Texts { .. } => Vec::new(),
    }
}

/// Each option with each object that has it.
fn cases() -> impl Iterator<Item = (Object, &'static Group, &'static Declaration)> {
    GROUPS.iter().flat_map(|group| {
        group.options.iter().flat_map(move |option| option.objects.iter().map(move |object| (*object, group, option)))
    })
}

fn is_number(option: &Declaration) -> bool {
    option.bounds().is_some()
}

/// Rust: `(object, option, default, set from a number, [(refused, message)])`.
pub fn rust() -> Result<String, std::fmt::Error> {
    let mut out = String::from("&[\n");
    for (object, group, option) in cases().filter(|(.., option)| is_number(option)) {
        let (field, options) = (option.name, group.rust);
        let get = match option.kind {
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
        let make =
            if group.variants.contains(&object) { format!("for_{}", object.snake()) } else { "default".to_owned() };
        writeln!(out, "    Case {{")?;
        writeln!(out, "        name: \"{} of a {}\",", option.public_name(), object.snake())?;
        writeln!(out, "        default: {:?},", option.default_for(Some(object)))?;
        let takes_fractions = matches!(option.kind, Kind::Seconds { .. } | Kind::Number { .. });
        writeln!(out, "        takes_fractions: {takes_fractions},")?;
        writeln!(out, "        read_default: || {{ let options = {options}::{make}(); {get} }},")?;
        writeln!(out, "        after_setting: |value| {{")?;
        writeln!(out, "            let mut options = {options}::{make}();")?;
        writeln!(out, "            let result = {set};\n            (result, {get})\n        }},")?;
        writeln!(out, "        refused: &[")?;
        for case in refused(option, object) {
            writeln!(out, "            ({}_f64, {:?}),", case.value, case.message)?;
        }
        writeln!(out, "        ],\n    }},")?;
    }
    out += "]\n";
    Ok(out)
}

/// C: two macros that call another one for each case.
pub fn c() -> Result<String, std::fmt::Error> {
    let mut out = String::from(
        "/* Written by the build script from rust/peer/options/table.rs ('make header'); do not edit. */\n\n\
         /* DEFAULT(object, struct, field, value): the default of an option of an object. */\n\
         #define FOR_EACH_DEFAULT(DEFAULT)",
    );
    let with_field = || {
        cases()
            .filter_map(|(object, group, option)| Some((object, group.c?, option)).filter(|_| option.c_type.is_some()))
            // In C a room has functions for these instead of a struct.
            .filter(|(object, name, _)| (*object, *name) != (Object::Room, "wsp_server_options"))
    };
    for (object, name, option) in with_field() {
        let default = option.default_for(Some(object));
        write!(out, " \\\n    DEFAULT({}, {name}, {}, {default})", object.snake(), option.name)?;
    }
    out += "\n\n/* REFUSED(object, struct, field, value, message): a value that an option of an object refuses. */\n";
    out += "#define FOR_EACH_REFUSED_VALUE(REFUSED)";
    for (object, name, option) in with_field() {
        let takes_negative = matches!(option.kind, Kind::Seconds { .. } | Kind::Number { .. });
        for case in refused(option, object).iter().filter(|case| takes_negative || case.fits_unsigned) {
            // The field holds no number above its type's largest.
            if matches!(option.kind, Kind::Level { max: u32::MAX, .. }) {
                continue;
            }
            let (object, field) = (object.snake(), option.name);
            write!(out, " \\\n    REFUSED({object}, {name}, {field}, {}, {:?})", case.value, case.message)?;
        }
    }
    out += "\n";
    Ok(out)
}

/// GDScript: `[class, property, default, [[refused, message]]]`.
pub fn gdscript() -> Result<String, std::fmt::Error> {
    let mut out = String::from(
        "extends RefCounted\n\
         ## Written by the build script from rust/peer/options/table.rs ([code]make header[/code]); do not edit.\n\n\
         ## Class, property, default, and refused values with the message of each.\n\
         const CASES: Array = [\n",
    );
    for (object, _, option) in cases().filter(|(.., option)| option.name != "stream_messages") {
        let default = match option.kind {
            Kind::Flag { default } => default.to_string(),
            Kind::Seconds { .. } | Kind::Number { .. } => format!("{:?}", option.default_for(Some(object))),
            Kind::Text { default, .. } => format!("{default:?}"),
            Kind::Texts { .. } => "[]".to_owned(),
            _ => option.default_for(Some(object)).to_string(),
        };
        write!(out, "\t[\"{}\", \"{}\", {default}, [", object.godot_class(), option.public_name())?;
        let values: Vec<String> =
            refused(option, object).iter().map(|case| format!("[{}, {:?}]", case.value, case.message)).collect();
        writeln!(out, "{}]],", values.join(", "))?;
    }
    out += "]\n";
    Ok(out)
}
