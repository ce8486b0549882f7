#!/usr/bin/env python3
"""Compares whole commands of hwsseg and nnU-Net v2 on the CPU: planning with preprocessing, and prediction.

    Benchmarks/commands.py DATASET [--model RESULTS] [--images 20] [--rounds 3] [--program .build/release/hwsseg]

Needs nnunetv2 (see Benchmarks/README.md) and `swift build -c release`. DATASET is a folder DatasetXXX_NAME
in nnU-Net's raw layout. RESULTS is a results folder of nnU-Net v2 for that data set, with plans.json,
dataset.json and fold_0/checkpoint_final.pth. Both programs predict with this model and with mirroring;
without --model, prediction is left out.

The programs take turns on the same machine. Prints the median times in seconds, and nnU-Net's time divided
by hwsseg's.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

here = Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("dataset", type=Path)
parser.add_argument("--model", type=Path)
parser.add_argument("--images", type=int, default=20)
parser.add_argument("--rounds", type=int, default=3)
parser.add_argument("--program", default=here / ".." / ".build" / "release" / "hwsseg")
arguments = parser.parse_args()
scratch = Path(tempfile.mkdtemp(prefix="commands_"))
tools = Path(sys.executable).parent
environment = dict(os.environ, nnUNet_raw=str(arguments.dataset.resolve().parent))
for name in ["nnUNet_preprocessed", "nnUNet_results"]:
    environment[name] = str(scratch / name)
cores = str(os.cpu_count())


def run(*commands):
    """Seconds that commands take one after the other."""
    start = time.perf_counter()
    for command in commands:
        subprocess.run([str(part) for part in command], check=True, env=environment, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def fresh(name):
    shutil.rmtree(scratch / name, ignore_errors=True)
    return scratch / name


def preprocess_theirs():
    fresh("nnUNet_preprocessed")
    number = arguments.dataset.name[7:10]
    return run([tools / "nnUNetv2_plan_and_preprocess", "-d", number, "-c", "3d_fullres", "-np", cores, "-npfp", cores])


def preprocess_ours():
    folder = fresh("ours")
    plan = scratch / "plan.json"
    return run(
        [arguments.program, "plan", arguments.dataset, "-o", plan],
        [arguments.program, "preprocess", arguments.dataset, "--plan", plan, "-o", folder],
    )


def predict_theirs():
    return run(
        [
            tools / "nnUNetv2_predict_from_modelfolder",
            "-i",
            scratch / "images",
            "-o",
            fresh("theirs"),
            "-m",
            arguments.model,
            "-f",
            "0",
            "-device",
            "cpu",
        ]
    )


def predict_ours():
    return run(
        [
            arguments.program,
            "predict",
            "-m",
            arguments.model,
            "-f",
            "0",
            "-i",
            scratch / "images",
            "-o",
            fresh("ours_predicted"),
        ]
    )


def compare(name, theirs, ours):
    times = [(theirs(), ours()) for _ in range(arguments.rounds)]
    slow, fast = (statistics.median(column) for column in zip(*times))
    print(f"| {name} | {slow:.1f} | {fast:.1f} | {slow / fast:.1f} |", flush=True)


print("| commands | nnU-Net v2, s | hwsseg, s | times faster |\n|---|---:|---:|---:|")
cases = len(list((arguments.dataset / "labelsTr").glob("*.nii.gz")))
compare(f"plan and preprocess, {cases} cases", preprocess_theirs, preprocess_ours)
if arguments.model:
    (scratch / "images").mkdir()
    for image in sorted((arguments.dataset / "imagesTr").glob("*_0000.nii.gz"))[: arguments.images]:
        shutil.copy(image, scratch / "images")
    compare(f"predict, {arguments.images} images with mirroring", predict_theirs, predict_ours)
shutil.rmtree(scratch)
