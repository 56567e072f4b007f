#!/usr/bin/env python3
"""The same baseline on Apache Spark: `flowstat baseline` over the partitions of a file of flow lines, and again over the
lines that come of them, through `rdd.pipe`, with unchanged programs. Exit code 1 unless the bytes are those of one run.

    python tests/spark/baseline.py --bin target/release FLOWS [--partitions N] [--workers N]

Needs PySpark and a Java runtime. Spark runs on this machine, with so many workers.
"""
import argparse
import pathlib
import shlex
import subprocess
import sys


def alone(flowstat, flows):
    """The lines of one run."""
    done = subprocess.run([flowstat, "-q", "-i", flows, "baseline"], capture_output=True, check=True)
    return done.stdout.decode().splitlines()


def on_spark(context, flowstat, flows, partitions):
    """The lines of a map step a partition and one reduce step; `checkCode` makes a failed program fail the job."""
    command = f"{shlex.quote(str(flowstat))} -q baseline"
    lines = context.textFile(str(flows), minPartitions=partitions).repartition(partitions)
    learnt = lines.pipe(command, checkCode=True)
    return learnt.coalesce(1).pipe(command, checkCode=True).collect()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flows", type=pathlib.Path)
    parser.add_argument("--bin", type=pathlib.Path, required=True)
    parser.add_argument("--partitions", type=int, default=7)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    from pyspark import SparkConf, SparkContext

    flowstat = (asked.bin / "flowstat").resolve()
    conf = SparkConf().setMaster(f"local[{asked.workers}]").setAppName("baseline").set("spark.ui.enabled", "false")
    context = SparkContext(conf=conf)
    try:
        spread = on_spark(context, flowstat, asked.flows.resolve(), asked.partitions)
    finally:
        context.stop()
    whole = alone(flowstat, asked.flows)
    same = spread == whole
    print(f"{len(whole)} lines of one run, {len(spread)} of {asked.partitions} partitions: {'the same' if same else 'they differ'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
