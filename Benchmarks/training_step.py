#!/usr/bin/env python3
"""Compares one training step of a plan's network in hwsseg and in PyTorch.

    Benchmarks/training_step.py [--configuration small batch9 large | --plan PLAN]
        [--precision float32 bfloat16] [--engine auto blas onednn] [--batch-size N] [--threads N]
        [--scaling] [--rounds 5] [--steps 3]

Needs torch and nnunetv2 (see Benchmarks/README.md) and `swift build -c release`. The network, loss and
optimizer are those of nnU-Net v2 for the plan. In float32, PyTorch runs as nnU-Net does on a CPU. In
bfloat16, the script tries autocast, autocast with channels last, and float32 once each, and uses the
fastest.

The programs take turns on the same machine. Prints one row for each configuration, precision and engine:
the median times in seconds, the peak memory of both programs in GB, and the ratios of PyTorch's values to
hwsseg's.

With --scaling, only hwsseg runs: with one thread, and with all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLASSES = 3
MODES = {"float32": ["float32"], "bfloat16": ["autocast", "autocast, channels last", "float32"]}
here = Path(__file__).resolve().parent


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--configuration", nargs="+", default=["small"], choices=["small", "batch9", "large"])
    parser.add_argument("--plan", type=Path, help="a plan file, used instead of the configurations")
    parser.add_argument("--batch-size", type=int, help="used instead of the configuration's batch size")
    parser.add_argument("--precision", nargs="+", default=["float32"], choices=["float32", "bfloat16"])
    parser.add_argument("--engine", nargs="+", default=["auto"], choices=["auto", "blas", "onednn"])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of both programs (default: all cores)")
    parser.add_argument("--scaling", action="store_true")
    parser.add_argument("--program", default=here / ".." / ".build" / "release" / "hwsseg")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="training steps in each round")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args()


# What runs in PyTorch's process.


class Step:
    """nnU-Net's training step on made-up data."""

    def __init__(self, plan, batch, mode, threads):
        import torch
        from dynamic_network_architectures.architectures.unet import PlainConvUNet
        from nnunetv2.training.loss.compound_losses import DC_and_CE_loss
        from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
        from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

        torch.set_num_threads(threads)
        configuration = plan["configurations"]["3d_fullres"]
        network, patch = configuration["architecture"]["arch_kwargs"], configuration["patch_size"]
        strides = network["strides"]
        layout = torch.channels_last_3d if "channels last" in mode else torch.contiguous_format
        self.torch, self.is_autocast = torch, mode.startswith("autocast")
        self.model = PlainConvUNet(
            1,
            network["n_stages"],
            network["features_per_stage"],
            torch.nn.Conv3d,
            network["kernel_sizes"],
            strides,
            network["n_conv_per_stage"],
            CLASSES,
            network["n_conv_per_stage_decoder"],
            True,
            torch.nn.InstanceNorm3d,
            {"eps": 1e-5, "affine": True},
            None,
            None,
            getattr(torch.nn, network["nonlin"].split(".")[-1]),
            {"inplace": True},
            deep_supervision=True,
        ).to(memory_format=layout)
        weights = [1 / 2**i for i in range(len(strides) - 1)]
        weights[-1] = 0
        self.loss = DeepSupervisionWrapper(
            DC_and_CE_loss(
                {"batch_dice": configuration["batch_dice"], "smooth": 1e-5, "do_bg": False, "ddp": False},
                {},
                weight_ce=1,
                weight_dice=1,
                dice_class=MemoryEfficientSoftDiceLoss,
            ),
            [w / sum(weights) for w in weights],
        )
        self.optimizer = torch.optim.SGD(self.model.parameters(), 0.01, momentum=0.99, nesterov=True, weight_decay=3e-5)
        self.images = torch.randn(batch, 1, *patch).to(memory_format=layout)
        self.targets, shape = [], list(patch)
        for stage in range(len(strides) - 1):
            shape = [n // s for n, s in zip(shape, strides[stage])]
            self.targets.append(torch.randint(0, CLASSES, (batch, 1, *shape)))

    def __call__(self):
        torch = self.torch
        start = time.perf_counter()
        self.optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.is_autocast):
            loss = self.loss(self.model(self.images), self.targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 12)
        self.optimizer.step()
        return time.perf_counter() - start


