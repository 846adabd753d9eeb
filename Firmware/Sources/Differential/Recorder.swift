import Compartment
import Helpers
import Interpreter
import Platform

/// Helpers for both engines: keeps a digest of the calls, from which it makes results, faults, and what it writes.
enum Recorder {
  nonisolated(unsafe) static var calls: UInt32 = 0
  nonisolated(unsafe) static var digest: UInt64 = 0
  nonisolated(unsafe) private static var arena: UInt32 = 0
  nonisolated(unsafe) private static var arenaSize: UInt32 = 0

  /// One helper is not granted, so that calls through a register can come upon that.
  static var granted: HelperSet {
    var set = HelperSet.empty
    for helper in Helper.allCases where helper != .fetchGlobal { set.insert(helper) }
    return set
  }

  static func start(arena address: UInt64, size: Int) {
    calls = 0
    digest = 0
    arena = UInt32(truncatingIfNeeded: address)
    arenaSize = UInt32(size)
  }

  /// - Throws: when an address is outside the arena, and one call in about 64 for no reason.
  static func call(_ helper: Helper, _ arguments: HelperArguments) throws(HelperFault) -> UInt64 {
    calls += 1
    mix(UInt64(helper.rawValue))
    let contract = helper.contract
    var count = contract.argumentCount
    if case .format = contract.argument(count) { count = 5 }
    for index in 0..<count { mix(arguments[index]) }
    if digest & 63 == 0 { throw HelperFault(.argument, address: digest >> 32) }
    switch helper {
    case .fetchLocal:
      let address = UInt32(truncatingIfNeeded: arguments.r2)
      guard isWithin(address, 4) else { throw HelperFault(.access, argument: 2, address: arguments.r2) }
      let pointer = UnsafeMutableRawPointer(bitPattern: UInt(address))
      unsafe pointer?.storeBytes(of: UInt32(truncatingIfNeeded: digest >> 7), as: UInt32.self)
    case .memcpy:
      let (to, from) = (UInt32(truncatingIfNeeded: arguments.r1), UInt32(truncatingIfNeeded: arguments.r2))
      let size = UInt32(truncatingIfNeeded: arguments.r3) & 31
      guard isWithin(to, size), isWithin(from, size) else {
        throw HelperFault(.access, argument: 1, address: arguments.r1)
      }
      for index in 0..<UInt(size) {
        guard let target = UnsafeMutablePointer<UInt8>(bitPattern: UInt(to) + index),
          let source = UnsafePointer<UInt8>(bitPattern: UInt(from) + index)
        else { break }
        unsafe target.pointee = source.pointee
      }
    default: break
    }
    if case .pointer(let argument) = contract.resultKind { return arguments[Int(argument) - 1] }
    return switch digest >> 6 & 7 {
    case 0: digest >> 62
    case 1, 2: digest & 0xFFFF_FFFF
    case 3: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: digest)))
    case 4: digest & 0xFF
    default: digest
    }
  }

  private static func isWithin(_ address: UInt32, _ size: UInt32) -> Bool {
    address &- arena <= arenaSize - size
  }

  private static func mix(_ number: UInt64) {
    var z = (digest ^ number) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    digest = z ^ z >> 31
  }
}

/// The recorder for the interpreter.
struct RecordingHost: HelperHost {
  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    try Recorder.call(helper, arguments)
  }
}

extension HelperArguments {
  /// The value of r1 for 0, and so on.
  fileprivate subscript(index: Int) -> UInt64 {
    switch index {
    case 0: r1
    case 1: r2
    case 2: r3
    case 3: r4
    default: r5
    }
  }
}

/// The recorder for compiled code.
func record(_ call: NativeCall) -> NativeReply {
  switch call {
  case .helper(let position, let arguments):
    guard let helper = Helper(position: position) else { return .stop(.invalidOperation, address: 0) }
    return record(helper, arguments)
  case .numbered(let number, let arguments):
    guard let byte = UInt8(exactly: number), let helper = Helper(rawValue: byte) else {
      return .stop(.unknownHelper, address: number)
    }
    guard Recorder.granted.contains(helper) else { return .stop(.helperNotGranted, address: number) }
    return record(helper, arguments)
  }
}

private func record(_ helper: Helper, _ arguments: HelperArguments) -> NativeReply {
  do throws(HelperFault) { return .result(try Recorder.call(helper, arguments)) } catch {
    return .stop(.helperFault, address: error.address)
  }
}
