//! Decides how buffers grow that hold messages: geometrically, so that each byte is copied a few times at most, but not
//! beyond the limit that applies to their content. `Vec` alone doubles, and would hold twice the limit.

/// Bytes by which a buffer grows at least after its first allocation.
const LEAST_STEP: usize = 1024;

/// Makes room for `additional` bytes. Allocates no more than `most` bytes unless the content needs them.
pub fn reserve(buffer: &mut Vec<u8>, additional: usize, most: usize) {
    let (len, capacity) = (buffer.len(), buffer.capacity());
    let needed = len.saturating_add(additional);
    if needed <= capacity {
        return;
    }
    let larger = capacity.saturating_add((capacity / 2).max(LEAST_STEP)).min(most);
    let target = if capacity == 0 { needed } else { needed.max(larger) };
    buffer.reserve_exact(target - len);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_grows_geometrically_up_to_its_limit() {
        const MOST: usize = 1 << 20;
        let mut buffer = Vec::new();
        let mut allocations = 0;
        while buffer.len() < MOST {
            let before = buffer.capacity();
            let more = 1000.min(MOST - buffer.len());
            reserve(&mut buffer, more, MOST);
            buffer.resize(buffer.len() + more, 0);
            allocations += usize::from(buffer.capacity() != before);
        }
        assert_eq!(buffer.capacity(), MOST);
        assert!(allocations < 25, "{allocations} allocations");
        reserve(&mut buffer, 10, MOST);
        assert_eq!(buffer.capacity(), MOST + 10, "what is needed is allocated");
    }
}
