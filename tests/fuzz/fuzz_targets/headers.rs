//! Packets of each link type, whole and cut short: nothing panics, a payload lies within what was captured and is no longer
//! than on the wire, lengths shrink from layer to layer, and what is found in a packet that was cut is what is found in the
//! whole.
#![no_main]

use flowcat::fuzz::headers;
use libfuzzer_sys::fuzz_target;

/// Those that are known, and one that is not.
const LINKS: [u16; 16] = [1, 0, 9, 12, 14, 50, 51, 101, 104, 108, 113, 228, 229, 239, 276, 147];

/// Frames of Ethernet: what is above IP cannot be longer than it.
const ETHERNET: u16 = 1;

fuzz_target!(|data: &[u8]| {
    let [link, cut, bytes @ ..] = data else { return };
    let link = LINKS[usize::from(*link) % LINKS.len()];
    let length = bytes.len() as u32;
    let captured = &bytes[..bytes.len().min(usize::from(*cut))];
    for inner in [false, true] {
        let whole = headers(link, bytes, length, inner);
        let part = headers(link, captured, length, inner);
        for (found, bytes) in [(&whole, bytes), (&part, captured)] {
            if let Ok(known) = found {
                let [l2, l3, l4, payload] = known.lengths;
                assert!(l3 >= l4 && l4 >= payload && (l2 == length || link != ETHERNET), "{known:?}");
                let (at, size) = known.payload;
                assert!(size == 0 || at + size <= bytes.len() && size <= payload as usize, "{known:?}");
            }
        }
        // Of what tunnels carry less may be seen.
        if let (Ok(whole), Ok(part), false) = (&whole, &part, inner) {
            assert!(whole.lengths[..3] == part.lengths[..3] && whole.key.0 == part.key.0 && whole.key.2 == part.key.2);
        }
        if let (Err(why), Ok(part)) = (&whole, &part) {
            // Cut, it may pass for more than it is, because what is missing is taken to have been there.
            assert!(*why == "broken header" || *why == "too many headers" || inner, "{why} {part:?}");
        }
    }
});
