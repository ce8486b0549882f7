#!/usr/bin/env python3
"""Compares hwsseg's tree with the published method: the time to draw a batch by hardness and record its
losses.

    Benchmarks/sampler.py [--sizes 1000 100000 1000000 10000000] [--rounds 3] [--largest 100000000]

Needs numpy and `swift build -c release`. The published method (Fidon et al., HardnessWeightedSampler 0.0.2,
in NumPy) computes the softmax over all losses for every batch, raises small probabilities to a floor, and
calls numpy.random.choice without replacement.

The methods take turns on the same machine. Prints the median time of one draw and one update together, and
hwsseg's peak memory with the largest number of cases.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import time

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("--program", default=os.path.join(here, "..", ".build", "release", "hwsseg"))
parser.add_argument("--sizes", type=int, nargs="+", default=[10**3, 10**5, 10**6, 10**7])
parser.add_argument("--batch-size", type=int, default=2)
parser.add_argument("--beta", type=float, default=100)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--largest", type=int, default=10**8)
arguments = parser.parse_args()


def published(n):
    """Median seconds of a draw and an update."""
    random = np.random.RandomState(1)
    losses = random.rand(n)
    times = []
    end = time.perf_counter() + 0.5
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        scaled = arguments.beta * losses
        scaled = scaled - scaled.max()
        probabilities = np.exp(scaled - np.log(np.exp(scaled).sum()))
        probabilities = np.maximum(probabilities, 1e-4 / n)
        probabilities /= probabilities.sum()
        cases = random.choice(n, arguments.batch_size, p=probabilities, replace=False)
        losses[cases] = random.rand(arguments.batch_size)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def tree(n, *flags):
    output = subprocess.run(
        [
            arguments.program,
            "overhead",
            "--cases",
            str(n),
            "--batch-size",
            str(arguments.batch_size),
            "--beta",
            str(arguments.beta),
            "--tree-only",
            "--json",
            *flags,
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(output)


def seconds(cost):
    return cost["draw"] + cost["record"]


print(f"batch of {arguments.batch_size}, beta {arguments.beta:g}; microseconds for a draw and an update\n")
print("| cases | published, NumPy | hwsseg | times faster | memory |")
print("|---:|---:|---:|---:|---:|")
ours = {}
for n in arguments.sizes:
    theirs, mine = [], []
    for _ in range(arguments.rounds):
        theirs.append(published(n))
        cost = tree(n)["log-sum-exp tree"]
        mine.append(seconds(cost))
    slow, ours[n] = statistics.median(theirs), statistics.median(mine)
    print(
        f"| {n:,} | {slow * 1e6:,.1f} | {ours[n] * 1e6:.2f} | {slow / ours[n]:,.0f} | {cost['bytes'] / 1e6:,.1f} MB |",
        flush=True,
    )
first, last = arguments.sizes[0], arguments.sizes[-1]
print(f"\nhwsseg with {last:,} cases takes {ours[last] / ours[first]:.2f} times as long as with {first:,}.")
every = tree(1_000_000, "--every-option")["every option"]
print(
    f"With every option on, 1,000,000 cases: {every['draw'] * 1e6:.2f} microseconds for a draw and "
    f"{every['record'] * 1e6:.2f} for an update."
)
cost = tree(arguments.largest)["log-sum-exp tree"]
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(
    f"{arguments.largest:,} cases: {seconds(cost) * 1e6:.2f} microseconds, {cost['bytes'] / 1e9:.2f} GB, "
    f"{peak / 1e6:.2f} GB at the peak of the program."
)
