import COneDNN
import Files

/// Convolution by oneDNN. Inputs and outputs stay dense and channels-last; weights are reordered to
/// the layout it prefers.
final class OneDNNConvolution: Convolution {
  let shape: ConvolutionShape
  private let forwardPass: OneDNNPrimitive
  private let toForward: OneDNNPrimitive
  private let forwardWeights: OneDNNMemory
  private let plainWeights, input, output, bias: OneDNNMemory
  /// `nil` in inference, which needs none.
  private let backward: Backward?

  /// The primitives of the backward passes, with the weights and their gradient in oneDNN's layouts.
  private struct Backward {
    let data: OneDNNPrimitive
    let toData: OneDNNPrimitive
    let dataWeights: OneDNNMemory
    let weights: OneDNNPrimitive
    let fromWeights: OneDNNPrimitive
    let weightGradient: OneDNNMemory
  }

  init(_ shape: ConvolutionShape, precision: Precision, training: Bool = true) throws {
    // There oneDNN 2.6 computes wrong gradients with respect to the input when the number of voxels
    // is not a multiple of its block size.
    guard precision == .float32 || shape.kernel != [1, 1, 1] || shape.outputChannels % 2 == 0 else {
      throw InputError(
        "precision", found: "bfloat16 with a 1 x 1 x 1 convolution to \(shape.outputChannels) channels",
        expected: "an even number of channels, or float32", advice: "Use --precision float32.")
    }
    self.shape = shape
    let layouts = try Layouts(shape, precision)
    forwardPass = try Self.forwardPrimitive(layouts)
    forwardWeights = try OneDNNMemory(forwardPass.layout(dnnl_query_weights_md), owned: true)
    plainWeights = try OneDNNMemory(layouts.plainWeights, owned: false)
    input = try OneDNNMemory(layouts.input, owned: false)
    output = try OneDNNMemory(layouts.output, owned: false)
    bias = try OneDNNMemory(layouts.bias, owned: false)
    toForward = try .reorder(layouts.plainWeights, forwardWeights.layout)
    backward = training ? try Self.backward(layouts, hint: forwardPass) : nil
  }

  /// Whether oneDNN can count the voxels of a batch: it does so in 32 bits, and divides by zero beyond.
  static func suits(_ shape: ConvolutionShape) -> Bool {
    max(shape.rows, shape.input.reduce(shape.batch, *)) <= Int(Int32.max)
  }

  func prepare(weights: Tensor) {
    toForward.execute([(DNNL_ARG_FROM, plainWeights.over(weights)), (DNNL_ARG_TO, forwardWeights.handle)])
  }

  func forward(input x: Tensor, bias b: Tensor, output y: Tensor) {
    forwardPass.execute([
      (DNNL_ARG_SRC, input.over(x)), (DNNL_ARG_WEIGHTS, forwardWeights.handle), (DNNL_ARG_BIAS, bias.over(b)),
      (DNNL_ARG_DST, output.over(y)),
    ])
  }

  func backwardInput(outputGradient: Tensor, weights: Tensor, inputGradient: Tensor) {
    let backward = backwardPasses()
    backward.toData.execute([(DNNL_ARG_FROM, plainWeights.over(weights)), (DNNL_ARG_TO, backward.dataWeights.handle)])
    backward.data.execute([
      (DNNL_ARG_DIFF_DST, output.over(outputGradient)), (DNNL_ARG_WEIGHTS, backward.dataWeights.handle),
      (DNNL_ARG_DIFF_SRC, input.over(inputGradient)),
    ])
  }

  func backwardWeights(input x: Tensor, outputGradient: Tensor, weightGradient: Tensor, biasGradient: Tensor) {
    let backward = backwardPasses()
    backward.weights.execute([
      (DNNL_ARG_SRC, input.over(x)), (DNNL_ARG_DIFF_DST, output.over(outputGradient)),
      (DNNL_ARG_DIFF_WEIGHTS, backward.weightGradient.handle), (DNNL_ARG_DIFF_BIAS, bias.over(biasGradient)),
    ])
    backward.fromWeights.execute([
      (DNNL_ARG_FROM, backward.weightGradient.handle), (DNNL_ARG_TO, plainWeights.over(weightGradient)),
    ])
  }

  var implementation: String { "oneDNN, \(forwardPass.implementation)" }

