//! Writes the C structs of the options, as Rust source that cbindgen reads too, and their INIT macros.

use crate::table::{CType, Declaration, GROUPS, Group, Kind};
use crate::writer::{doc, emit};

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

/// Returns the options with a C field, each with the number of bytes that its alignment leaves unused before it, and
/// the offset of those bytes.
fn c_layout(group: &Group) -> impl Iterator<Item = (&Declaration, CType, usize, usize)> {
    c_options(group).scan(0, |end: &mut usize, (option, kind)| {
        let gap_start = *end;
        let start = end.next_multiple_of(kind.bytes());
        *end = start + kind.bytes();
        Some((option, kind, start - gap_start, gap_start))
    })
}

/// Returns the number of bytes between the last field and the next multiple of 8, which are kept for later fields.
fn reserved(group: &Group) -> usize {
    let end = c_options(group).fold(0, |end: usize, (_, kind)| end.next_multiple_of(kind.bytes()) + kind.bytes());
    end.next_multiple_of(8) - end
}

/// Returns a text for C: without backticks, with C's names of errors and truth values.
fn c_text(text: &str) -> String {
    text.replace("`ERR_", "`WSP_ERR_").replace("`false`", "0").replace("`true`", "1").replace('`', "")
}

/// The structs, their versions, and the conversions from and to the Rust structs.
pub fn structs() -> String {
    let mut out = String::new();
    for group in GROUPS {
        let Some(name) = group.c else { continue };
        struct_declaration(&mut out, group, name);
        conversion(&mut out, group, name);
        apply_method(&mut out, group, name);
    }
    out
}

fn struct_declaration(out: &mut String, group: &Group, name: &str) {
    doc(out, "", &c_text(group.c_doc));
    emit!(out, "#[derive(Clone, Copy, Debug)]\n#[repr(C)]\npub struct {name} {{");
    emit!(out, "    /// sizeof({name}) of the caller.\n    pub struct_size: usize,");
    for (option, kind, gap, gap_start) in c_layout(group) {
        if gap > 0 {
            // Named, so that programs can compare structs byte by byte.
            emit!(out, "    /// 0. Not used.\n    pub unused{gap_start}: [u8; {gap}],");
        }
        doc(out, "    ", &c_text(&option.full_doc(None)));
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

fn conversion(out: &mut String, group: &Group, name: &str) {
    let rust = group.rust;
    emit!(out, "impl From<&{rust}> for {name} {{\n    fn from(options: &{rust}) -> Self {{\n        Self {{");
    emit!(out, "            struct_size: size_of::<Self>(),");
    for (option, kind, gap, gap_start) in c_layout(group) {
        if gap > 0 {
            emit!(out, "            unused{gap_start}: [0; {gap}],");
        }
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
}

fn apply_method(out: &mut String, group: &Group, name: &str) {
    let rust = group.rust;
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
#[cfg(feature = "c-interface")]
pub fn init_macros() -> String {
    let mut out = String::new();
    for group in GROUPS {
        let Some(name) = group.c else { continue };
        let macro_name = name.to_uppercase() + "_INIT";
        let mut values: Vec<String> = c_layout(group)
            .flat_map(|(option, kind, gap, _)| {
                let value = match kind {
                    CType::Double => format!("{:?}", option.default_for(None)),
                    _ => format!("{}", option.default_for(None)),
                };
                (gap > 0).then(|| "{0}".to_owned()).into_iter().chain([value])
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
