#!/usr/bin/env python3
"""Compares a training epoch of hwsseg and of nnU-Net v2's own trainer on the CPU, with nnU-Net's full
augmentation.

    Benchmarks/epoch.py DATASET [--preprocessed nnUNet_preprocessed] [--batch-size 2] [--iterations 20]
        [--warm-up 3] [--rounds 3]

Needs nnunetv2 (see Benchmarks/README.md) and `swift build -c release`. DATASET is a folder DatasetXXX_NAME
in nnU-Net's raw layout. nnU-Net plans and preprocesses it first, unless --preprocessed names the folder
where it has done so already.

Both programs train the network of nnU-Net's plan on the same cases, with uniform sampling and without
validation. The times leave out the setup and the warm-up iterations. nnU-Net runs twice: with augmentation
in the training process, and in one separate process, which is already some batches ahead when the clock
starts. Its faster time counts. Prints median times in seconds.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

here = Path(__file__).resolve().parent


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--preprocessed", type=Path)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--iterations", type=int, default=20)
    parser.add_argument(
        "--warm-up", type=int, default=3, help="nnU-Net's warm-up iterations; hwsseg warms up for one epoch"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", default="auto", choices=["auto", "blas", "onednn"])
    parser.add_argument("--program", default=here / ".." / ".build" / "release" / "hwsseg")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def train_theirs(arguments):
    """In a process of its own: writes the seconds of an epoch of nnU-Net's trainer with the plan `--train`."""
    import torch
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    dataset = json.loads((arguments.dataset / "dataset.json").read_text())
    plan = json.loads(arguments.train.read_text()) | {"continue_training": False}
    trainer = nnUNetTrainer(plan, "3d_fullres", 0, dataset, device=torch.device("cpu"))
    trainer.num_epochs = 1
    trainer.on_train_start()
    trainer.on_train_epoch_start()
    for _ in range(arguments.warm_up):
        trainer.train_step(next(trainer.dataloader_train))
    start = time.perf_counter()
    losses = [trainer.train_step(next(trainer.dataloader_train)) for _ in range(arguments.iterations)]
    trainer.on_train_epoch_end(losses)
    seconds = time.perf_counter() - start
    (arguments.train.parent / "seconds").write_text(str(seconds))
    trainer.on_train_end()


class Comparison:
    def __init__(self, arguments, scratch):
        self.arguments, self.scratch = arguments, scratch
        preprocessed = (arguments.preprocessed or scratch / "nnUNet_preprocessed").resolve()
        self.preprocessed, self.data = preprocessed / arguments.dataset.name, scratch / "data"
        self.environment = dict(
            os.environ,
            nnUNet_raw=str(arguments.dataset.resolve().parent),
            nnUNet_preprocessed=str(preprocessed),
            nnUNet_results=str(scratch / "nnUNet_results"),
        )
        if not arguments.preprocessed:
            cores = str(os.cpu_count())
            self.run(
                Path(sys.executable).parent / "nnUNetv2_plan_and_preprocess",
                "-d",
                arguments.dataset.name[7:10],
                "-c",
                "3d_fullres",
                "-np",
                cores,
                "-npfp",
                cores,
            )
        plan = json.loads((self.preprocessed / "nnUNetPlans.json").read_text())
        plan["configurations"] = {
            "3d_fullres": plan["configurations"]["3d_fullres"] | {"batch_size": arguments.batch_size}
        }
        self.plan = scratch / "plan.json"
        self.plan.write_text(json.dumps(plan))
        self.run(
            arguments.program, "preprocess", arguments.dataset, "--plan", self.plan, "-o", scratch / "preprocessed"
        )

    def run(self, *command, **environment):
        done = subprocess.run(
            [str(part) for part in command],
            env=self.environment | environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            sys.exit(done.stderr)

    def split(self):
        """A folder of the data set for hwsseg with nnU-Net's split, but for one case alone to predict in the end."""
        [first, *_] = json.loads((self.preprocessed / "splits_final.json").read_text())
        self.data.mkdir()
        for name in ["imagesTr", "labelsTr", "dataset.json"]:
            (self.data / name).symlink_to(self.arguments.dataset.resolve() / name)
        (self.data / "splits_final.json").write_text(json.dumps([first | {"val": first["val"][:1]}]))

    def theirs(self, processes):
        arguments = self.arguments
        self.run(
            sys.executable,
            __file__,
            arguments.dataset,
            "--iterations",
            arguments.iterations,
            "--warm-up",
            arguments.warm_up,
            "--train",
            self.plan,
            nnUNet_n_proc_DA=str(processes),
        )
        return float((self.scratch / "seconds").read_text())

    def ours(self):
        """The second epoch's seconds."""
        if not self.data.exists():
            self.split()
        arguments, results = self.arguments, self.scratch / "results"
        self.run(
            arguments.program,
            "train",
            self.data,
            "--plan",
            self.plan,
            "--fold",
            0,
            "--preprocessed",
            self.scratch / "preprocessed",
            "-o",
            results,
            "--overwrite",
            "--sampler",
            "uniform",
            "--epochs",
            2,
            "--iterations",
            arguments.iterations,
            "--validation-iterations",
            0,
            "--engine",
            arguments.engine,
        )
        with open(results / "fold_0" / "log.csv") as file:
            return float(list(csv.DictReader(file))[1]["seconds"])


def main():
    arguments = read_arguments()
    if arguments.train:
        return train_theirs(arguments)
    with tempfile.TemporaryDirectory(prefix="epoch_") as scratch:
        comparison = Comparison(arguments, Path(scratch))
        rounds = [(comparison.theirs(0), comparison.theirs(1), comparison.ours()) for _ in range(arguments.rounds)]
    alone, beside, ours = (statistics.median(column) for column in zip(*rounds))
    print(
        "| iterations | batch | nnU-Net v2, s | with a process for augmentation, s | hwsseg, s | times faster |\n"
        "|---:|---:|---:|---:|---:|---:|"
    )
    print(
        f"| {arguments.iterations} | {arguments.batch_size} | {alone:.1f} | {beside:.1f} | {ours:.1f} "
        f"| {min(alone, beside) / ours:.2f} |"
    )


main()
