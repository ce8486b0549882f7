import COneDNN
import Foundation
import Threads

/// A oneDNN call that failed.
public struct OneDNNError: Error, CustomStringConvertible {
  /// The name of the C function.
  public let call: String
  /// The `dnnl_status_t` it returned.
  public let status: UInt32
  /// The error in one sentence, with advice.
  public var description: String {
    "oneDNN: \(call) failed with status \(status). Use --engine blas, which does not need oneDNN."
  }
}

/// oneDNN's CPU engine, and its C calls with their statuses checked.
enum OneDNN {
  /// A pointer to an object that oneDNN allows to be used from several threads.
  struct Handle<Pointer>: @unchecked Sendable { let pointer: Pointer }

  /// The CPU engine, created at first use.
  static let processor: Result<Handle<dnnl_engine_t>, OneDNNError> = Result {
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "dnnl_engine_create")
    return Handle(pointer: engine!)
  }.mapError { $0 as? OneDNNError ?? OneDNNError(call: "dnnl_engine_create", status: 0) }

  /// Whether the environment says how long OpenMP's threads spin, as the program sees to.
  static let waitingIsSet = getenv("GOMP_SPINCOUNT") != nil || getenv("OMP_WAIT_POLICY") != nil

  /// Lets OpenMP use no more threads than `Parallel` does, on the calling thread, for which alone its limit counts.
  ///
  /// OMP_NUM_THREADS may ask for fewer threads than there are cores, but not for more: oneDNN sizes its memory by that
  /// number, and OpenMP would crash where the system cannot start so many.
  static func limitThreads() {
    if omp_get_max_threads() > Parallel.threads { omp_set_num_threads(Int32(Parallel.threads)) }
  }

  /// Throws an `OneDNNError` when a call of the C function `call` did not succeed.
  static func check(_ status: dnnl_status_t, _ call: String) throws {
    guard status == dnnl_success else { throw OneDNNError(call: call, status: UInt32(status.rawValue)) }
  }

  /// The memory descriptor of a tensor of the given shape and layout.
  static func description(
    _ shape: [Int], _ tag: dnnl_format_tag_t, _ precision: Precision = .float32
  ) throws -> dnnl_memory_desc_t {
    // Everything that is made begins with a description.
    limitThreads()
    var description = dnnl_memory_desc_t()
    let extents = shape.map { dnnl_dim_t($0) }
    try check(
      dnnl_memory_desc_init_by_tag(
        &description, Int32(shape.count), extents, precision == .float32 ? dnnl_f32 : dnnl_bf16, tag),
      "dnnl_memory_desc_init_by_tag")
    return description
  }
}

/// oneDNN's view of memory: a layout over the memory of a `Tensor` or over memory of its own.
final class OneDNNMemory {
  /// The memory object to pass to oneDNN.
  let handle: dnnl_memory_t
  /// The order of the elements in memory.
  let layout: dnnl_memory_desc_t

  /// Creates a view over new memory when `owned`, else over memory that `over(_:)` sets at each use.
  init(_ layout: dnnl_memory_desc_t, owned: Bool) throws {
    var memory: dnnl_memory_t?
    var layout = layout
    if owned { TensorMemory.add(dnnl_memory_desc_get_size(&layout)) }
    // DNNL_MEMORY_ALLOCATE and DNNL_MEMORY_NONE are pointer casts, which Swift does not import.
    let memoryOption = owned && !TensorMemory.isCounted ? UnsafeMutableRawPointer(bitPattern: UInt.max) : nil
    try OneDNN.check(
      dnnl_memory_create(&memory, &layout, try OneDNN.processor.get().pointer, memoryOption), "dnnl_memory_create")
    handle = memory!
    self.layout = layout
  }

  deinit { dnnl_memory_destroy(handle) }

  /// Points the view at the elements of `tensor` and returns the memory object.
  func over(_ tensor: Tensor) -> dnnl_memory_t {
    dnnl_memory_set_data_handle(handle, tensor.bytes)
    return handle
  }
}

/// A compiled oneDNN primitive and the stream it runs on.
final class OneDNNPrimitive {
  /// The descriptor it was created from.
  let description: dnnl_primitive_desc_t
  /// Both are `nil` where memory is only counted.
  private let primitive: dnnl_primitive_t?
  private let stream: dnnl_stream_t?

  /// Creates the primitive, which takes ownership of `description`.
  init(_ description: dnnl_primitive_desc_t) throws {
    self.description = description
    var primitive: dnnl_primitive_t?
    var stream: dnnl_stream_t?
    guard !TensorMemory.isCounted else {
      (self.primitive, self.stream) = (nil, nil)
      // The library lends one block to all primitives in turn.
      var scratch: Int64 = 0
      dnnl_primitive_desc_query(description, dnnl_query_memory_consumption_s64, 0, &scratch)
      TensorMemory.addShared(Int(scratch))
      return
    }
    try OneDNN.check(dnnl_primitive_create(&primitive, description), "dnnl_primitive_create")
    try OneDNN.check(
      dnnl_stream_create(&stream, try OneDNN.processor.get().pointer, UInt32(dnnl_stream_default_flags.rawValue)),
      "dnnl_stream_create")
    (self.primitive, self.stream) = (primitive, stream)
  }

  /// A primitive that copies memory of one layout to memory of another.
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

  /// The layout that oneDNN chose for an argument.
  func layout(_ query: dnnl_query_t) -> dnnl_memory_desc_t {
    dnnl_primitive_desc_query_md(description, query, 0).pointee
  }

  /// oneDNN's name of the implementation it chose. "ref" in it means reference loops, which are
  /// many times slower.
  var implementation: String {
    var name: UnsafePointer<CChar>?
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name)
    return name.map { String(cString: $0) } ?? "unknown"
  }

  /// Runs the primitive and waits for it to finish.
  ///
  /// - Parameter arguments: Pairs of a `DNNL_ARG_…` constant and a memory object.
  func execute(_ arguments: [(Int32, dnnl_memory_t)]) {
    OneDNN.limitThreads()
    let list = arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1) }
    var status = dnnl_primitive_execute(primitive, stream, Int32(list.count), list)
    if status == dnnl_success { status = dnnl_stream_wait(stream) }
    // OpenMP's threads would spin for a while, on the cores that `Parallel` computes on. To end them takes time too.
    if !OneDNN.waitingIsSet { omp_pause_resource_all(Int32(omp_pause_soft)) }
    // oneDNN accepted the shapes at creation: only a broken library or lack of memory leads here.
    guard status == dnnl_success else { fatalError("oneDNN: execution failed with status \(status.rawValue)") }
  }
}
