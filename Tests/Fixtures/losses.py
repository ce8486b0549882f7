"""Writes losses.safetensors: nnU-Net's losses for classes and for regions, with and without an ignore label,
and their gradients.

    python losses.py        needs torch, nnunetv2 and safetensors

Each example has `logits` (N, channels, z, y, x) and `labels` (N, z, y, x). `loss/False` and
`gradient/False` use the Dice of each sample, `loss/True` and `gradient/True` the Dice over the batch. The
gradients are with respect to the logits. Everything is computed in float64 and stored in float32; labels
are int16.
"""

from pathlib import Path

import torch
from nnunetv2.training.loss.compound_losses import DC_and_BCE_loss, DC_and_CE_loss
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss
from safetensors.torch import save_file

# Labels 0 to 3; 4 is not annotated.
REGIONS = [[1, 2, 3], [2, 3], [3]]
IGNORE = 4
SHAPE = (3, 3, 4, 5)


def loss(regions, ignore, batch_dice):
    dice = dict(batch_dice=batch_dice, smooth=1e-5, ddp=False, do_bg=regions)
    if regions:
        return DC_and_BCE_loss({}, dice, use_ignore_label=ignore, dice_class=MemoryEfficientSoftDiceLoss)
    label = IGNORE if ignore else None
    return DC_and_CE_loss(dice, {}, ignore_label=label, dice_class=MemoryEfficientSoftDiceLoss)


def target(labels, regions, ignore):
    if not regions:
        return labels[:, None]
    channels = [torch.isin(labels, torch.tensor(values)) for values in REGIONS]
    return torch.stack(channels + ([labels == IGNORE] if ignore else []), 1)


torch.manual_seed(1)
tensors = {}
for regions in (False, True):
    for annotated in ("all", "some", "few", "none"):
        labels = torch.randint(0, 4, SHAPE)
        if annotated == "some":
            labels[torch.rand(SHAPE) < 0.4] = IGNORE
        elif annotated == "few":
            # A sample without any annotation, and one with a single voxel.
            labels[0] = IGNORE
            labels[1].flatten()[1:] = IGNORE
        elif annotated == "none":
            labels[:] = IGNORE
        logits = 3 * torch.randn(SHAPE[0], 3 if regions else 4, *SHAPE[1:], dtype=torch.float64)
        name = f"{'regions' if regions else 'classes'}_{annotated}"
        tensors |= {f"{name}/logits": logits.float(), f"{name}/labels": labels.to(torch.int16)}
        for batch_dice in (False, True):
            free = logits.clone().requires_grad_()
            value = loss(regions, annotated != "all", batch_dice)(free, target(labels, regions, annotated != "all"))
            value.backward()
            tensors |= {f"{name}/loss/{batch_dice}": value.detach().reshape(1).float()}
            tensors |= {f"{name}/gradient/{batch_dice}": free.grad.float()}
save_file(tensors, Path(__file__).parent / "losses.safetensors")
