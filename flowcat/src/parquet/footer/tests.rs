//! Footers of other programs, held against what the `parquet` crate reads of them.
#![allow(clippy::unwrap_used)]

use super::*;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use std::fs::File;
use std::path::Path;

/// The samples, by the programs that wrote them.
const SAMPLES: [&str; 4] = ["pandas", "polars", "duckdb", "arrow"];

fn open(sample: &str) -> (Storage, ParquetMetaData) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/data/sample.{sample}.parquet"));
    let file = File::open(path).unwrap();
    let wanted = ParquetMetaDataReader::new().parse_and_finish(&file).unwrap();
    (Storage::file(file).unwrap(), wanted)
}

#[test]
fn columns_and_their_parts_are_where_the_crate_finds_them() {
    for sample in SAMPLES {
        let (storage, wanted) = open(sample);
        let footer = Footer::read(&storage).unwrap();
        let columns = wanted.file_metadata().schema_descr().columns();
        assert_eq!(footer.columns.len(), columns.len(), "{sample}");
        for (column, wanted) in footer.columns.iter().zip(columns) {
            assert_eq!(column.path, wanted.path().parts().join("."), "{sample}");
            assert_eq!(column.name(), wanted.name(), "{sample}");
            let levels = i16::try_from(column.levels).unwrap();
            let shape = (column.physical, levels, column.is_list);
            let wanted = (wanted.physical_type(), wanted.max_def_level(), wanted.max_rep_level() > 0);
            assert_eq!(shape, wanted, "{sample} {}", column.path);
        }
        assert_eq!(footer.groups.len(), wanted.num_row_groups(), "{sample}");
        for (number, wanted) in wanted.row_groups().iter().enumerate() {
            assert_eq!(footer.groups[number].rows, u64::try_from(wanted.num_rows()).unwrap(), "{sample}");
            for (column, wanted) in wanted.columns().iter().enumerate().filter(|(i, _)| !footer.columns[*i].is_list) {
                let (chunk, packing) = footer.chunk(number, column, &storage).unwrap();
                assert_eq!((chunk.start, chunk.length), wanted.byte_range(), "{sample}");
                assert_eq!(chunk.values, u64::try_from(wanted.num_values()).unwrap(), "{sample}");
                let name =
                    format!("{packing:?}").to_lowercase().replace("none", "uncompressed").replace("lz4raw", "lz4_raw");
                assert!(format!("{:?}", wanted.compression()).to_lowercase().starts_with(&name), "{sample} {name}");
            }
        }
    }
}

#[test]
fn a_part_that_is_not_in_the_file_is_told_when_it_is_used() {
    let (storage, _) = open("duckdb");
    let mut footer = Footer::read(&storage).unwrap();
    let part = footer.groups[0].chunks[0];
    let cases: [(Chunk, &str); 4] = [
        (Chunk { length: storage.length(), ..part }, "where the file has"),
        (Chunk { start: u64::MAX, ..part }, "where the file has"),
        (Chunk { values: part.values - 1, ..part }, "where its row group has"),
        (Chunk { packing: None, ..part }, "packed in a way that is not known"),
    ];
    for (chunk, says) in cases {
        footer.groups[0].chunks[0] = chunk;
        let told = footer.chunk(0, 0, &storage).unwrap_err();
        assert!(told.contains(says), "{told}");
    }
    assert!(footer.chunk(9, 0, &storage).is_err() && footer.chunk(0, 99, &storage).is_err());
}
