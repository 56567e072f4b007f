//! Parquet files as nobody should make them, byte by byte: a column, row groups, pages, and any number anywhere.

/// Thrift's compact protocol: fields in order, with numbers that are less than 15 apart.
#[derive(Default)]
pub(super) struct Thrift {
    pub(super) bytes: Vec<u8>,
    last: Vec<i64>,
}

impl Thrift {
    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn head(&mut self, field: i64, kind: u8) {
        let last = self.last.last_mut().unwrap();
        self.bytes.push(((field - *last) as u8) << 4 | kind);
        *last = field;
    }

    /// A whole number; `wide` of 64 bits.
    pub(super) fn integer(&mut self, field: i64, value: i64, wide: bool) {
        self.head(field, if wide { 6 } else { 5 });
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn text(&mut self, field: i64, text: &[u8]) {
        self.head(field, 8);
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text);
    }

    /// Says that a list of so many structures follows.
    pub(super) fn list(&mut self, field: i64, count: u64) {
        self.head(field, 9);
        self.bytes.push(0xfc);
        self.number(count);
    }

    pub(super) fn structure(&mut self, field: i64, write: impl FnOnce(&mut Thrift)) {
        self.head(field, 12);
        self.element(write);
    }

    /// A structure of a list, or the outermost.
    pub(super) fn element(&mut self, write: impl FnOnce(&mut Thrift)) {
        self.last.push(0);
        write(self);
        self.last.pop();
        self.bytes.push(0);
    }
}

/// What stands before a page, and the page.
#[derive(Clone)]
pub(super) struct Page {
    /// 0 data, 2 dictionary, 3 data of the second version.
    pub(super) kind: i64,
    pub(super) unpacked: i64,
    pub(super) packed: i64,
    pub(super) values: i64,
    pub(super) encoding: i64,
    pub(super) body: Vec<u8>,
}

impl Page {
    /// A page as it should be, of plain values.
    pub(super) fn plain(values: i64, body: Vec<u8>) -> Page {
        let length = body.len() as i64;
        Page { kind: 0, unpacked: length, packed: length, values, encoding: 0, body }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut thrift = Thrift::default();
        thrift.element(|t| {
            t.integer(1, self.kind, false);
            t.integer(2, self.unpacked, false);
            t.integer(3, self.packed, false);
            let numbers: &[i64] = match self.kind {
                0 => &[self.values, self.encoding, 3, 3],
                2 => &[self.values, self.encoding],
                _ => &[self.values, 0, self.values, self.encoding, 0, 0],
            };
            let field = [5, 6, 7, 8][self.kind as usize];
            t.structure(field, |t| (1..).zip(numbers).for_each(|(field, value)| t.integer(field, *value, false)));
        });
        out.extend_from_slice(&thrift.bytes);
        out.extend_from_slice(&self.body);
    }
}

/// A file with one column, which is there in every row.
#[derive(Clone)]
pub(super) struct File {
    pub(super) name: &'static str,
    /// 2 numbers of 64 bits, 6 texts, 7 of fixed length.
    pub(super) physical: i64,
    pub(super) length: i64,
    /// 0 not packed, 2 gzip, 6 zstd.
    pub(super) packing: i64,
    /// Rows of each row group, and its pages.
    pub(super) groups: Vec<(i64, Vec<Page>)>,
}

impl File {
    /// Texts of a column that makes flows, in one row group.
    pub(super) fn texts(rows: i64, pages: Vec<Page>) -> File {
        File { name: "src_ip", physical: 6, length: 0, packing: 0, groups: vec![(rows, pages)] }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = b"PAR1".to_vec();
        let mut places = Vec::new();
        for (_, pages) in &self.groups {
            let start = out.len();
            pages.iter().for_each(|page| page.write(&mut out));
            places.push((start as i64, (out.len() - start) as i64));
        }
        let mut footer = Thrift::default();
        footer.element(|t| {
            t.integer(1, 2, false);
            t.list(2, 2);
            t.element(|t| {
                t.text(4, b"schema");
                t.integer(5, 1, false);
            });
            t.element(|t| {
                t.integer(1, self.physical, false);
                t.integer(2, self.length, false);
                t.integer(3, 0, false);
                t.text(4, self.name.as_bytes());
            });
            t.integer(3, self.groups.iter().map(|(rows, _)| rows).sum(), true);
            t.list(4, self.groups.len() as u64);
            for ((rows, pages), (start, length)) in self.groups.iter().zip(places) {
                t.element(|t| {
                    t.list(1, 1);
                    t.element(|t| {
                        t.integer(2, start, true);
                        t.structure(3, |t| {
                            t.integer(1, self.physical, false);
                            t.integer(4, self.packing, false);
                            t.integer(5, *rows, true);
                            t.integer(6, length, true);
                            t.integer(7, length, true);
                            t.integer(9, start, true);
                            if pages.first().is_some_and(|page| page.kind == 2) {
                                t.integer(11, start, true);
                            }
                        });
                    });
                    t.integer(2, length, true);
                    t.integer(3, *rows, true);
                });
            }
        });
        finish(out, &footer.bytes)
    }
}

/// A file of these bytes and this footer.
pub(super) fn finish(mut out: Vec<u8>, footer: &[u8]) -> Vec<u8> {
    out.extend_from_slice(footer);
    out.extend_from_slice(&(footer.len() as u32).to_le_bytes());
    out.extend_from_slice(b"PAR1");
    out
}

/// Texts as plain values.
pub(super) fn plain(texts: &[&str]) -> Vec<u8> {
    texts.iter().flat_map(|t| [&(t.len() as u32).to_le_bytes()[..], t.as_bytes()].concat()).collect()
}
