//! The committed files that the build script writes are up to date; `make header` writes them.

macro_rules! fresh {
    ($name:ident, $generated:literal, $committed:literal) => {
        #[test]
        fn $name() {
            let generated = include_str!(concat!(env!("OUT_DIR"), $generated));
            let committed = include_str!(concat!("../../", $committed));
            assert!(committed.contains(generated), "{} is stale; run 'make header'", $committed);
        }
    };
}

#[cfg(feature = "capi")]
fresh!(the_committed_header_is_fresh, "/wspeer.h", "include/wspeer.h");
fresh!(the_table_of_options_in_the_documentation_is_fresh, "/options.md", "docs/limits.md");
fresh!(the_option_cases_of_the_c_tests_are_fresh, "/option_cases.h", "tests/c/option_cases.h");
fresh!(the_option_cases_of_the_engine_tests_are_fresh, "/option_cases.gd", "godot_project/tests/option_cases.gd");
