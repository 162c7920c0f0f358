//! Generates the C header from `rust/capi/` and the CMake file that carries the version. The committed `include/wspeer.h` is
//! compared with the result by a test; both are installed by `make install` and `cargo cinstall`.

use std::error::Error;

#[cfg(feature = "capi")]
#[path = "build/header.rs"]
mod header;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
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
    let folder = root.join("rust/capi");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    // mod.rs is left out: cbindgen would follow its `mod` lines and find everything twice.
    let builder = header::sources()
        .map(|source| folder.join(source))
        .fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut generated = Vec::new();
    builder.generate()?.write(&mut generated);
    let text = header::arrange(&String::from_utf8(generated)?, &version_macros()?, &folder)?;
    std::fs::write(output.join("wspeer.h"), text)?;
    Ok(())
}

#[cfg(feature = "capi")]
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
