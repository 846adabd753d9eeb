public import Compartment
public import Helpers

/// The values of r1 to r5 at the call of a helper.
public struct HelperArguments: Equatable, Sendable {
  public let r1, r2, r3, r4, r5: UInt64

  public init(r1: UInt64 = 0, r2: UInt64 = 0, r3: UInt64 = 0, r4: UInt64 = 0, r5: UInt64 = 0) {
    self.r1 = r1
    self.r2 = r2
    self.r3 = r3
    self.r4 = r4
    self.r5 = r5
  }
}

/// Why a helper stopped the program that called it.
public struct HelperFault: Error, Equatable, Sendable {
  /// The numbers travel to other machines, so they are never given to another reason.
  public enum Reason: UInt8, Sendable {
    /// The argument is an address of memory that the program may not use in this way.
    case access = 1
    /// The argument is a number that the helper does not take.
    case argument = 2
    /// The format asks for a conversion that does not exist.
    case format = 3
    /// This device does not offer the helper.
    case unavailable = 4
    /// The program is not granted the helper; `address` is its number.
    case notGranted = 5
  }

  public let reason: Reason
  /// The argument at fault, 1 for r1; 0 for none.
  public let argument: UInt8
  /// The address at fault; 0 for none.
  public let address: UInt64

  public init(_ reason: Reason, argument: UInt8 = 0, address: UInt64 = 0) {
    self.reason = reason
    self.argument = argument
    self.address = address
  }

  /// The fault of argument number `argument` (1 for r1) that led to an access outside.
  public init(_ fault: AccessFault, argument: UInt8) {
    self.init(.access, argument: argument, address: fault.address)
  }
}

/// Who carries out the helpers that a program calls.
public protocol HelperHost: ~Copyable {
  /// Carries out `helper` and returns what r0 shall hold. `memory` is what the program itself may use: every address among the
  /// arguments has to go through it.
  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64
}
