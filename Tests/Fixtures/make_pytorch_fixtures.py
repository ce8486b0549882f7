#!/usr/bin/env python3
"""Writes Tests/InferenceTests/Fixtures: nnU-Net results folders with small networks, each with an image and
the logits that PyTorch computes for it.

    python make_pytorch_fixtures.py

Needs torch, safetensors and dynamic-network-architectures (pip install nnunetv2 safetensors). The
checkpoints have the contents that nnU-Net v2's trainer writes.
"""

import json
import os

import numpy as np
import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from safetensors.torch import save_file

here = os.path.dirname(os.path.abspath(__file__))
PATCH = [8, 8, 16]


def arguments(residual):
    blocks = {"n_blocks_per_stage": [1, 2, 2]} if residual else {"n_conv_per_stage": [2, 1, 2]}
    return {
        "n_stages": 3,
        "features_per_stage": [4, 6, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
        "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        **blocks,
        "n_conv_per_stage_decoder": [1, 2] if not residual else [1, 1],
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    }


def plans(residual):
    name = "ResidualEncoderUNet" if residual else "PlainConvUNet"
    resampling = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
    return {
        "dataset_name": "Dataset000_Fixture",
        "plans_name": "nnUNetPlans",
        "original_median_spacing_after_transp": [1.0, 1.0, 1.0],
        "original_median_shape_after_transp": PATCH,
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {
            "3d_fullres": {
                "data_identifier": "nnUNetPlans_3d_fullres",
                "preprocessor_name": "DefaultPreprocessor",
                "batch_size": 2,
                "patch_size": PATCH,
                "median_image_size_in_voxels": PATCH,
                "spacing": [1.0, 1.0, 1.0],
                "normalization_schemes": ["ZScoreNormalization"],
                "use_mask_for_norm": [False],
                "resampling_fn_data": "resample_data_or_seg_to_shape",
                "resampling_fn_data_kwargs": resampling,
                "resampling_fn_seg": "resample_data_or_seg_to_shape",
                "resampling_fn_seg_kwargs": {**resampling, "is_seg": True, "order": 1},
                "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
                "resampling_fn_probabilities_kwargs": {**resampling, "order": 1},
                "architecture": {
                    "network_class_name": f"dynamic_network_architectures.architectures.unet.{name}",
                    "arch_kwargs": arguments(residual),
                    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
                },
                "batch_dice": False,
            }
        },
        "experiment_planner_used": "ExperimentPlanner",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            "0": {
                "max": 1.0,
                "mean": 0.0,
                "median": 0.0,
                "min": -1.0,
                "percentile_00_5": -1.0,
                "percentile_99_5": 1.0,
                "std": 1.0,
            }
        },
    }


def network(residual):
    kwargs = dict(arguments(residual))
    for key, value in [
        ("conv_op", torch.nn.Conv3d),
        ("norm_op", torch.nn.InstanceNorm3d),
        ("nonlin", torch.nn.LeakyReLU),
    ]:
        kwargs[key] = value
    made = (ResidualEncoderUNet if residual else PlainConvUNet)(
        input_channels=1, num_classes=3, deep_supervision=False, **kwargs
    )
    # Norms start as 1 and 0: other values show where each belongs.
    with torch.no_grad():
        for name, parameter in made.named_parameters():
            if ".norm." in name or name.endswith("bias"):
                parameter.copy_(torch.randn_like(parameter) * 0.3 + (1 if name.endswith("norm.weight") else 0))
    return made.eval()


def write(folder, residual):
    torch.manual_seed(7)
    description = {
        "channel_names": {"0": "MR"},
        "labels": {"background": 0, "one": 1, "two": 2},
        "numTraining": 5,
        "file_ending": ".nii.gz",
    }
    made = network(residual)
    optimizer = torch.optim.SGD(made.parameters(), 0.01, momentum=0.99, nesterov=True, weight_decay=3e-5)
    image = torch.randn(1, 1, *PATCH)
    with torch.no_grad():
        logits = made(image)
    os.makedirs(os.path.join(folder, "fold_0"), exist_ok=True)
    for name, content in [("plans.json", plans(residual)), ("dataset.json", description)]:
        with open(os.path.join(folder, name), "w") as file:
            json.dump(content, file, indent=1)
    torch.save(
        {
            "network_weights": made.state_dict(),
            "optimizer_state": optimizer.state_dict(),
            "grad_scaler_state": None,
            "logging": {
                "mean_fg_dice": [np.float64(0.5)],
                "ema_fg_dice": [np.float32(0.5)],
                "train_losses": [0.1],
                "dice_per_class_or_region": [[np.float64(0.4), np.float64(0.6)]],
                "epoch_start_timestamps": [1.7e9],
            },
            "_best_ema": np.float64(0.5),
            "current_epoch": 1,
            "init_args": {
                "plans": plans(residual),
                "configuration": "3d_fullres",
                "fold": 0,
                "dataset_json": description,
                "device": torch.device("cpu"),
            },
            "trainer_name": "nnUNetTrainer",
            "inference_allowed_mirroring_axes": (0, 2),
        },
        os.path.join(folder, "fold_0", "checkpoint_final.pth"),
    )
    save_file(
        {"image": image[0].contiguous(), "logits": logits[0].contiguous()}, os.path.join(folder, "expected.safetensors")
    )


for residual in [False, True]:
    write(os.path.join(here, "..", "InferenceTests", "Fixtures", "residual" if residual else "plain"), residual)
