import Files

/// How images, label maps or logits of a configuration are resampled.
///
/// Each stands in the file as `resampling_fn_KIND` and `resampling_fn_KIND_kwargs`, KIND being `data`, `seg` or
/// `probabilities`. Orders are those of splines: 0 nearest neighbor, 1 linear, 3 cubic.
public struct ResamplingSettings: Sendable, Equatable {
  static let function = "resample_data_or_seg_to_shape"

  /// Whether values are labels, each of which is resampled as an indicator, `is_seg` in the file.
  public var isSegmentation: Bool
  /// Order of the splines.
  public var order: Int
  /// Order along the coarse axis when it is resampled separately, `order_z` in the file.
  public var orderZ: Int
  /// Whether the coarse axis is resampled separately from the others, `force_separate_z` in the file.
  ///
  /// `nil`, nnU-Net's value, does so where the coarsest spacing is more than 3 times the finest.
  public var forceSeparateZ: Bool?

  /// Creates nnU-Net's settings: order 0 along a coarse axis that is resampled separately.
  public init(isSegmentation: Bool, order: Int) {
    self.isSegmentation = isSegmentation
    self.order = order
    orderZ = 0
  }

  /// Reads `resampling_fn_KIND` and its arguments. Missing ones are taken from `standard`.
  ///
  /// - Throws: `InputError` for a function other than nnU-Net's, and for orders other than 0, 1 and 3.
  init(_ kind: String, _ fields: JSONFields, _ standard: ResamplingSettings) throws {
    self = standard
    let key = "resampling_fn_\(kind)"
    if let name = try fields.stringIfPresent(key), name != Self.function {
      throw fields.error(key, found: "the function \(name)", expected: Self.function)
    }
    guard let arguments = try fields.fieldsIfPresent(key + "_kwargs") else { return }
    func order(_ key: String, _ value: Int) throws -> Int {
      let order = try arguments.intIfPresent(key) ?? value
      guard [0, 1, 3].contains(order) else { throw arguments.error(key, found: "\(order)", expected: "0, 1 or 3") }
      return order
    }
    isSegmentation = try arguments.boolIfPresent("is_seg") ?? standard.isSegmentation
    self.order = try order("order", standard.order)
    orderZ = try order("order_z", standard.orderZ)
    forceSeparateZ = try arguments.boolIfPresent("force_separate_z")
  }

  /// Writes the members that `init` reads.
  func write(_ kind: String, to document: inout JSONObject) {
    document["resampling_fn_\(kind)"] = .string(Self.function)
    document["resampling_fn_\(kind)_kwargs"] = .object(
      JSONObject([
        ("is_seg", .bool(isSegmentation)), ("order", .integer(order)), ("order_z", .integer(orderZ)),
        ("force_separate_z", forceSeparateZ.map { .bool($0) } ?? .null),
      ]))
  }
}

extension ResamplingSettings: CustomStringConvertible {
  /// The orders and `force_separate_z`, as error messages show them.
  public var description: String {
    "order \(order), order_z \(orderZ), force_separate_z \(forceSeparateZ.map(String.init) ?? "null")"
  }
}
