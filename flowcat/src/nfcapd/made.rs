//! nfcapd files put together by hand, for tests: what nfdump's headers say, not what the reader does.

/// A record: its kind, its size, and this.
pub(crate) fn record(kind: u16, content: &[u8]) -> Vec<u8> {
    let size = 4 + content.len() as u16;
    [&kind.to_le_bytes()[..], &size.to_le_bytes(), content].concat()
}

/// An element of a record of layout 2.
pub(crate) fn element(id: u16, content: &[u8]) -> Vec<u8> {
    record(id, content)
}

/// A flow record of layout 2.
pub(crate) fn flow(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut content = (elements.len() as u16).to_le_bytes().to_vec();
    // Engine, exporter, flags, version.
    content.extend_from_slice(&[0, 0, 1, 0, 0, 9]);
    record(11, &[content, elements.concat()].concat())
}

/// The fields that nearly every flow has, as element 1 of layout 2: of TCP from 40000 to 443, 5 packets, 700 bytes.
pub(crate) struct Generic {
    pub(crate) times: [u64; 3],
    pub(crate) counts: [u64; 2],
    pub(crate) ports: [u16; 2],
    pub(crate) protocol: u8,
    pub(crate) flags: u8,
    pub(crate) tos: u8,
}

/// 2024-01-01T00:00:00Z in milliseconds.
pub(crate) const NEW_YEAR: u64 = 1_704_067_200_000;

impl Default for Generic {
    fn default() -> Generic {
        Generic {
            times: [NEW_YEAR + 1, NEW_YEAR + 1501, NEW_YEAR + 2000],
            counts: [5, 700],
            ports: [40_000, 443],
            protocol: 6,
            flags: 0x1b,
            tos: 0,
        }
    }
}

impl Generic {
    /// The element.
    pub(crate) fn element(&self) -> Vec<u8> {
        let mut content = Vec::new();
        self.times.iter().chain(&self.counts).for_each(|value| content.extend(value.to_le_bytes()));
        self.ports.iter().for_each(|port| content.extend(port.to_le_bytes()));
        content.extend_from_slice(&[self.protocol, self.flags, 0, self.tos]);
        element(1, &content)
    }
}

/// The element of two IPv4 addresses: 10.0.0.1 and 192.0.2.7.
pub(crate) fn ipv4() -> Vec<u8> {
    element(2, &[1, 0, 0, 10, 7, 2, 0, 192])
}

/// Integers as a file has them.
pub(crate) fn words(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// The same of 64 bits.
pub(crate) fn long_words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// An extension map of layout 1, which says that its extensions have so many bytes.
pub(crate) fn map(number: u16, ids: &[u16], size: u16) -> Vec<u8> {
    let mut content: Vec<u8> = [number, size].iter().chain(ids).flat_map(|word| word.to_le_bytes()).collect();
    content.resize((content.len() + 2).next_multiple_of(4), 0);
    record(2, &content)
}

/// A flow record of layout 1: 10.0.0.1 to 192.0.2.7, TCP from 40000 to 443, 5 packets, 700 bytes; then extensions of
/// this map.
pub(crate) fn common(map: u16, extensions: &[u8]) -> Vec<u8> {
    let mut content = vec![0, 0];
    content.extend(map.to_le_bytes());
    content.extend_from_slice(&[1, 0, 245, 1]);
    content.extend(words(&[(NEW_YEAR / 1000) as u32, (NEW_YEAR / 1000) as u32 + 1]));
    content.extend_from_slice(&[0, 0x1b, 6, 0, 0x40, 0x9c, 0xbb, 1, 1, 0, 0, 0]);
    content.extend(words(&[0x0a00_0001, 0xc000_0207, 5, 700]));
    content.extend_from_slice(extensions);
    record(10, &content)
}

/// A block of these records, of type 2 or 3, not packed.
pub(crate) fn block(kind: u16, records: &[Vec<u8>]) -> Vec<u8> {
    block_of(kind, records.len() as u32, &records.concat())
}

/// A block that says that it has so many records.
pub(crate) fn block_of(kind: u16, records: u32, content: &[u8]) -> Vec<u8> {
    let mut block = words(&[records, content.len() as u32]);
    block.extend(kind.to_le_bytes());
    block.extend_from_slice(&[0, 0]);
    [&block, content].concat()
}

/// A file of layout 2 of these blocks, the last of which counts as that of its summary.
pub(crate) fn file(packing: u8, blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"\x0c\xa5\x02\x00\x01\x01\x07\x01".to_vec();
    file.extend(long_words(&[NEW_YEAR / 1000]));
    file.extend_from_slice(&[packing, 0, 1, 0, 1, 0, 0, 0]);
    file.extend(long_words(&[0]));
    file.extend(words(&[0, blocks.len() as u32 - 1]));
    file.extend(blocks.concat());
    file
}

/// The block behind the others, with the name of the file.
pub(crate) fn ident() -> Vec<u8> {
    block(3, &[record(0x8001, b"none\0\0")])
}

/// A file of layout 1.
pub(crate) fn old_file(flags: u8, blocks: &[Vec<u8>]) -> Vec<u8> {
    let mut file = vec![0x0c, 0xa5, 1, 0, flags, 0, 0, 0];
    file.extend(words(&[blocks.len() as u32]));
    file.extend_from_slice(b"none");
    file.resize(276, 0);
    file.extend(blocks.concat());
    file
}
