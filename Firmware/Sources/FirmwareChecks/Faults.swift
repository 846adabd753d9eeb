import Bytes
import CCortexM
import _Volatile

/// A fault to run into on purpose, so that its report can be read.
struct DeliberateFault {
  let name: StaticString
  let run: () -> Void

  static var all: InlineArray<7, DeliberateFault> {
    [
      DeliberateFault(name: "failed-runtime-check", run: indexOutOfBounds),
      DeliberateFault(name: "unmapped-address", run: storeToUnmappedAddress),
      DeliberateFault(name: "unmapped-code") { call(address: 0x7000_0001) },
      DeliberateFault(name: "not-thumb") { call(address: 0x100) },
      DeliberateFault(name: "heap-exhausted", run: takeMoreThanThereIs),
      DeliberateFault(name: "stack-exhausted") { print(recurse(three)) },
      DeliberateFault(name: "stack-guard", run: storeBelowStack),
    ]
  }
}

/// 3, but the compiler does not know.
nonisolated(unsafe) private var three = 3

@inline(never)
private func indexOutOfBounds() {
  let bytes: InlineArray<3, UInt8> = [1, 2, 3]
  print(bytes[three])
}

@inline(never)
private func storeToUnmappedAddress() {
  VolatileMappedRegister<UInt32>(unsafeBitPattern: 0x7000_0000).store(1)
}

@inline(never)
private func call(address: UInt) {
  // SAFETY: there is none; the fault that this ends in is what it is for.
  unsafe unsafeBitCast(address, to: (@convention(c) () -> Void).self)()
}

/// Without end.
@inline(never) @_optimize(none)
private func recurse(_ depth: Int) -> Int {
  three == 0 ? depth : recurse(depth &+ three) ^ depth
}

/// As a function does whose variables do not fit any more.
@inline(never)
private func storeBelowStack() {
  VolatileMappedRegister<UInt32>(unsafeBitPattern: UInt(cortexm_heap_limit()) + 1020).store(1)
}

/// Six mebibytes, of a memory of four.
@inline(never)
private func takeMoreThanThereIs() {
  let buffer = Buffer(count: three << 21)
  print(buffer.count)
}
