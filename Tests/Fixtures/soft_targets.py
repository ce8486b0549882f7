"""Writes soft_targets.json: the loss of distillation and its gradient by their closed forms in float64, for classes and
for regions. The gradient is held against central differences before anything is written.

    python soft_targets.py        needs numpy

`student` and `teacher` are logits (N, z, y, x, channel). Each example has the loss of each sample at one output,
and the gradient of the sum over the samples of factor times loss with respect to the student's logits. `pooled` is
the divergence of a student at half the resolution from the teacher's probabilities averaged over blocks of 2 x 2 x 2
voxels.
"""

import json
from pathlib import Path

import numpy as np

SHAPE = (2, 2, 2, 4, 3)
FACTORS = [0.25, 2.0]
AXES = (1, 2, 3)


def probabilities(logits, exclusive):
    if not exclusive:
        return 1 / (1 + np.exp(-logits))
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(-1, keepdims=True)


def losses(student, targets, temperature, exclusive):
    p = probabilities(student / temperature, exclusive)
    if exclusive:
        divergence = (targets * np.log(targets / p)).sum(-1)
    else:
        divergence = (targets * np.log(targets / p) + (1 - targets) * np.log((1 - targets) / (1 - p))).mean(-1)
    return temperature**2 * divergence.mean(AXES)


def pooled(targets):
    n, z, y, x, c = targets.shape
    return targets.reshape(n, z // 2, 2, y // 2, 2, x // 2, 2, c).mean((2, 4, 6))


def gradient(student, targets, temperature, exclusive):
    p = probabilities(student / temperature, exclusive)
    voxels = np.prod(student.shape[1:4]) * (1 if exclusive else student.shape[4])
    return np.reshape(FACTORS, (-1, 1, 1, 1, 1)) * temperature * (p - targets) / voxels


random = np.random.default_rng(1)
student, teacher = (np.round(2 * random.standard_normal(SHAPE), 3) for _ in range(2))
coarse = np.round(2 * random.standard_normal((2, 1, 1, 2, 3)), 3)
examples = []
for exclusive in (True, False):
    for temperature in (1.0, 2.0, 5.0):
        targets = probabilities(teacher / temperature, exclusive)
        slope = gradient(student, targets, temperature, exclusive)
        for index in np.ndindex(SHAPE):
            step = np.zeros(SHAPE)
            step[index] = 1e-5
            up, down = (losses(student + s, targets, temperature, exclusive) for s in (step, -step))
            assert abs(np.dot(FACTORS, up - down) / 2e-5 - slope[index]) < 1e-8
        examples.append(
            {
                "exclusive": exclusive,
                "temperature": temperature,
                "losses": losses(student, targets, temperature, exclusive).tolist(),
                "gradient": slope.ravel().tolist(),
                "pooled": losses(coarse, pooled(targets), temperature, exclusive).tolist(),
            }
        )
values = {
    "shape": SHAPE,
    "factors": FACTORS,
    "student": student.ravel().tolist(),
    "teacher": teacher.ravel().tolist(),
    "coarse": coarse.ravel().tolist(),
    "examples": examples,
}
Path(__file__).with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n")
