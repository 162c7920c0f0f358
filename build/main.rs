//! Generates what follows from one declaration: Rust, C and Godot code of the options and errors, the C header from
//! `rust/capi/`, and the CMake file that carries the version. The committed `include/wspeer.h` is compared with the
//! result by a test; both are installed by `make install` and `cargo cinstall`.

mod c_options;
mod declaration;
#[path = "../rust/error/table.rs"]
mod error_table;
mod errors;
mod godot_options;
mod limits_table;
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
    #[cfg(feature = "capi")]
    {
        generate_header()?;
        generate_cmake_version()?;
    }
    Ok(())
}

#[cfg(feature = "capi")]
fn generate_header() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let after_includes = config.after_includes.unwrap_or_default();
    config.after_includes = Some(format!("{after_includes}\n{}", c_options::init_macros()));
    let mut sources = vec![output.join("capi_error.rs"), output.join("capi_options.rs")];
    for entry in std::fs::read_dir(root.join("rust/capi"))? {
        let source = entry?.path();
        // cbindgen would follow the `mod` lines of mod.rs and find everything twice.
        if !source.ends_with("mod.rs") {
            sources.push(source);
        }
    }
    sources.sort();
    let builder = sources.into_iter().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    builder.generate()?.write_to_file(output.join("wspeer.h"));
    Ok(())
}

#[cfg(feature = "capi")]
fn generate_cmake_version() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let template = std::fs::read_to_string(root.join("tools/package/wspeer-config-version.cmake.in"))?;
    let text = template.replace("@VERSION@", &std::env::var("CARGO_PKG_VERSION")?);
    std::fs::write(output.join("wspeer-config-version.cmake"), text)?;
    Ok(())
}
