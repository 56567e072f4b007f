"""The same questions put to other tools: per source the count, sums, two distinct counts, mean and deviation, and
with `quantiles` the median and the 95 % quantile; `to_parquet` and `from_parquet` change the form of a file on one thread. Run as `peers.py TOOL FILE [quantiles]`; prints the number of sources
and a sum, so that nothing can be left out as unused.

All use every core they find; FILE is NDJSON flow lines (`.ndjson`) or nfdump's 48-column CSV (`.csv`).
"""
import sys

CSV_COLUMNS = {"sa": "src_ip", "da": "dst_ip", "dp": "dst_port", "ipkt": "packets", "ibyt": "bytes"}


def duckdb(path, quantiles):
    import duckdb as d
    if path.endswith(".csv"):
        # The Summary at the end is no data.
        source = ("(select sa src_ip, da dst_ip, try_cast(dp as double) dst_port, try_cast(ipkt as bigint) packets, "
                  f"try_cast(ibyt as bigint) bytes from read_csv('{path}', header=true, all_varchar=true, null_padding=true, "
                  "ignore_errors=true) where ibyt is not null)")
    else:
        source = (f"read_json('{path}', format='newline_delimited', columns={{src_ip:'VARCHAR', dst_ip:'VARCHAR', "
                  "dst_port:'USMALLINT', packets:'BIGINT', bytes:'BIGINT'})")
    more = ", median(bytes), quantile_cont(bytes, 0.95)" if quantiles else ""
    rows = d.sql(f"select src_ip, count(*) n, sum(bytes) b, sum(packets), count(distinct dst_ip), count(distinct dst_port), "
                 f"avg(bytes), stddev_samp(bytes){more} from {source} group by src_ip order by src_ip").fetchall()
    return len(rows), sum(r[2] for r in rows)


def polars(path, quantiles):
    import polars as p
    if path.endswith(".csv"):
        frame = p.scan_csv(path, infer_schema=False, truncate_ragged_lines=True, ignore_errors=True)
        frame = frame.select([p.col(k).alias(v) for k, v in CSV_COLUMNS.items()]).filter(p.col("bytes").is_not_null())
        frame = frame.with_columns(p.col("packets", "bytes").cast(p.Int64, strict=False))
    else:
        schema = {"src_ip": p.String, "dst_ip": p.String, "dst_port": p.Int64, "packets": p.Int64, "bytes": p.Int64}
        frame = p.scan_ndjson(path, schema=schema)
    b = p.col("bytes")
    asked = [p.len(), b.sum().alias("sum"), p.col("packets").sum(), p.col("dst_ip").n_unique(), p.col("dst_port").n_unique(),
             b.mean().alias("mean"), b.std().alias("std")]
    if quantiles:
        asked += [b.median().alias("median"), b.quantile(0.95, "linear").alias("p95")]
    out = frame.group_by("src_ip").agg(asked).sort("src_ip").collect(engine="streaming")
    return len(out), out["sum"].sum()


def pandas(path, quantiles):
    import pandas as pd
    if path.endswith(".csv"):
        frame = pd.read_csv(path, usecols=list(CSV_COLUMNS), low_memory=False).rename(columns=CSV_COLUMNS)
        frame = frame[frame["bytes"].notna()]
        frame["bytes"] = pd.to_numeric(frame["bytes"])
    else:
        frame = pd.read_json(path, lines=True)
    asked = dict(n=("bytes", "count"), sum=("bytes", "sum"), packets=("packets", "sum"), ips=("dst_ip", "nunique"),
                 ports=("dst_port", "nunique"), mean=("bytes", "mean"), std=("bytes", "std"))
    if quantiles:
        asked |= dict(median=("bytes", "median"), p95=("bytes", lambda x: x.quantile(.95)))
    out = frame.groupby("src_ip").agg(**asked)
    return len(out), int(out["sum"].sum())


def to_json(path, _):
    """The rows of a table as NDJSON, whatever its columns mean."""
    import duckdb as d
    source = f"read_json('{path}')" if path.endswith(".json") else f"read_csv('{path}', comment='#', quote='')"
    d.sql(f"copy (from {source}) to '/dev/null' (format json)")
    return "done",


def one_thread():
    import os
    os.environ["POLARS_MAX_THREADS"] = "1"
    import polars
    return polars


def to_parquet(path, _):
    p = one_thread()
    frame = p.read_ndjson(path, infer_schema_length=10_000)
    frame = frame.with_columns(p.col("timestamp").str.to_datetime(time_unit="ms", time_zone="UTC"))
    frame.write_parquet(path + ".polars", compression="zstd", compression_level=1)
    return len(frame), frame["bytes"].sum()


def from_parquet(path, _):
    frame = one_thread().read_parquet(path)
    frame.write_ndjson("/dev/null")
    return len(frame), frame["bytes"].sum()


if __name__ == "__main__":
    print(*globals()[sys.argv[1]](sys.argv[2], "quantiles" in sys.argv[3:]))
