#!/usr/bin/env python3
"""One training step of a plan's network, hwsseg beside PyTorch, in turns on the same machine.

    Benchmarks/training_step.py [--plan Plans/hippocampus.json] [--batch-size N] [--engine blas] [--rounds 5] [--steps 6]

Needs torch and nnunetv2 (see Benchmarks/README.md) and `swift build -c release`. Prints the median step of each in seconds, and
hwsseg's as a ratio of PyTorch's: below 1 it is the faster.
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import time

here = os.path.dirname(os.path.abspath(__file__))
parser = argparse.ArgumentParser()
parser.add_argument("--plan", default=os.path.join(here, "..", "Plans", "hippocampus.json"))
parser.add_argument("--program", default=os.path.join(here, "..", ".build", "release", "hwsseg"))
parser.add_argument("--batch-size", type=int)
parser.add_argument("--engine", default="blas", choices=["auto", "blas", "onednn"])
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--steps", type=int, default=6)
arguments = parser.parse_args()

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss
from nnunetv2.training.loss.deep_supervision import DeepSupervisionWrapper
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss

CLASSES = 3
plan = json.load(open(arguments.plan))
configuration = plan["configurations"]["3d_fullres"]
network = configuration["architecture"]["arch_kwargs"]
patch, batch = configuration["patch_size"], arguments.batch_size or configuration["batch_size"]
strides = network["strides"]
torch.set_num_threads(os.cpu_count())
nonlinearity = {"torch.nn.ReLU": torch.nn.ReLU, "torch.nn.LeakyReLU": torch.nn.LeakyReLU}[network["nonlin"]]
model = PlainConvUNet(
    1, network["n_stages"], network["features_per_stage"], torch.nn.Conv3d, network["kernel_sizes"], strides,
    network["n_conv_per_stage"], CLASSES, network["n_conv_per_stage_decoder"], True, torch.nn.InstanceNorm3d,
    {"eps": 1e-5, "affine": True}, None, None, nonlinearity, {"inplace": True}, deep_supervision=True)
weights = [1 / 2**i for i in range(len(strides) - 1)]
weights[-1] = 0
loss = DeepSupervisionWrapper(
    DC_and_CE_loss({"batch_dice": False, "smooth": 1e-5, "do_bg": False, "ddp": False}, {}, weight_ce=1, weight_dice=1,
                   dice_class=MemoryEfficientSoftDiceLoss), [w / sum(weights) for w in weights])
optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.99, nesterov=True, weight_decay=3e-5)
images = torch.randn(batch, 1, *patch)
targets, shape = [], list(patch)
for stage in range(len(strides) - 1):
    shape = [n // s for n, s in zip(shape, strides[stage])]
    targets.append(torch.randint(0, CLASSES, (batch, 1, *shape)))


def pytorch_step():
    start = time.perf_counter()
    optimizer.zero_grad(set_to_none=True)
    loss(model(images), targets).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 12)
    optimizer.step()
    return time.perf_counter() - start


def hwsseg_step():
    output = subprocess.run(
        [arguments.program, "benchmark", "--plan", arguments.plan, "--engine", arguments.engine, "--steps",
         str(arguments.steps), "--batch-size", str(batch), "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(output)["step"]


for _ in range(2):
    pytorch_step()
ours, theirs = [], []
for number in range(arguments.rounds):
    ours.append(hwsseg_step())
    theirs.append(statistics.median(pytorch_step() for _ in range(arguments.steps)))
    print(f"round {number + 1}: hwsseg {ours[-1]:.3f} s, PyTorch {theirs[-1]:.3f} s, ratio {ours[-1] / theirs[-1]:.2f}",
          flush=True)
ratio = statistics.median(a / b for a, b in zip(ours, theirs))
print(f"median: hwsseg ({arguments.engine}) {statistics.median(ours):.3f} s, "
      f"PyTorch {torch.__version__} {statistics.median(theirs):.3f} s, ratio {ratio:.2f}")
# In kilobytes; both include the program itself.
ours, theirs = (resource.getrusage(who).ru_maxrss / 1e6 for who in (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF))
print(f"peak memory: hwsseg {ours:.2f} GB, PyTorch {theirs:.2f} GB, ratio {ours / theirs:.2f}")
