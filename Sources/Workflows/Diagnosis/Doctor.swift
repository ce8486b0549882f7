import Files
import Foundation
import NIfTI
import Tensors
import Threads
import Version

/// Describes the program and the machine, and tries out what every run needs: what `hwsseg doctor` does.
public enum Doctor {
  /// What a report of an error should say of the program and the machine.
  ///
  /// - Parameter folder: A folder for results, to say how much can be written there beside the current folder.
  public static func facts(folder: URL?) -> [Inspection.Fact] {
    let (machine, processor) = (Machine.current, Processor.current)
    let current = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    return [
      ("hwsseg", "\(Version.number), commit \(Version.commit)"), ("system", machine.system),
      ("processor", machine.processor), ("it has", list(processor.notable)), ("built for", list(processor.builtFor)),
      ("cores", "\(machine.cores)"), ("memory", memory()), ("environment", environment()),
      ("time", "\(Date().formatted(Date.ISO8601FormatStyle(timeZoneSeparator: .colon, timeZone: .current)))"),
    ] + [current, folder].compactMap(\.self).map { ("folder", disk($0)) }
      // Rooms that compute are not entered when they may end the program.
      + (processor.missing.isEmpty ? libraries() : [])
  }

  /// Tries out the processor, the convolutions and the files.
  ///
  /// - Parameter folder: A folder for results to write into; the system's temporary folder when left out.
  public static func checks(folder: URL?) -> [Check] {
    let processor = Processor.current
    let instructions = Check("instructions") {
      guard processor.missing.isEmpty else {
        return .failed("this processor lacks \(list(processor.missing)); build the program on this machine")
      }
      return .ok()
    }
    guard !instructions.hasFailed else { return [instructions] }
    return [instructions] + ConvolutionCheck.all()
      + FileChecks.all(in: folder ?? FileManager.default.temporaryDirectory)
  }

  private static func libraries() -> [Inspection.Fact] {
    [
      ("threads", "\(Parallel.threads)"), ("OpenBLAS", NumericLibraries.openBLAS), ("oneDNN", NumericLibraries.oneDNN),
      ("zlib", FileLibraries.zlib), ("NIfTI library", FileLibraries.nifti),
    ]
  }

  private static func memory() -> String {
    "\(ByteCount.text(Int(clamping: ProcessInfo.processInfo.physicalMemory))), of which this program can have "
      + "\(ByteCount.text(AvailableMemory.bytes)) by what is free, the control group and ulimit"
  }

  /// The variables that change how libraries compute.
  private static func environment() -> String {
    let names = [
      "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE",
      "ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA",
    ]
    let values = ProcessInfo.processInfo.environment
    let set = names.compactMap { name in values[name].map { "\(name)=\($0)" } }
    return set.isEmpty ? "no variable for OpenMP, OpenBLAS or oneDNN" : list(set)
  }

  private static func disk(_ folder: URL) -> String {
    guard let disk = FileSystem(of: folder) else { return "\(folder.path) cannot be read" }
    return "\(folder.path), \(disk.kind): \(ByteCount.text(disk.free)) of \(ByteCount.text(disk.size)) free"
  }

  private static func list(_ names: [String]) -> String { names.isEmpty ? "none" : names.joined(separator: ", ") }
}
