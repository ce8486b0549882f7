#!/usr/bin/env python3
"""Trains on phantoms for a long time and checks that the memory of the process does not grow.

    swift build -c release
    Scripts/soak.py [--minutes 60] [--program .build/release/hwsseg]

The resident memory is read every five seconds. The first five minutes do not count. It ends with status 1 when the
means of any two of the five-minute intervals that follow differ by more than 2 %.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import mean


def resident(process):
    """The resident memory in MB."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--program", default=".build/release/hwsseg")
    options = parser.parse_args()
    program, folder = os.path.abspath(options.program), Path(tempfile.mkdtemp(prefix="hwsseg-soak-"))

    def run(*arguments):
        subprocess.run([program, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    run("phantom", folder / "data", "--cases", "20", "--minority", "0.2")
    run("plan", folder / "data", "-o", folder / "plan.json", "--patch-size", "48", "48", "48", "--batch-size", "2",
        "--epochs", "100000", "--iterations", "20", "--sampler", "hardness")
    process = subprocess.Popen([program, "train", folder / "data", "--plan", folder / "plan.json", "--fold", "0", "-o",
                                folder / "results", "--log-level", "warning"])
    intervals, start = [], time.monotonic()
    while process.poll() is None and time.monotonic() - start < 60 * options.minutes:
        time.sleep(5)
        if process.poll() is not None:
            break
        number = int((time.monotonic() - start) / 300)
        if number == len(intervals):
            intervals.append([])
        intervals[-1].append(resident(process))
        if len(intervals[-1]) % 60 == 59:
            values = intervals[-1]
            print(f"minute {5 * number:3d} to {5 * number + 5:3d}: {mean(values):.1f} MB, {min(values):.1f} to "
                  f"{max(values):.1f}", flush=True)
    process.send_signal(signal.SIGTERM)
    process.wait()
    log = (folder / "results/fold_0/log.csv").read_text().splitlines()
    visits = len((folder / "results/fold_0/visits.csv").read_text().splitlines()) - 1
    means = [mean(values) for values in intervals[1:] if len(values) > 10]
    spread = max(means) / min(means) - 1
    print(f"{len(log) - 1} epochs, {visits} visits; after the first five minutes the means lie within "
          f"{100 * spread:.2f} %")
    shutil.rmtree(folder)
    return 0 if spread <= 0.02 and process.returncode == 128 + signal.SIGTERM else 1


if __name__ == "__main__":
    sys.exit(main())
