//! Writes the editor's help of the Godot classes into a folder, one XML file per class.
//!
//! Usage: `godot_help FOLDER`. gdext makes this text from the doc comments in `rust/godot/` and
//! passes it to the editor only, so the engine's own dump of an extension lacks the descriptions.
//! `tools/run docs` has the engine merge both.

// The classes register themselves when the library is linked.
use wspeer as _;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args_os().nth(1).map(std::path::PathBuf::from) else {
        return Err(std::io::Error::other("usage: godot_help FOLDER"));
    };
    std::fs::create_dir_all(&folder)?;
    for page in godot::docs::__gather_xml_docs() {
        let name = page.split("<class name=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
        std::fs::write(folder.join(name).with_extension("xml"), page)?;
    }
    Ok(())
}
