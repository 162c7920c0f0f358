//! Generates what follows from one declaration: Rust, C and Godot code of the options and errors, the C header from
//! `rust/capi/`, and the CMake file that carries the version. The committed `include/wspeer.h` is compared with the
//! result by a test; both are installed by `make install` and `cargo cinstall`.

mod c_options;
mod declaration;
#[path = "../rust/error/table.rs"]
mod error_table;
mod errors;
mod godot_options;
#[cfg(feature = "c-interface")]
mod header;
mod limits_table;
mod link;
mod option_cases;
mod rust_options;
#[path = "../rust/peer/options/table.rs"]
mod table;
mod writer;

use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    for input in ["build", "rust/peer/options/table.rs", "rust/error/table.rs", "cbindgen.toml", "rust/capi"] {
        println!("cargo::rerun-if-changed={input}");
    }
    println!("cargo::rerun-if-changed=tools/package/wspeer-config-version.cmake.in");
    link::stay_mapped();
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(output.join("options.rs"), rust_options::structs())?;
    std::fs::write(output.join("options.md"), limits_table::markdown())?;
    std::fs::write(output.join("godot_options.rs"), godot_options::macros())?;
    std::fs::write(output.join("capi_options.rs"), c_options::structs())?;
    std::fs::write(output.join("option_cases.rs"), option_cases::rust())?;
    std::fs::write(output.join("option_cases.h"), option_cases::c())?;
    std::fs::write(output.join("option_cases.gd"), option_cases::gdscript())?;
    std::fs::write(output.join("error_code.rs"), errors::rust())?;
    std::fs::write(output.join("capi_error.rs"), errors::c())?;
    #[cfg(feature = "c-interface")]
    {
        generate_header()?;
        generate_cmake_version()?;
    }
    Ok(())
}

#[cfg(feature = "c-interface")]
fn generate_header() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let folder = root.join("rust/capi");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    // mod.rs is left out: cbindgen would follow its `mod` lines and find everything twice.
    let sources = ["capi_error.rs", "capi_options.rs"].map(|source| output.join(source));
    let sources = sources.into_iter().chain(header::sources().map(|source| folder.join(source)));
    let builder = sources.fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut generated = Vec::new();
    builder.generate()?.write(&mut generated);
    let macros = format!("{}\n{}", version_macros()?, c_options::init_macros());
    let text = header::arrange(&String::from_utf8(generated)?, &macros, &folder)?;
    std::fs::write(output.join("wspeer.h"), text)?;
    Ok(())
}

#[cfg(feature = "c-interface")]
fn version_macros() -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "/** Version of this header, as wsp_version() returns that of the library. */\n#define WSP_VERSION \"{}\"\n",
        std::env::var("CARGO_PKG_VERSION")?
    );
    for (part, about) in [("MAJOR", "First"), ("MINOR", "Second"), ("PATCH", "Third")] {
        let number = std::env::var(format!("CARGO_PKG_VERSION_{part}"))?;
        text += &format!("\n/** {about} number of WSP_VERSION. */\n#define WSP_VERSION_{part} {number}\n");
    }
    Ok(text)
}

#[cfg(feature = "c-interface")]
fn generate_cmake_version() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let template = std::fs::read_to_string(root.join("tools/package/wspeer-config-version.cmake.in"))?;
    let text = template.replace("@VERSION@", &std::env::var("CARGO_PKG_VERSION")?);
    std::fs::write(output.join("wspeer-config-version.cmake"), text)?;
    Ok(())
}
