import ProgramImage
import Toolchain

/// Bytes of the image in each layout that can hold the program.
func layoutSizes(of object: [UInt8], entry: String) throws -> [String: Int] {
  var sizes: [String: Int] = [:]
  for layout in ImageLayout.allCases {
    do throws(LinkError) {
      sizes["\(layout)"] = try Linker(layout: layout, entry: entry).link([object]).image.count
    } catch .moreThanText {
      continue
    }
  }
  return sizes
}
