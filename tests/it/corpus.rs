//! Replays the inputs that the fuzzers collected, and those that once revealed a defect.

use std::path::Path;

use wspeer::fuzzing::TARGETS;

#[test]
fn collected_fuzz_inputs_break_no_rule() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    for (name, body) in TARGETS {
        let inputs: Vec<_> = std::fs::read_dir(corpus.join(name)).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(inputs.len() >= 5, "{name} has only {} inputs", inputs.len());
        for input in inputs {
            body(&std::fs::read(input).unwrap());
        }
    }
}
