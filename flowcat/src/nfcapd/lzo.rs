//! LZO1X blocks. The crate is young and pinned, so that nothing but this file names it; nfdump writes `lzo1x_1`.

/// Unpacks a block into `out`; answers how many bytes it has, or `None` where it is corrupt or does not fit.
pub(crate) fn unpack(packed: &[u8], out: &mut [u8]) -> Option<usize> {
    lzo::decompress_into(packed, out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hello, lzo world!` as a run of literals and the end mark.
    const BLOCK: [u8; 21] = *b"\x22hello, lzo world!\x11\0\0";

    #[test]
    fn a_block_is_unpacked_or_refused_and_never_more_than_fits() {
        let mut out = [0; 32];
        assert_eq!(unpack(&BLOCK, &mut out), Some(17));
        assert_eq!(&out[..17], b"hello, lzo world!");
        assert_eq!(unpack(&BLOCK, &mut out[..17]), Some(17));
        assert_eq!(unpack(&BLOCK, &mut out[..16]), None);
        for end in 0..BLOCK.len() {
            assert_eq!(unpack(&BLOCK[..end], &mut out), None, "{end}");
        }
        assert_eq!(unpack(&[&BLOCK[..], b"x"].concat(), &mut out), None);
    }
}
