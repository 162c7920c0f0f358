#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wspeer::fuzzing::event_order(data));
