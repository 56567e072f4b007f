//! LZO1X blocks: whatever they hold, nothing panics, what is unpacked does not depend on what was in the buffer or on how
//! much more room there is, and one byte less of room than it takes is refused.
#![no_main]

use flowcat::fuzz::lzo;
use libfuzzer_sys::fuzz_target;

/// As large as the largest input can become, but for runs of one byte.
const ROOM: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let mut out = vec![0; ROOM];
    let Some(length) = lzo(data, &mut out) else { return };
    assert!(length <= ROOM);
    let mut other = vec![0xff; length];
    assert_eq!(lzo(data, &mut other), Some(length));
    assert!(other == out[..length], "what was in the buffer shows");
    if let Some(less) = length.checked_sub(1) {
        assert_eq!(lzo(data, &mut other[..less]), None, "more is written than fits");
    }
});
