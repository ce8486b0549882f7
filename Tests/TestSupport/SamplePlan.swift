/// A small plans file with some keys that the program does not know.
public enum SamplePlan {
  public static let text = """
    {"dataset_name": "D", "plans_name": "P", "transpose_forward": [1, 0, 2], "transpose_backward": [1, 0, 2],
     "image_reader_writer": "SimpleITKIO", "somebody": {"elses": 1},
     "configurations": {
       "3d_fullres": {"data_identifier": "x", "batch_size": 2, "patch_size": [8, 16, 16], "spacing": [2, 1.0, 1.0],
         "median_image_size_in_voxels": [9.5, 20.0, 20.0], "strange": [1],
         "normalization_schemes": ["ZScoreNormalization"], "use_mask_for_norm": [true], "batch_dice": true,
         "resampling_fn_data": "resample_data_or_seg_to_shape", "resampling_fn_data_kwargs": {"order": 1},
         "architecture": {"network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
           "arch_kwargs": {"n_stages": 2, "features_per_stage": [4, 8], "kernel_sizes": [[1, 3, 3], [3, 3, 3]],
             "strides": [[1, 1, 1], [1, 2, 2]], "n_conv_per_stage": [2, 2], "n_conv_per_stage_decoder": [2],
             "nonlin": "torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": true, "negative_slope": 0.2}}}},
       "small": {"inherits_from": "3d_fullres", "batch_size": 5}},
     "foreground_intensity_properties_per_channel": {"0": {"max": 3, "mean": 1, "median": 1, "min": 0,
       "percentile_00_5": 0, "percentile_99_5": 2.5, "std": 0.5}}}
    """
}
