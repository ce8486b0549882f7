"""Writes group_distillation.json: distillation by PyTorch in float64, its gradients by autograd, and the weights of the
groups by the rule of Sagawa et al.

    python group_distillation.py        needs numpy and torch (2.15 wrote the file)

`student`, `coarse` and `teacher` are logits (N, z, y, x, channel): the student's at full resolution and at one with
half the voxels along y and x, and the teacher's at full resolution. Each example has the loss of each sample over both
resolutions, and the gradients of the sum over the samples of factor times loss.

The steps are those of a training with group weights. `scales` multiplies the teacher's logits of each sample, so that
losses differ from step to step. Each step has the cases of its batch, the weights of the samples, the losses, the
weights q of the groups after the step, the factor of each sample's loss, and the gradients.
"""

import json
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

SHAPE = (3, 2, 2, 2, 3)
BLOCK = (1, 2, 2)
FACTORS = [0.25, 2.0, 1.0]
# nnU-Net's deep supervision with three outputs: 1, 1/2 and 0 for the coarsest, which has no logits here.
WEIGHTS = [2 / 3, 1 / 3]
SETTINGS = {"weight": 0.7, "temperature": 2.0, "step_size": 0.4, "adjustment": 0.8}
GROUPS = ["a", "a", "b", "a", "c", "b", "a"]
STEPS = [
    # c has not been seen; then b and c are missing; then c comes twice; then all are there.
    {"cases": [0, 2, 1], "weights": [1, 1, 1], "scales": [0.5, 2, 1]},
    {"cases": [3, 6, 0], "weights": [0.5, 2, 1], "scales": [1.5, 0.25, 1]},
    {"cases": [4, 5, 4], "weights": [1, 3, 0.1], "scales": [3, 0.5, 1]},
    {"cases": [6, 4, 2], "weights": [1, 1, 0], "scales": [0.1, 1, 2]},
    {"cases": [1, 2, 5], "weights": [2, 0.5, 1], "scales": [1, 1.5, 2.5]},
]


def channels_first(logits):
    return logits.permute(0, 4, 1, 2, 3)


def losses(outputs, teacher, temperature, exclusive):
    """The loss of each sample, as Hinton et al. have it, at each resolution."""
    total = torch.zeros(SHAPE[0], dtype=torch.float64)
    scaled = channels_first(teacher) / temperature
    targets = scaled.softmax(1) if exclusive else scaled.sigmoid()
    for index, (output, weight) in enumerate(zip(outputs, WEIGHTS)):
        if index > 0:
            targets = F.avg_pool3d(targets, BLOCK)
        logits = channels_first(output) / temperature
        if exclusive:
            divergence = F.kl_div(logits.log_softmax(1), targets, reduction="none").sum(1)
        else:
            # Cross-entropy minus the entropy of the targets, for each channel.
            divergence = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
            divergence = (divergence - F.binary_cross_entropy(targets, targets, reduction="none")).mean(1)
        total = total + weight * temperature**2 * divergence.mean((1, 2, 3))
    return total


class GroupWeights:
    """The adversarial weights of the class LossComputer in https://github.com/kohpangwei/group_DRO.

    Differences: q follows the moving average of a group's loss, where that code takes the batch's, in which a missing
    group has 0; a group without a loss yet counts as the worst. The moving average itself is the same.
    """

    def __init__(self, groups, step_size, adjustment, gamma=0.1):
        self.names = sorted(set(groups))
        self.group_of_case = torch.tensor([self.names.index(name) for name in groups])
        counts = torch.bincount(self.group_of_case).double()
        self.adj = adjustment / counts.sqrt()
        self.step_size, self.gamma = step_size, gamma
        self.adv_probs = torch.ones(len(self.names), dtype=torch.float64) / len(self.names)
        self.exp_avg_loss = torch.zeros(len(self.names), dtype=torch.float64)
        self.exp_avg_initialized = torch.zeros(len(self.names), dtype=torch.bool)

    def update(self, losses, cases):
        group_map = (self.group_of_case[cases] == torch.arange(len(self.names)).unsqueeze(1)).double()
        group_count = group_map.sum(1)
        group_denom = group_count + (group_count == 0)
        group_loss = (group_map @ losses) / group_denom

        prev_weights = (1 - self.gamma * (group_count > 0)) * self.exp_avg_initialized
        self.exp_avg_loss = self.exp_avg_loss * prev_weights + group_loss * (1 - prev_weights)
        self.exp_avg_initialized |= group_count > 0

        worst = self.exp_avg_loss[self.exp_avg_initialized].max()
        adjusted_loss = torch.where(self.exp_avg_initialized, self.exp_avg_loss, worst) + self.adj
        self.adv_probs = self.adv_probs * torch.exp(self.step_size * adjusted_loss)
        self.adv_probs = self.adv_probs / self.adv_probs.sum()


def gradients(objective, outputs):
    return [numbers(gradient) for gradient in torch.autograd.grad(objective, outputs)]


def numbers(tensor):
    return [float(f"{value:.9g}") for value in tensor.detach().ravel().tolist()]


random = np.random.default_rng(2)
coarse_shape = (SHAPE[0],) + tuple(n // b for n, b in zip(SHAPE[1:4], BLOCK)) + (SHAPE[4],)
student, coarse, teacher = (
    torch.from_numpy(np.round(2 * random.standard_normal(shape), 3)) for shape in (SHAPE, coarse_shape, SHAPE)
)
outputs = [student.requires_grad_(), coarse.requires_grad_()]

examples = []
for exclusive in (True, False):
    for temperature in (1.0, 3.0):
        values = losses(outputs, teacher, temperature, exclusive)
        fine_gradient, coarse_gradient = gradients(torch.tensor(FACTORS, dtype=torch.float64) @ values, outputs)
        examples.append(
            {
                "exclusive": exclusive,
                "temperature": temperature,
                "losses": numbers(values),
                "gradient": fine_gradient,
                "coarse_gradient": coarse_gradient,
            }
        )

groups = GroupWeights(GROUPS, SETTINGS["step_size"], SETTINGS["adjustment"])
steps = []
for step in STEPS:
    scales = torch.tensor(step["scales"], dtype=torch.float64).reshape(-1, 1, 1, 1, 1)
    values = losses(outputs, scales * teacher, SETTINGS["temperature"], True)
    cases = torch.tensor(step["cases"])
    groups.update(values.detach(), cases)
    q = groups.adv_probs[groups.group_of_case[cases]]
    sample_weights = torch.tensor(step["weights"], dtype=torch.float64)
    factors = SETTINGS["weight"] * q * len(groups.names) * sample_weights / len(cases)
    fine_gradient, coarse_gradient = gradients(factors @ values, outputs)
    steps.append(
        step
        | {
            "losses": numbers(values),
            "q": dict(zip(groups.names, numbers(groups.adv_probs))),
            "factors": numbers(factors),
            "gradient": fine_gradient,
            "coarse_gradient": coarse_gradient,
        }
    )

text = json.dumps(
    {
        "shape": SHAPE,
        "factors": FACTORS,
        "student": numbers(student),
        "coarse": numbers(coarse),
        "teacher": numbers(teacher),
        "examples": examples,
        "settings": SETTINGS,
        "groups": GROUPS,
        "steps": steps,
    },
    indent=1,
)
Path(__file__).with_suffix(".json").write_text(text + "\n")
