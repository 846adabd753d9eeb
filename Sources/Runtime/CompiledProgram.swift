import Bytes
import Compartment
import Helpers
import JIT

/// A compiled program: what a run needs to know, and where the parts lie in the region of memory that holds it.
///
/// The region holds all that the program needs, so that its image may go: first the read-only data, then the data as it is
/// before a run, then the code, then the map from code to instructions.
struct CompiledProgram: Sendable {
  /// Bytes of read-only data.
  let rodataSize: Int
  /// Bytes of data with values, and of the zeros behind them.
  let dataSize, zeroSize: Int
  /// Stack frames the program can need.
  let frames: Int
  /// The instruction that runs first.
  let entryIndex: Int
  /// Where the code of the first instruction starts, in halfwords.
  let firstHalfword: Int
  let code: CompiledCode
  let mapSize: Int
  /// The helpers that it may call through a register.
  let granted: HelperSet

  var rodata: Range<Int> { 0..<rodataSize }
  var data: Range<Int> {
    let start = Self.dataStart(rodataSize: rodataSize)
    return start..<start + dataSize
  }
  var codeStart: Int { Self.codeStart(rodataSize: rodataSize, dataSize: dataSize) }
  var map: Range<Int> {
    let start = codeStart + code.size
    return start..<start + mapSize
  }

  static func dataStart(rodataSize: Int) -> Int { (rodataSize + 7) & ~7 }
  static func codeStart(rodataSize: Int, dataSize: Int) -> Int {
    (dataStart(rodataSize: rodataSize) + dataSize + 3) & ~3
  }

  /// The instruction that ends `site` bytes from the start of the code.
  func place(ofSite site: Int, in region: Span<UInt8>) -> CodeMap.Place? {
    // What belongs to no instruction comes before the first that runs.
    CodeMap.place(ofHalfword: site / 2 - 1, start: firstHalfword, in: region.extracting(map))
  }
}
