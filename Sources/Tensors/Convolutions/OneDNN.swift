import COneDNN
import Threads

/// A oneDNN call that failed, by its status.
public struct OneDNNError: Error, CustomStringConvertible {
  public let call: String
  public let status: UInt32
  public var description: String {
    "oneDNN: \(call) failed with status \(status). Use --engine blas, which needs no oneDNN."
  }
}

/// What the layers of oneDNN share: its engine, and its C calls with their statuses checked.
enum OneDNN {
  struct Handle<Pointer>: @unchecked Sendable { let pointer: Pointer }

  /// The processor, opened once.
  static let processor: Result<Handle<dnnl_engine_t>, OneDNNError> = Result {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
    return Handle(pointer: engine!)
  }.mapError { $0 as? OneDNNError ?? OneDNNError(call: "dnnl_engine_create", status: 0) }

  static func check(_ status: dnnl_status_t, _ call: String) throws {
    guard status == dnnl_success else { throw OneDNNError(call: call, status: UInt32(status.rawValue)) }
  }

  static func description(
    _ shape: [Int], _ tag: dnnl_format_tag_t, _ precision: Precision = .float32
  ) throws -> dnnl_memory_desc_t {
    var description = dnnl_memory_desc_t()
    let extents = shape.map { dnnl_dim_t($0) }
    try check(
      dnnl_memory_desc_init_by_tag(
        &description, Int32(shape.count), extents, precision == .float32 ? dnnl_f32 : dnnl_bf16, tag),
      "dnnl_memory_desc_init_by_tag")
    return description
  }
}

/// Memory as oneDNN sees it: a layout, over a tensor of ours or over its own.
final class OneDNNMemory {
  let handle: dnnl_memory_t
  let layout: dnnl_memory_desc_t

  /// Over memory that is set at each use, or over new memory when `owned`.
  init(_ layout: dnnl_memory_desc_t, owned: Bool) throws {
    var memory: dnnl_memory_t?
    var layout = layout
    // DNNL_MEMORY_ALLOCATE and DNNL_MEMORY_NONE are pointer casts, which Swift does not import.
    let place = owned ? UnsafeMutableRawPointer(bitPattern: UInt.max) : nil
    try OneDNN.check(
      dnnl_memory_create(&memory, &layout, try OneDNN.processor.get().pointer, place), "dnnl_memory_create")
    handle = memory!
    self.layout = layout
  }

  deinit { dnnl_memory_destroy(handle) }

  /// The same memory, over `tensor`.
  func over(_ tensor: Tensor) -> dnnl_memory_t {
    dnnl_memory_set_data_handle(handle, tensor.bytes)
    return handle
  }
}

/// A compiled oneDNN primitive and the stream it runs on.
final class OneDNNPrimitive {
  let description: dnnl_primitive_desc_t
  private let primitive: dnnl_primitive_t
  private let stream: dnnl_stream_t

  /// Takes `description` over.
  init(_ description: dnnl_primitive_desc_t) throws {
    var primitive: dnnl_primitive_t?
    var stream: dnnl_stream_t?
    try OneDNN.check(dnnl_primitive_create(&primitive, description), "dnnl_primitive_create")
    try OneDNN.check(
      dnnl_stream_create(&stream, try OneDNN.processor.get().pointer, UInt32(dnnl_stream_default_flags.rawValue)),
      "dnnl_stream_create")
    self.description = description
    self.primitive = primitive!
    self.stream = stream!
  }

  /// From one layout to another.
  static func reorder(_ source: dnnl_memory_desc_t, _ target: dnnl_memory_desc_t) throws -> OneDNNPrimitive {
    let engine = try OneDNN.processor.get().pointer
    var description: dnnl_primitive_desc_t?
    var (source, target) = (source, target)
    try OneDNN.check(
      dnnl_reorder_primitive_desc_create(&description, &source, engine, &target, engine, nil),
      "dnnl_reorder_primitive_desc_create")
    return try OneDNNPrimitive(description!)
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_primitive_destroy(primitive)
    dnnl_primitive_desc_destroy(description)
  }

  /// The layout the primitive chose for an argument.
  func layout(_ query: dnnl_query_t) -> dnnl_memory_desc_t {
    dnnl_primitive_desc_query_md(description, query, 0).pointee
  }

  /// What the library calls the code it chose; "ref" in it means loops many times slower than the rest.
  var implementation: String {
    var name: UnsafePointer<CChar>?
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name)
    return name.map { String(cString: $0) } ?? "unknown"
  }

  func execute(_ arguments: [(Int32, dnnl_memory_t)]) {
    // OpenMP's limit is one of the calling thread.
    if let limit = Parallel.limit { omp_set_num_threads(Int32(limit)) }
    let list = arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1) }
    var status = dnnl_primitive_execute(primitive, stream, Int32(list.count), list)
    if status == dnnl_success { status = dnnl_stream_wait(stream) }
    // OpenMP's threads would go on looking for work for a while, on the cores that ours compute on.
    omp_pause_resource_all(Int32(omp_pause_soft))
    // The shapes were accepted at creation: only a broken library or lack of memory leads here.
    guard status == dnnl_success else { fatalError("oneDNN: execution failed with status \(status.rawValue)") }
  }
}
