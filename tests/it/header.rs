//! The committed C header is the one that the sources generate, and it keeps the form that its users rely on.

#[cfg(feature = "capi")]
const COMMITTED: &str = include_str!("../../include/wspeer.h");

#[cfg(feature = "capi")]
#[test]
fn the_committed_header_is_fresh() {
    let generated = include_str!(concat!(env!("OUT_DIR"), "/wspeer.h"));
    assert!(generated == COMMITTED, "include/wspeer.h differs from the generated header; run 'make header'");
}

#[cfg(feature = "capi")]
#[test]
fn lines_of_the_header_have_at_most_100_columns() {
    for (number, line) in COMMITTED.lines().enumerate() {
        assert!(line.chars().count() <= 100, "include/wspeer.h:{}: {line}", number + 1);
    }
}

#[cfg(feature = "capi")]
#[test]
fn every_function_with_an_error_result_names_its_errors() {
    let mut functions = 0;
    for part in COMMITTED.split("\n/**").skip(1) {
        let (comment, code) = part.split_once("*/").unwrap();
        if let Some(function) = code.trim().strip_prefix("wsp_error ") {
            let errors = comment.split_once("Errors:").map_or("", |(_, errors)| errors);
            assert!(errors.contains("WSP_ERR_"), "the comment of {function} names no error");
            functions += 1;
        }
    }
    assert!(functions > 50, "found only {functions} functions");
}

#[cfg(feature = "capi")]
#[test]
fn functions_of_the_header_have_at_most_five_parameters() {
    for part in COMMITTED.split("\n/**").skip(1) {
        let code = part.split_once("*/").unwrap().1;
        let is_function = ["typedef", "enum", "#"].iter().all(|start| !code.trim().starts_with(start));
        let parameters = code.split_once('(').map_or("", |(_, rest)| rest.split(')').next().unwrap());
        assert!(!is_function || parameters.split(',').count() <= 5, "{code}");
    }
}
