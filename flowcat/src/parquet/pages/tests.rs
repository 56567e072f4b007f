//! Pages of other programs, held against what the `parquet` crate reads of them, and the bound of all columns together.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::parquet::footer::Footer;
use parquet::column::page::Page;
use parquet::file::reader::{FileReader, SerializedFileReader};
use std::fs::File;
use std::path::{Path, PathBuf};

fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/data/sample.{name}.parquet"))
}

fn pages(name: &str, group: usize, column: usize, held: &Held) -> Pages {
    let storage = Arc::new(Storage::file(File::open(sample(name)).unwrap()).unwrap());
    let footer = Footer::read(&storage).unwrap();
    let (chunk, packing) = footer.chunk(group, column, &storage).unwrap();
    Pages::new(storage, &footer.columns[column], &chunk, packing, held.clone())
}

#[test]
fn pages_are_what_the_crate_reads() {
    // Packed with zstd or not, which is what the crate is built with.
    for name in ["polars", "duckdb"] {
        let crates = SerializedFileReader::new(File::open(sample(name)).unwrap()).unwrap();
        for group in 0..crates.num_row_groups() {
            let wanted = crates.get_row_group(group).unwrap();
            let flat = |i: &usize| wanted.metadata().schema_descr().column(*i).max_rep_level() == 0;
            for column in (0..wanted.num_columns()).filter(flat) {
                let ours: Vec<Page> = pages(name, group, column, &Held::default()).map(Result::unwrap).collect();
                let wanted: Vec<Page> = wanted.get_column_page_reader(column).unwrap().map(Result::unwrap).collect();
                assert_eq!(ours.len(), wanted.len(), "{name} {column}");
                for (page, wanted) in ours.iter().zip(&wanted) {
                    assert!(page.buffer() == wanted.buffer(), "{name} {column}");
                    assert_eq!(page.page_type(), wanted.page_type(), "{name} {column}");
                    assert_eq!(page.num_values(), wanted.num_values(), "{name} {column}");
                    assert_eq!(page.encoding(), wanted.encoding(), "{name} {column}");
                }
            }
        }
    }
}

#[test]
fn all_columns_together_have_a_bound() {
    let held = Held::default();
    let (mut one, mut two) = (pages("polars", 0, 0, &held), pages("polars", 0, 1, &held));
    one.hold(MOST_PAGES - 10, true).unwrap();
    two.hold(10, false).unwrap();
    let told = one.hold(1, false).unwrap_err().to_string();
    assert!(told.ends_with("pages of 1024 MiB side by side; at most 1024 MiB"), "{told}");
    // A page takes the place of the one before it.
    let (mut one, mut two) = (pages("polars", 0, 0, &held), pages("polars", 0, 1, &held));
    let held = Held::default();
    (one.held, two.held) = (held.clone(), held);
    one.hold(MOST_PAGES, false).unwrap();
    one.hold(MOST_PAGES - 1, false).unwrap();
    two.hold(1, false).unwrap();
}
