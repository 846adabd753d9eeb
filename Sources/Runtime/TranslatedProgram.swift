import Helpers
import Interpreter

/// A program in the form that the interpreter runs, and what a run needs to know besides.
struct TranslatedProgram: Sendable {
  let program: InterpretedProgram
  /// Where the data as it is before a run starts, in its slot's region.
  var dataStart: Int
  /// Bytes of data with values, and of the zeros behind them.
  let dataSize, zeroSize: Int
  /// Where the read-only data is in the image.
  let rodata: Range<Int>
  /// Stack frames the program can need.
  let frames: Int
  /// The helpers that it may call through a register.
  let granted: HelperSet

  var data: Range<Int> { dataStart..<dataStart + dataSize }
}
