//! Generates the C header from `rust/capi/` and the CMake file that carries the version. The committed `include/wspeer.h` is
//! compared with the result by a test; both are installed by `make install` and `cargo cinstall`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed=rust/capi");
    println!("cargo::rerun-if-changed=tools/package/wspeer-config-version.cmake.in");
    #[cfg(feature = "capi")]
    {
        generate_header()?;
        generate_cmake_version()?;
    }
    Ok(())
}

#[cfg(feature = "capi")]
fn generate_header() -> Result<(), Box<dyn Error>> {
    use std::path::PathBuf;

    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    let mut sources = Vec::new();
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
    use std::path::PathBuf;

    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    let output = PathBuf::from(std::env::var("OUT_DIR")?);
    let template = std::fs::read_to_string(root.join("tools/package/wspeer-config-version.cmake.in"))?;
    let text = template.replace("@VERSION@", &std::env::var("CARGO_PKG_VERSION")?);
    std::fs::write(output.join("wspeer-config-version.cmake"), text)?;
    Ok(())
}
