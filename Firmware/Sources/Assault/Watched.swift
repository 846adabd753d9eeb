import CSnippets
import _Volatile

/// Memory of this machine, looked at by address.
///
/// SAFETY: whoever makes one names memory that is there for as long as the machine runs.
struct Watched {
  private let start: UnsafePointer<UInt32>
  private let count: Int

  /// - Parameter range: addresses divisible by 4.
  init(_ range: Range<UInt>) {
    start = unsafe UnsafePointer(bitPattern: range.lowerBound).unsafelyUnwrapped
    count = range.count / 4
  }

  /// A number that other contents hardly have.
  @_optimize(speed)
  var digest: UInt32 {
    var digest: UInt32 = 0
    var word = start
    for _ in 0..<count {
      digest = digest &* 31 &+ (unsafe word.pointee)
      unsafe word += 1
    }
    return digest
  }
}

/// The registers that decide who may do what (ARM DDI 0403, B3.2 to B3.5).
enum SystemRegisters {
  static var digest: UInt32 {
    var digest = cpu_masks()
    // Vector table, sleep, faults and their priorities, coprocessors, debug, memory protection.
    let addresses: InlineArray<9, UInt> = [
      0xE000_ED08, 0xE000_ED10, 0xE000_ED14, 0xE000_ED18, 0xE000_ED1C, 0xE000_ED20, 0xE000_ED24, 0xE000_ED88,
      0xE000_ED94,
    ]
    for index in addresses.indices { mix(addresses[index], ~0, into: &digest) }
    // Timer: on, and its period.
    mix(0xE000_E010, 7, into: &digest)
    mix(0xE000_E014, ~0, into: &digest)
    // Interrupts that are let through, and pending.
    mix(0xE000_E100, ~0, into: &digest)
    mix(0xE000_E200, ~0, into: &digest)
    let regions: InlineArray<3, UInt32> = [0, 1, 7]
    for index in regions.indices {
      VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED98).store(regions[index])
      mix(0xE000_ED9C, ~0, into: &digest)
      mix(0xE000_EDA0, ~0, into: &digest)
    }
    return digest
  }

  private static func mix(_ address: UInt, _ mask: UInt32, into digest: inout UInt32) {
    digest = digest &* 31 &+ VolatileMappedRegister<UInt32>(unsafeBitPattern: address).load() & mask
  }
}

/// The memory between heap and the guard below the stack, which is nobody's.
enum FreeMemory {
  private static let filling: UInt32 = 0xC35A_A53C

  private static func words(from heapEnd: UInt, to heapLimit: UInt) -> UnsafeMutableBufferPointer<UInt32> {
    let start = (heapEnd + 7) & ~7
    return UnsafeMutableBufferPointer(
      start: UnsafeMutablePointer(bitPattern: start), count: Int(heapLimit - start) / 4)
  }

  // SAFETY: nothing is taken from the heap after `fill`.

  static func fill(from heapEnd: UInt, to heapLimit: UInt) {
    unsafe words(from: heapEnd, to: heapLimit).update(repeating: filling)
  }

  static func isIntact(from heapEnd: UInt, to heapLimit: UInt) -> Bool {
    for word in unsafe words(from: heapEnd, to: heapLimit) where word != filling { return false }
    return true
  }
}
