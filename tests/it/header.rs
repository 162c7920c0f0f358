//! The committed C header is the one that the sources give.

#[cfg(feature = "capi")]
#[test]
fn the_committed_header_is_fresh() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/wspeer.h"));
    let committed = include_str!("../../include/wspeer.h");
    assert!(generated == committed, "include/wspeer.h is not what rust/capi gives; run 'make header'");
}