def peak_memory():
    """Of this process, in bytes."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) * 1024


def serve(specification):
    """Answers every number of steps with the median of their seconds and the peak memory."""
    specification = json.loads(specification)
    step = Step(json.loads(Path(specification.pop("plan")).read_text()), **specification)
    for line in sys.stdin:
        seconds = statistics.median([step() for _ in range(int(line))])
        print(json.dumps({"step": seconds, "peak_memory": peak_memory()}), flush=True)


# What runs in the process that compares.


class PyTorch:
    """A training by PyTorch in a process of its own, which waits between the rounds."""

    def __init__(self, plan, batch, mode, threads):
        self.mode = mode
        specification = {"plan": str(plan), "batch": batch, "mode": mode, "threads": threads}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve", json.dumps(specification)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.run(1)

    def run(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit("PyTorch's process has ended.")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    @classmethod
    def fastest(cls, plan, batch, precision, threads):
        best, least = None, float("inf")
        for mode in MODES[precision]:
            peer = cls(plan, batch, mode, threads)
            seconds = peer.run(1)["step"] if len(MODES[precision]) > 1 else 0
            if seconds < least:
                peer, best, least = best, peer, seconds
            if peer:
                peer.close()
        return best


def hwsseg(arguments, plan, batch, precision, engine, threads):
    output = subprocess.run(
        [
            str(part)
            for part in [
                arguments.program,
                "benchmark",
                "--plan",
                plan,
                "--batch-size",
                batch,
                "--engine",
                engine,
                "--precision",
                precision,
                "--threads",
                threads,
                "--steps",
                arguments.steps,
                "--json",
            ]
        ],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    return json.loads(output)


def large_plan(folder):
    """A network of nnU-Net's size for a GPU of some 10 GB."""
    plan = json.loads((here / ".." / "Plans" / "hippocampus.json").read_text())
    configuration = plan["configurations"]["3d_fullres"]
    features = [32, 64, 128, 256, 320]
    configuration["patch_size"], configuration["batch_size"] = [96, 112, 96], 2
    configuration["architecture"]["arch_kwargs"] |= {
        "n_stages": len(features),
        "features_per_stage": features,
        "kernel_sizes": [[3, 3, 3]] * len(features),
        "strides": [[1, 1, 1]] + [[2, 2, 2]] * (len(features) - 1),
        "n_conv_per_stage": [2] * len(features),
        "n_conv_per_stage_decoder": [2] * (len(features) - 1),
    }
    path = folder / "large.json"
    path.write_text(json.dumps(plan))
    return path


def configurations(arguments, folder):
    """Names, plans and batch sizes."""
    small = here / ".." / "Plans" / "hippocampus.json"
    if arguments.plan:
        chosen = [(arguments.plan.stem, arguments.plan, None)]
    else:
        known = {"small": lambda: (small, 2), "batch9": lambda: (small, 9), "large": lambda: (large_plan(folder), 2)}
        chosen = [(name, *known[name]()) for name in arguments.configuration]
    for name, plan, batch in chosen:
        yield name, plan, arguments.batch_size or batch or json.loads(plan.read_text())["configurations"]["3d_fullres"][
            "batch_size"
        ]


def compare(arguments, name, plan, batch, precision, engine):
    peer = PyTorch.fastest(plan, batch, precision, arguments.threads)
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(hwsseg(arguments, plan, batch, precision, engine, arguments.threads))
        theirs.append(peer.run(arguments.steps))
    peer.close()
    slow, fast = (statistics.median(round["step"] for round in rounds) for rounds in (theirs, ours))
    more, less = (max(round["peak_memory"] for round in rounds) / 1e9 for rounds in (theirs, ours))
    print(
        f"| {name} | {precision} | {peer.mode} | {engine} | {slow:.3f} | {fast:.3f} | {slow / fast:.2f} "
        f"| {more:.2f} | {less:.2f} "
        f"| {more / less:.2f} |",
        flush=True,
    )


def scale(arguments, name, plan, batch, precision, engine):
    rounds = [
        [hwsseg(arguments, plan, batch, precision, engine, threads)["step"] for threads in (1, arguments.threads)]
        for _ in range(arguments.rounds)
    ]
    one, all_ = (statistics.median(column) for column in zip(*rounds))
    print(f"| {name} | {precision} | {engine} | {one:.3f} | {all_:.3f} | {one / all_:.2f} |", flush=True)


def main():
    arguments = read_arguments()
    if arguments.serve:
        return serve(arguments.serve)
    if arguments.scaling:
        print(
            f"| configuration | precision | engine | 1 thread, s | {arguments.threads} threads, s | times faster |\n"
            "|---|---|---|---:|---:|---:|"
        )
    else:
        print(
            "| configuration | precision | PyTorch as | engine | PyTorch, s | hwsseg, s | times faster "
            "| PyTorch, GB | hwsseg, GB "
            "| times less |\n|---|---|---|---|---:|---:|---:|---:|---:|---:|"
        )
    with tempfile.TemporaryDirectory(prefix="training_step_") as folder:
        for name, plan, batch in configurations(arguments, Path(folder)):
            for precision in arguments.precision:
                for engine in arguments.engine:
                    (scale if arguments.scaling else compare)(arguments, name, plan, batch, precision, engine)


main()