  /// oneDNN's names of the implementations it chose for the forward and both backward passes.
  var implementations: [String] {
    let backward = backwardPasses()
    return [forwardPass, backward.data, backward.weights].map(\.implementation)
  }

  private func backwardPasses() -> Backward {
    guard let backward else { preconditionFailure("the convolution was created for inference") }
    return backward
  }

  private static func backward(_ layouts: Layouts, hint: OneDNNPrimitive) throws -> Backward {
    let data = try backwardDataPrimitive(layouts, hint: hint)
    let weights = try backwardWeightsPrimitive(layouts, hint: hint)
    let dataWeights = try OneDNNMemory(data.layout(dnnl_query_weights_md), owned: true)
    let gradient = try OneDNNMemory(weights.layout(dnnl_query_diff_weights_md), owned: true)
    return Backward(
      data: data, toData: try .reorder(layouts.plainWeights, dataWeights.layout), dataWeights: dataWeights,
      weights: weights, fromWeights: try .reorder(gradient.layout, layouts.plainWeights), weightGradient: gradient)
  }

  /// The layouts of a convolution's arguments, and its strides and padding as oneDNN takes them.
  private struct Layouts {
    /// oneDNN chooses the layouts of `weights` and `weightGradient`. `weightGradient` is always in
    /// 32-bit floats.
    var input, output, bias, plainWeights, weights, weightGradient: dnnl_memory_desc_t
    let strides, before, after: [dnnl_dim_t]

    init(_ shape: ConvolutionShape, _ precision: Precision) throws {
      // oneDNN names extents in the order (N, C, D, H, W) whatever the layout in memory.
      input = try OneDNN.description([shape.batch, shape.inputChannels] + shape.input, dnnl_ndhwc, precision)
      output = try OneDNN.description([shape.batch, shape.outputChannels] + shape.output, dnnl_ndhwc, precision)
      bias = try OneDNN.description([shape.outputChannels], dnnl_x)
      let extents = [shape.outputChannels, shape.inputChannels] + shape.kernel
      plainWeights = try OneDNN.description(extents, dnnl_odhwi)
      weights = try OneDNN.description(extents, dnnl_format_tag_any, precision)
      weightGradient = try OneDNN.description(extents, dnnl_format_tag_any)
      strides = shape.stride.map { dnnl_dim_t($0) }
      before = shape.padding.map { dnnl_dim_t($0) }
      after = (0..<3).map { axis -> dnnl_dim_t in
        let reach: Int = (shape.output[axis] - 1) * shape.stride[axis] + shape.kernel[axis]
        return dnnl_dim_t(reach - shape.input[axis] - shape.padding[axis])
      }
    }
  }

  private static func primitive(
    _ operation: inout dnnl_convolution_desc_t, hint: OneDNNPrimitive? = nil
  ) throws -> OneDNNPrimitive {
    var description: dnnl_primitive_desc_t?
    try OneDNN.check(
      dnnl_primitive_desc_create(&description, &operation, nil, try OneDNN.processor.get().pointer, hint?.description),
      "dnnl_primitive_desc_create")
    return try OneDNNPrimitive(description!)
  }

  private static func forwardPrimitive(_ layouts: Layouts) throws -> OneDNNPrimitive {
    var operation = dnnl_convolution_desc_t()
    var l = layouts
    try OneDNN.check(
      dnnl_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, &l.input, &l.weights, &l.bias, &l.output,
        l.strides, l.before, l.after), "dnnl_convolution_forward_desc_init")
    return try primitive(&operation)
  }

  private static func backwardDataPrimitive(
    _ layouts: Layouts, hint: OneDNNPrimitive
  ) throws -> OneDNNPrimitive {
    var operation = dnnl_convolution_desc_t()
    var l = layouts
    try OneDNN.check(
      dnnl_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &l.input, &l.weights, &l.output, l.strides, l.before, l.after),
      "dnnl_convolution_backward_data_desc_init")
    return try primitive(&operation, hint: hint)
  }

  private static func backwardWeightsPrimitive(
    _ layouts: Layouts, hint: OneDNNPrimitive
  ) throws -> OneDNNPrimitive {
    var operation = dnnl_convolution_desc_t()
    var l = layouts
    try OneDNN.check(
      dnnl_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &l.input, &l.weightGradient, &l.bias, &l.output, l.strides, l.before,
        l.after),
      "dnnl_convolution_backward_weights_desc_init")
    return try primitive(&operation, hint: hint)
  }
}
