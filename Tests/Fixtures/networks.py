"""Writes the files in Networks/: small networks of every kind that nnU-Net's plans can describe, and the
values that PyTorch computes for them.

    python networks.py        needs torch, dynamic_network_architectures, nnunetv2 and safetensors

Each file holds:

    weights/NAME      the parameters and running statistics before the pass
    input             the input
    target/0 ...      random labels for each output, full resolution first
    output/0 ...      the outputs
    losses            the loss of each sample: Dice plus cross-entropy, with deep supervision
    gradients/NAME    the gradients of the mean loss with respect to the parameters
    after/NAME        batch normalization only: the running statistics after the pass
    inference         batch normalization only: the full-resolution output that uses these statistics

Everything is computed in float64 and stored in float32.
"""

from pathlib import Path

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from nnunetv2.training.loss.compound_losses import DC_and_CE_loss
from nnunetv2.training.loss.dice import MemoryEfficientSoftDiceLoss
from safetensors.torch import save_file
from torch import nn

COMMON = dict(input_channels=2, num_classes=3, conv_op=nn.Conv3d, deep_supervision=True)
SMALL = dict(
    n_stages=3,
    features_per_stage=[2, 3, 4],
    kernel_sizes=[[1, 3, 3], [3, 3, 3], [3, 3, 3]],
    strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2]],
    n_conv_per_stage=[1, 2, 1],
    n_conv_per_stage_decoder=[2, 1],
)
INSTANCE = dict(norm_op=nn.InstanceNorm3d, norm_op_kwargs=dict(eps=1e-5, affine=True), conv_bias=True)
BATCH = dict(norm_op=nn.BatchNorm3d, norm_op_kwargs=dict(eps=1e-5, affine=True), conv_bias=True)
LEAKY = dict(nonlin=nn.LeakyReLU, nonlin_kwargs=dict(inplace=True))


def residual(**others):
    # Short cuts of every kind: none, pooled and projected, pooled, projected.
    return ResidualEncoderUNet(
        n_stages=4,
        features_per_stage=[2, 3, 3, 4],
        kernel_sizes=[[1, 3, 3]] + [[3, 3, 3]] * 3,
        strides=[[1, 1, 1], [1, 2, 2], [2, 2, 2], [1, 1, 1]],
        n_blocks_per_stage=[1, 2, 1, 1],
        n_conv_per_stage_decoder=[1, 1, 1],
        **COMMON,
        **others,
    )


NETWORKS = {
    "residual": lambda: residual(**INSTANCE, **LEAKY),
    "residual_batch_mish": lambda: residual(**BATCH, nonlin=nn.Mish),
    "bare_instance_gelu": lambda: PlainConvUNet(
        **COMMON, **SMALL, norm_op=nn.InstanceNorm3d, norm_op_kwargs=dict(eps=1e-3), conv_bias=False, nonlin=nn.GELU
    ),
    "no_norm_elu": lambda: PlainConvUNet(**COMMON, **SMALL, conv_bias=True, nonlin=nn.ELU),
}


def weights(outputs):
    raw = [0.5**i if i < outputs - 1 else 0 for i in range(outputs)]
    return [w / sum(raw) for w in raw]


def make(name, build):
    torch.manual_seed(1)
    network = build().double()
    for parameter in network.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, -0.3, 1.2)

    # Each tensor once, under the name that is not a duplicate's.
    def own(names):
        return {n: v for n, v in names if "all_modules" not in n and not n.startswith("decoder.encoder")}

    state = own(network.state_dict().items())
    tensors = {"weights/" + n: v.clone() for n, v in state.items()}
    image = torch.randn(2, 2, 4, 8, 8, dtype=torch.float64)
    outputs = network(image)
    targets = [torch.randint(0, 3, (2, 1, *o.shape[2:])) for o in outputs]
    loss = DC_and_CE_loss(
        dict(batch_dice=False, smooth=1e-5, do_bg=False, ddp=False), {}, dice_class=MemoryEfficientSoftDiceLoss
    )
    losses = torch.stack(
        [
            sum(
                w * loss(o[i : i + 1], t[i : i + 1])
                for w, o, t in zip(weights(len(outputs)), outputs, targets)
                if w > 0
            )
            for i in range(2)
        ]
    )
    losses.mean().backward()
    tensors |= {"input": image, "losses": losses.detach()}
    for i, (output, target) in enumerate(zip(outputs, targets)):
        tensors |= {f"output/{i}": output.detach(), f"target/{i}": target.to(torch.uint8)}
    # remove_duplicate=False: every parameter under all of its names.
    parameters = own(network.named_parameters(remove_duplicate=False))
    tensors |= {"gradients/" + n: p.grad for n, p in parameters.items() if p.grad is not None}
    running = {n: v for n, v in state.items() if "running" in n or "tracked" in n}
    if running:
        tensors |= {"after/" + n: v.clone() for n, v in own(network.state_dict().items()).items() if n in running}
        with torch.no_grad():
            tensors["inference"] = network.eval()(image)[0]
    tensors = {n: (v.float() if v.is_floating_point() else v).contiguous() for n, v in tensors.items()}
    save_file(tensors, Path(__file__).parent / "Networks" / f"{name}.safetensors")


for name, build in NETWORKS.items():
    make(name, build)
