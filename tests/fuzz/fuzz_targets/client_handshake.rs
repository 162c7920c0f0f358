#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wspeer::fuzzing::client_handshake(data));
