//! Generates the C header from `rust/capi/`. The committed `include/wspeer.h` is compared with the result by a test.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=cbindgen.toml");
    println!("cargo::rerun-if-changed=rust/capi");
    #[cfg(feature = "capi")]
    generate_header()?;
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
