#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wspeer::fuzzing::round_trip(data));
