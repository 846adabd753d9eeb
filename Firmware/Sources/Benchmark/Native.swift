import Bytes
import Measurement

/// Calls the kernel as compiled for this processor.
///
/// - Returns: whether it gave the right result and left the right context, the first time and the last.
func measureNative(_ it: borrowing BenchmarkCase) -> Bool {
  typealias Function = @convention(c) (UnsafeMutablePointer<UInt8>?) -> UInt64
  // SAFETY: the host has put functions of this type at both addresses; bit 0 selects the Thumb state.
  let empty = unsafe unsafeBitCast(BenchmarkMemory.emptyFunctionAddress | 1, to: Function.self)
  let kernel = unsafe unsafeBitCast(BenchmarkMemory.functionAddress | 1, to: Function.self)
  var buffer = Buffer(count: max(it.context.count, 8))
  var memory = buffer.mutableSpan
  for index in it.context.indices { memory[index] = it.context[index] }
  let isCorrect = unsafe memory.withUnsafeMutableBufferPointer { memory in
    let context = memory.baseAddress
    let result = unsafe kernel(context)
    let after = unsafe UnsafeBufferPointer(rebasing: memory[..<it.context.count])
    report(result: result, context: unsafe after.span)
    let first = unsafe it.accepts(result, after.span)
    let all = Stopwatch.instructions { _ = unsafe kernel(context) }
    let call = Stopwatch.instructions { _ = unsafe empty(context) }
    // The empty function's return stands for the kernel's.
    report("instructions", all - call + 1)
    return unsafe first && it.accepts(kernel(context), after.span)
  }
  return isCorrect
}
