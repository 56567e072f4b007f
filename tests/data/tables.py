"""Writes a CSV of nfdump as Parquet with pandas, polars, DuckDB and Arrow: names, widths of numbers, times and packings differ."""
import io
import pathlib


def tables(csv: bytes, out: pathlib.Path, name: str):
    import duckdb
    import pandas
    import polars
    import pyarrow
    import pyarrow.parquet

    rows = csv.split(b"Summary")[0]
    flows = pandas.read_csv(io.BytesIO(rows), skipinitialspace=True)
    flows = flows[["ts", "te", "td", "sa", "da", "sp", "dp", "pr", "flg", "ipkt", "ibyt", "ra"]]
    for column in ("ts", "te"):
        flows[column] = pandas.to_datetime(flows[column])
    # Times of a clock without a zone, snappy.
    flows.to_parquet(out / f"{name}.pandas.parquet", index=False)
    # Names that people give, unsigned numbers, times in UTC, zstd.
    words = {"ts": "timestamp", "te": "end", "td": "duration", "sa": "src_ip", "da": "dst_ip", "sp": "src_port", "dp": "dst_port",
             "pr": "proto", "flg": "flags", "ipkt": "packets", "ibyt": "bytes", "ra": "router"}
    frame = polars.from_pandas(flows).rename(words)
    frame = frame.with_columns(polars.col("timestamp", "end").dt.cast_time_unit("us").dt.replace_time_zone("UTC"),
                               polars.col("packets", "bytes").cast(polars.UInt64),
                               polars.col("proto", "flags").cast(polars.Categorical))
    frame.write_parquet(out / f"{name}.polars.parquet", compression="zstd")
    # A structure, decimals, narrow numbers, several row groups, no packing.
    duckdb.sql("set timezone = 'UTC'")
    duckdb.sql(f"""copy (select timestamp, duration::decimal(12, 3) duration, src_ip, dst_ip,
                   {{'port': src_port::double::varchar}} source, dst_port, proto protocol, packets::uinteger packets, bytes, [src_ip, dst_ip] ends
                   from frame) to '{out}/{name}.duckdb.parquet' (format parquet, compression uncompressed, row_group_size 2048)""")
    # Times of twelve bytes, decimals in bytes, floats of two bytes, lengths as differences, another packing for each, checksums.
    table = frame.select("timestamp", "duration", "src_ip", "dst_ip", "src_port", "dst_port", "proto", "packets", "bytes").to_arrow()
    types = {"timestamp": pyarrow.timestamp("ns"), "duration": pyarrow.decimal128(38, 3), "packets": pyarrow.decimal128(25, 0),
             "bytes": pyarrow.decimal256(60, 2), "src_ip": pyarrow.string(), "dst_ip": pyarrow.string(), "proto": pyarrow.string()}
    schema = pyarrow.schema([(field.name, types.get(field.name, field.type)) for field in table.schema])
    packings = {"src_ip": "brotli", "dst_ip": "gzip", "bytes": "lz4", "packets": "snappy", "duration": "zstd"}
    encodings = {"src_ip": "DELTA_BYTE_ARRAY", "dst_ip": "DELTA_LENGTH_BYTE_ARRAY", "src_port": "DELTA_BINARY_PACKED", "bytes": "BYTE_STREAM_SPLIT"}
    packings.update({name: "none" for name in schema.names if name not in packings})
    pyarrow.parquet.write_table(table.cast(schema), out / f"{name}.arrow.parquet", use_deprecated_int96_timestamps=True, data_page_version="2.0",
                                compression=packings, column_encoding=encodings, use_dictionary=["dst_port", "proto", "packets", "duration"],
                                write_page_checksum=True, row_group_size=100, store_schema=False)
