"""How long command lines take, and what memory."""
import os
import pathlib
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
RELEASE = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"


def shell(line):
    """Seconds that a command line takes."""
    env = dict(os.environ, PATH=f"{RELEASE}:{os.environ['PATH']}")
    start = time.perf_counter()
    subprocess.run(["bash", "-o", "pipefail", "-c", line], check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def pairs(ours, theirs, n):
    """Median seconds of each, and the median of their ratios, theirs / ours."""
    shell(ours), shell(theirs)
    times = [(shell(ours), shell(theirs)) for _ in range(n)]
    return (statistics.median(a for a, _ in times), statistics.median(b for _, b in times),
            statistics.median(b / a for a, b in times))


def peak(line):
    """Peak memory in MB of the last command of a line."""
    code = ("import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    env = dict(os.environ, PATH=f"{RELEASE}:{os.environ['PATH']}")
    out = subprocess.run([sys.executable, "-c", code, *line.split()], check=True, env=env, capture_output=True, text=True)
    return int(out.stdout) / 1024
