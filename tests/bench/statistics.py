#!/usr/bin/env python3
"""Times baselines, merges, reports and groups; prints rows of a table and, with --stream, a run over a generated stream.

    cargo build --release
    tests/bench/statistics.py DIR [--python PYTHON] [--pairs N] [--stream FLOWS]

The inputs are made once, in DIR, by `stream.rs`: flow lines of 100 000 hosts and a million pairs over 168 hours, and
100 baselines of 10 000 hosts each. A stream is never stored. PYTHON has
duckdb installed.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RELEASE = ROOT / "target" / "release"

def shell(line):
    """Seconds that a command line takes."""
    env = dict(os.environ, PATH=f"{RELEASE}:{os.environ['PATH']}")
    start = time.perf_counter()
    subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True, env=env, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def pairs(ours, theirs, n):
    """Median seconds of each, and the median of their ratios, ours / theirs."""
    shell(ours), shell(theirs)
    times = [(shell(ours), shell(theirs)) for _ in range(n)]
    return [statistics.median(values) for values in ([a for a, _ in times], [b for _, b in times], [a / b for a, b in times])]


def flows(folder, n, hosts, peers, seed=0):
    """The command that writes flow lines; it is built once."""
    program = folder / "stream"
    if not program.exists():
        subprocess.run(["rustc", "--edition", "2024", "-O", "-o", program, ROOT / "tests/bench/stream.rs"], check=True)
    return f"{program} {n} {hosts} {peers} {seed}"


def made(path, line):
    """A file that this line writes, once."""
    if not path.exists():
        shell(f"{line} > {path}.part && mv {path}.part {path}")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--stream", type=int)
    args = parser.parse_args()
    args.dir.mkdir(parents=True, exist_ok=True)
    if args.stream:
        stream(args.dir, args.stream)
        return
    week = made(args.dir / "week.ndjson", flows(args.dir, 2_000_000, 100_000, 10))
    seconds = statistics.median(shell(f"flowstat -q --threads 1 -i {week} baseline") for _ in range(args.pairs))
    print(f"| `baseline`, one thread, 100 000 hosts, a million pairs, 168 hours | {seconds:.2f} s | {2 / seconds:.2f} million flows a second | >= 1 |", flush=True)
    folder = args.dir / "baselines"
    folder.mkdir(exist_ok=True)
    files = [made(folder / f"{i:02}.json", f"{flows(args.dir, 30_000, 10_000, 3, i * 97)} | flowstat -q baseline") for i in range(100)]
    inputs = " ".join(f"-i {f}" for f in files)
    ours, theirs, ratio = pairs(f"flowstat -q {inputs} baseline | cat", f"cat {' '.join(map(str, files))} | cat | cat", args.pairs)
    print(f"| 100 baselines of 10 000 hosts merged : `cat \\| cat` | {ours:.2f} s | {theirs:.2f} s | {ratio:.1f}, wanted <= 3 |", flush=True)
    ours, theirs, ratio = pairs(f"flowstat -q -i {week} report", f"flowstat -q -i {week} hosts", args.pairs)
    print(f"| `report` : `hosts` | {ours:.2f} s | {theirs:.2f} s | {ratio:.2f}, wanted <= 2 |", flush=True)
    item = "group:by=src_ip+dst_ip,agg=count+sum(bytes)+mean(bytes)+max(packets)"
    query = ("select src_ip, dst_ip, count(*), sum(bytes), avg(bytes), max(packets) from read_json('{0}', format='newline_delimited', "
             "columns={{src_ip: 'VARCHAR', dst_ip: 'VARCHAR', bytes: 'BIGINT', packets: 'BIGINT'}}) group by all order by all")
    duck = f"""{args.python} -c "import duckdb; print(len(duckdb.sql(\\"{query.format(week)}\\").fetchall()))" """
    ours, theirs, ratio = pairs(f"flowstat -q -i {week} '{item}'", duck, args.pairs)
    print(f"| `group` with a million keys : DuckDB | {ours:.2f} s | {theirs:.2f} s | {ratio:.2f}, wanted <= 1 |", flush=True)


def stream(folder, n):
    """A stream of n flows of n / 10 hosts, within 8 GB; prints seconds and peak memory of flowstat."""
    script = ("import resource,subprocess,sys;r=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL).returncode;"
              "print(r,resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss//1024,file=sys.stderr)")
    start = time.perf_counter()
    env = dict(os.environ, PATH=f"{RELEASE}:{os.environ['PATH']}")
    line = f"{flows(folder, n, max(n // 10, 1), 3)} | {sys.executable} -c '{script}' flowstat -q --memory 8G hosts:quantiles=no"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], env=env, stderr=subprocess.PIPE, text=True)
    code, peak = done.stderr.split()[-2:]
    print(f"{n} flows of {n // 10} hosts: exit code {code}, {time.perf_counter() - start:.0f} s with the stream being made beside it, peak {peak} MB")


if __name__ == "__main__":
    main()
