import Foundation
import NIfTI
import Statistics

/// One slice of a case as SVG: the image as PNG, and the contours of reference and prediction over it.
enum SlicePicture {
  /// - Parameters:
  ///   - volumes: The case.
  ///   - prediction: One of its predictions.
  ///   - axis: The axis that the slice is across: 0 for z, 1 for y, 2 for x.
  ///   - index: The position along `axis`.
  ///   - box: The voxels to show along z, y and x.
  static func svg(
    _ volumes: CaseVolumes, _ prediction: Volume<Int32>, across axis: Int, at index: Int, in box: [Range<Int>]
  ) -> String {
    let image = Plane(volumes.image, across: axis, at: index, in: box)
    let axes = Plane<Float>.axes(across: axis)
    let (height, width) = (volumes.spacing[axes.vertical], volumes.spacing[axes.horizontal])
    let size = (width: Double(image.width) * width, height: Double(image.height) * height)
    let reduced = image.reduced(to: 256)
    let png = PNG.data(gray(reduced.pixels), width: reduced.width).base64EncodedString()
    let contours = [("reference", volumes.reference), ("prediction", prediction)].map { name, labels in
      #"<path class="\#(name)" d="\#(Plane(labels, across: axis, at: index, in: box).contours)"/>"#
    }
    let view = "0 0 \(mm(size.width)) \(mm(size.height))"
    let name = ["axial", "coronal", "sagittal"][axis]
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="slice" role="img" viewBox="\(view)">
      <title>\(name) slice \(index)</title>
      <image width="\(mm(size.width))" height="\(mm(size.height))" preserveAspectRatio="none" \
      href="data:image/png;base64,\(png)"/>
      <g transform="scale(\(mm(width)) \(mm(height)))">\(contours.joined())</g>
      </svg>
      """
  }

  /// Intensities as bytes; the darkest and brightest hundredth are black and white.
  private static func gray(_ pixels: [Float]) -> [UInt8] {
    let sorted = pixels.map(Double.init).sorted()
    let low = Quantile.percentile(1, ofSorted: sorted)
    let width = max(Quantile.percentile(99, ofSorted: sorted) - low, .leastNormalMagnitude)
    return pixels.map { UInt8((min(max((Double($0) - low) / width, 0), 1) * 255).rounded()) }
  }

  private static func mm(_ length: Double) -> String { String(format: "%.4g", length) }
}
