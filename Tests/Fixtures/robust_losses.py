"""Writes robust_losses.json: the robust losses by their papers' formulas, and by PyTorch's autograd in float64 how
their gradients with respect to the logits differ from the cross-entropy's and depend on the unconstrained parameter.

    python robust_losses.py        needs torch

`logits` are (N, z, y, x, channel), `labels` (N, z, y, x) with 3 for voxels without annotation. Each example has the
loss of each sample, the gradient of the sum over the samples of factor times loss minus that of factor times
cross-entropy, and the derivative of the former by eta, where the parameter is low + (high - low) * sigmoid(eta).
"""

import json
from pathlib import Path

import torch

SHAPE = (2, 1, 2, 3, 3)
FACTORS = torch.tensor([0.25, 2.0], dtype=torch.float64)
IGNORED = 3
REGIONS = [[1, 2], [2], [0, 1]]
EXAMPLES = {
    "generalized": ((0.001, 1), [0.3, 0.9]),
    "symmetric": ((0, 1), [0.2, 0.9]),
    "bi-tempered": ((0, 0.999), [0.2, 0.8]),
    "polynomial": ((0.1, 100), [1.5, 5]),
}


def loss(kind, parameter, p, label):
    """The loss of voxels with the probabilities p (..., answer) and the indices of the right answers."""
    right = p.gather(-1, label[..., None])[..., 0]
    entropy = -right.log()
    if kind == "cross-entropy":
        return entropy
    if kind == "generalized":
        return (1 - right**parameter) / parameter
    if kind == "symmetric":
        return (1 - parameter) * entropy + parameter * 4 * (1 - right)
    if kind == "bi-tempered":
        u = 1 - parameter
        return -(right**u - 1) / u - (1 - (p ** (1 + u)).sum(-1)) / (1 + u)
    return parameter / 3 * (1 - (1 - entropy / parameter).clamp(min=0) ** 3)


def losses(kind, parameter, logits, labels, regions, ignores):
    counts = (labels != IGNORED) if ignores else torch.ones_like(labels, dtype=torch.bool)
    known = torch.where(counts, labels, 0)
    if regions:
        p = torch.sigmoid(logits)
        inside = torch.stack([sum((known == value) for value in region) for region in REGIONS], -1)
        values = loss(kind, parameter, torch.stack([1 - p, p], -1), inside)
        values = values.sum(-1) if ignores else values.mean(-1)
    else:
        values = loss(kind, parameter, logits.softmax(-1), known)
    return (values * counts).sum((1, 2, 3)) * len(labels) / counts.sum()


torch.manual_seed(1)
logits = (2 * torch.randn(SHAPE, dtype=torch.float64)).round(decimals=2)
labels = torch.randint(0, 3, SHAPE[:4])
ignoring = labels.clone()
ignoring[0, 0, 0], ignoring[1, 0, 1, 2] = IGNORED, IGNORED
examples = []
for kind, ((low, high), parameters) in EXAMPLES.items():
    for regions in (False, True):
        for ignores, value in zip((False, True), parameters):
            share = (value - low) / (high - low)
            eta = torch.tensor(share / (1 - share), dtype=torch.float64).log().requires_grad_()
            z = logits.clone().requires_grad_()
            setting = (z, ignoring if ignores else labels, regions, ignores)
            of_samples = losses(kind, low + (high - low) * torch.sigmoid(eta), *setting)
            (gradient,) = torch.autograd.grad(FACTORS @ of_samples, z, create_graph=True)
            probe = torch.zeros_like(gradient, requires_grad=True)
            (along,) = torch.autograd.grad((probe * gradient).sum(), eta, create_graph=True)
            (derivative,) = torch.autograd.grad(along, probe)
            (plain,) = torch.autograd.grad(FACTORS @ losses("cross-entropy", None, *setting), z)
            examples.append(
                {
                    "kind": kind,
                    "parameter": value,
                    "regions": regions,
                    "ignores": ignores,
                    "losses": of_samples.tolist(),
                    "change": [float(f"{v:.9g}") for v in (gradient - plain).flatten()],
                    "derivative": [float(f"{v:.9g}") for v in derivative.flatten()],
                }
            )
values = {
    "shape": SHAPE,
    "factors": FACTORS.tolist(),
    "logits": logits.flatten().tolist(),
    "labels": labels.flatten().tolist(),
    "ignoring": ignoring.flatten().tolist(),
    "regions": REGIONS,
    "examples": examples,
}
lines = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in values.items() if key != "examples"]
text = ",\n".join(f"  {json.dumps(example)}" for example in examples)
Path(__file__).with_suffix(".json").write_text("{\n" + ",\n".join(lines) + ',\n "examples": [\n' + text + "\n ]\n}\n")
