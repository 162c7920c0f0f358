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

#[cfg(feature = "c-interface")]
fresh!(the_committed_header_is_fresh, "/wspeer.h", "include/wspeer.h");
fresh!(the_table_of_options_in_the_documentation_is_fresh, "/options.md", "docs/limits.md");
fresh!(the_option_cases_of_the_c_tests_are_fresh, "/option_cases.h", "tests/c/option_cases.h");
fresh!(the_option_cases_of_the_engine_tests_are_fresh, "/option_cases.gd", "godot_project/tests/option_cases.gd");

#[cfg(feature = "c-interface")]
const HEADER: &str = include_str!("../../include/wspeer.h");

#[cfg(feature = "c-interface")]
#[test]
fn lines_of_the_header_have_at_most_100_columns() {
    for (number, line) in HEADER.lines().enumerate() {
        assert!(line.chars().count() <= 100, "include/wspeer.h:{}: {line}", number + 1);
    }
}

#[cfg(feature = "c-interface")]
#[test]
fn every_function_with_an_error_result_names_its_errors() {
    let mut functions = 0;
    for part in HEADER.split("\n/**").skip(1) {
        let (comment, code) = part.split_once("*/").unwrap();
        if let Some(function) = code.trim().strip_prefix("wsp_error ") {
            let errors = comment.split_once("Errors:").map_or("", |(_, errors)| errors);
            assert!(errors.contains("WSP_ERR_"), "the comment of {function} names no error");
            functions += 1;
        }
    }
    assert!(functions > 50, "found only {functions} functions");
}

#[cfg(feature = "c-interface")]
#[test]
fn functions_of_the_header_have_at_most_five_parameters() {
    for part in HEADER.split("\n/**").skip(1) {
        let code = part.split_once("*/").unwrap().1;
        let is_function = ["typedef", "enum", "#"].iter().all(|start| !code.trim().starts_with(start));
        let parameters = code.split_once('(').map_or("", |(_, rest)| rest.split(')').next().unwrap());
        assert!(!is_function || parameters.split(',').count() <= 5, "{code}");
    }
}
