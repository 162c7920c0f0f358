//! Masking of payload data: `octet[i] ^= key[i % 4]` (RFC 6455 section 5.3).

/// Bytes that are copied and masked at a time. Small enough for the first-level cache.
const BLOCK: usize = 4096;

/// Width of the unrolled loop, which compilers turn into vector instructions.
const LANE: usize = 32;

/// Masks or unmasks `data` in place; `offset` is the position of `data` within the frame's payload.
pub fn apply(data: &mut [u8], key: [u8; 4], offset: usize) {
    let key = rotated(key, offset);
    let word = u32::from_ne_bytes(key);
    if word == 0 {
        return;
    }
    let mut lane = [0; LANE];
    for chunk in lane.as_chunks_mut::<4>().0 {
        *chunk = key;
    }
    let (lanes, rest) = data.as_chunks_mut::<LANE>();
    for block in lanes {
        for (byte, key) in block.iter_mut().zip(&lane) {
            *byte ^= key;
        }
    }
    for (byte, key) in rest.iter_mut().zip(&lane) {
        *byte ^= key;
    }
}

/// Appends `data` to `output`, masked; `offset` as for [`apply`].
pub fn append(output: &mut Vec<u8>, data: &[u8], key: [u8; 4], offset: usize) {
    output.reserve(data.len());
    let mut offset = offset;
    for block in data.chunks(BLOCK) {
        let start = output.len();
        output.extend_from_slice(block);
        if let Some(tail) = output.get_mut(start..) {
            apply(tail, key, offset);
        }
        offset += block.len();
    }
}

fn rotated(mut key: [u8; 4], offset: usize) -> [u8; 4] {
    key.rotate_left(offset % 4);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(data: &[u8], key: [u8; 4], offset: usize) -> Vec<u8> {
        data.iter().enumerate().map(|(i, byte)| byte ^ key[(i + offset) % 4]).collect()
    }

    #[test]
    fn masks_the_hello_of_rfc_6455_section_5_7() {
        let mut data = *b"Hello";
        apply(&mut data, [0x37, 0xfa, 0x21, 0x3d], 0);
        assert_eq!(data, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
    }

    #[test]
    fn agrees_with_the_bytewise_definition_at_every_length_and_offset() {
        let key = [0x12, 0x34, 0x56, 0x78];
        for len in 0..200 {
            let data: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
            for offset in 0..9 {
                let expected = reference(&data, key, offset);
                let mut in_place = data.clone();
                apply(&mut in_place, key, offset);
                assert_eq!(in_place, expected);
                let mut appended = vec![1, 2, 3];
                append(&mut appended, &data, key, offset);
                assert_eq!(&appended[3..], expected);
            }
        }
    }

    #[test]
    fn append_keeps_the_phase_across_blocks() {
        let data: Vec<u8> = (0..BLOCK * 2 + 77).map(|i| (i % 251) as u8).collect();
        let mut out = Vec::new();
        append(&mut out, &data, [9, 8, 7, 6], 3);
        assert_eq!(out, reference(&data, [9, 8, 7, 6], 3));
    }
}
