import Files

/// How images, labels or probabilities of a configuration are resampled.
public struct ResamplingSettings: Sendable, Equatable {
  static let function = "resample_data_or_seg_to_shape"

  public var isSegmentation: Bool
  /// Order of the splines: 0 nearest neighbor, 1 linear, 3 cubic.
  public var order: Int
  /// Order along the coarse axis when it is treated apart.
  public var orderZ: Int
  /// Whether the coarse axis is treated apart; `nil` decides by the spacings.
  public var forceSeparateZ: Bool?

  public init(isSegmentation: Bool, order: Int) {
    self.isSegmentation = isSegmentation
    self.order = order
    orderZ = 0
  }

  /// Reads `resampling_fn_KIND` and its arguments; those missing are as in `standard`.
  ///
  /// - Throws: `InputError` for a function or an order other than nnU-Net's own.
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
  public var description: String {
    "order \(order), order_z \(orderZ), force_separate_z \(forceSeparateZ.map(String.init) ?? "null")"
  }
}
