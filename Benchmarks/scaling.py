#!/usr/bin/env python3
"""Predicts how a training speeds up on machines that are not here, and checks the prediction on those that are.

    Benchmarks/scaling.py [--plan PLAN] [--cores 64] [--efficiency 0.5] [--steps 10] [--rounds 3] [--no-network]

Needs `swift build -c release --traits MPI --scratch-path .build/mpi`, and root for the check over a network. It
measures a training step of the plan (by default `Plans/fetal_brain.json`) on one core with one sample.
From that it predicts the step on nodes of many cores; Benchmarks/README.md says with which assumptions. The check
uses a smaller plan: one process is measured, and two are predicted and measured, on one machine and between two
network namespaces.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
from pathlib import Path

from hosts import two_hosts

here = Path(__file__).resolve().parent
LAN_LATENCY = 20e-6  # seconds, one way


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", type=Path, default=here / ".." / "Plans" / "fetal_brain.json")
    parser.add_argument("--check-plan", type=Path, default=here / ".." / "Plans" / "hippocampus.json")
    parser.add_argument("--classes", type=int, default=8, help="output channels of the plan's network")
    parser.add_argument("--cores", type=int, default=64, help="of a node")
    parser.add_argument("--efficiency", type=float, default=0.5, help="of a node's cores, against one core alone")
    parser.add_argument("--program", type=Path, default=here / ".." / ".build" / "mpi" / "release" / "hwsseg")
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-network", action="store_true", help="leave out the namespaces, which need root")
    return parser.parse_args()


def step(options, plan, batch, launcher=(), steps=None, *more):
    """The times of a step in seconds, with one thread for each process."""
    command = [*launcher, str(options.program), "benchmark", "--plan", str(plan), "--batch-size", str(batch), "--json",
               "--threads", "1", "--steps", str(steps or options.steps), *more]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(result.stdout)


class Measured:
    """A plan's step on one core with one sample: the time for the sample, and for the optimizer."""

    def __init__(self, options, plan, *more, steps=None):
        one = step(options, plan, 1, (), steps, *more)
        self.fixed = one["optimizer"]
        self.sample = one["step"] - self.fixed
        self.backward = one["backward"]
        self.gradients = 4 * one["gradients"]


def predict(measured, processes, samples, gigabits, latency, sample=None, fixed=None, overlap=True):
    """The seconds of a step, and those of waiting in it.

    Gradients become ready evenly over the backward pass. Their transfer hides behind the rest of it, except for the
    last bucket. The losses are exchanged once, and the last bucket twice."""
    sample, fixed = sample or measured.sample, measured.fixed if fixed is None else fixed
    compute = samples * sample + fixed
    backward = samples * sample * measured.backward / measured.sample
    volume = 2 * (processes - 1) / processes * measured.gradients
    transfer = volume / (gigabits * 1e9 / 8) if gigabits else 0
    buckets = max(1, round(measured.gradients / (4 << 20)))
    last = transfer / buckets
    exposed = max(last, transfer - backward * (1 - 1 / buckets)) if overlap else transfer
    waiting = exposed + 3 * latency
    return compute + waiting, waiting


def table(options, measured):
    print(f"\n{options.plan.name}: {measured.sample:.2f} s a sample and {measured.fixed:.2f} s a step on one core, "
          f"{measured.gradients / 1e6:.0f} MB of gradients")
    print(f"\nNodes of {options.cores} cores at {options.efficiency:g} of their speed, two samples a node: "
          "seconds a step, and efficiency against one node\n")
    sample = measured.sample / (options.cores * options.efficiency)
    # The optimizer is bound by memory, of which a node has a few times as much a second as a core.
    fixed = measured.fixed / 8
    print("| nodes | " + " | ".join(f"{gigabits} Gbit/s | " for gigabits in (10, 25, 100)) + "|")
    print("|---:|" + "---:|---:|" * 3)
    alone = 2 * sample + fixed
    for nodes in (2, 4, 8, 16, 32, 64):
        cells = []
        for gigabits in (10, 25, 100):
            seconds, _ = predict(measured, nodes, 2, gigabits, LAN_LATENCY, sample, fixed)
            cells += [f"{seconds:.3f}", f"{100 * alone / seconds:.0f} %"]
        print(f"| {nodes} | " + " | ".join(cells) + " |")


def check(options):
    """Two processes, each with one core and one sample, as predicted from one process with one."""
    plan = options.check_plan
    links = [("shared memory", None, 0), ("1 Gbit/s", 1, 0), ("1 Gbit/s, 10 ms", 1, 10)]
    if options.no_network:
        links = links[:1]
    mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2"]
    rows = {}
    for _ in range(options.rounds):
        measured = Measured(options, plan)
        for name, gigabits, milliseconds in links:
            for overlap in (True, False):
                local = contextlib.nullcontext(mpirun)
                with local if gigabits is None else two_hosts(gigabits, milliseconds) as launcher:
                    found = step(options, plan, 2, launcher, None, *([] if overlap else ["--without-overlap"]))
                expected = predict(measured, 2, 1, gigabits, milliseconds / 1000, overlap=overlap)
                rows.setdefault((name, overlap), []).append((found["step"], found["waiting"], *expected))
    print(f"\n{plan.name}, two processes with a core and a sample each: median of {options.rounds} rounds\n")
    print("| link | overlap | step, s | predicted | ratio | waiting | predicted |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for (name, overlap), values in rows.items():
        took, waited, expected, expected_waiting = (statistics.median(column) for column in zip(*values))
        print(f"| {name} | {'yes' if overlap else 'no'} | {took:.3f} | {expected:.3f} | {took / expected:.2f} | "
              f"{100 * waited / took:.1f} % | {100 * expected_waiting / expected:.1f} % |")


def main():
    options = read_arguments()
    check(options)
    more = ("--classes", str(options.classes))
    table(options, Measured(options, options.plan, *more, steps=max(1, options.steps // 5)))


if __name__ == "__main__":
    main()
