public import Interpreter
public import JIT

/// Runs compiled programs, on the processor that this code runs on.
///
/// A value says that it can: machines that cannot have none.
public protocol NativeProcessor {
  /// `nil` where there are no compiled programs.
  static var current: Self? { get }

  /// What compiled code calls.
  var routines: NativeRoutines { get }

  /// Has to be called after code was written, before it runs.
  func synchronize()

  /// Runs a compiled program until it ends, which its budget brings about if nothing else. One at a time.
  ///
  /// - Parameters:
  ///   - run: the code and what it starts with.
  ///   - call: carries out the helpers it calls.
  /// - Returns: how it ended.
  func run(_ run: NativeRun, call: (NativeCall) -> NativeReply) -> NativeOutcome
}

/// Code that `JIT.compile` made, and what it starts with. Addresses are the device's.
public struct NativeRun: Sendable {
  /// Where the code lies, its size in bytes, and how far from its first byte it is entered.
  public var code, codeSize, entry: UInt32
  public var context, contextLength, stackTop: UInt32
  /// The regions that the code was compiled for.
  public var arena, arenaSize, rodata, rodataSize: UInt32
  /// How long it may run, helpers included. It is stopped at most one more later.
  public var milliseconds: UInt32

  public init(
    code: UInt32, codeSize: UInt32, entry: UInt32, context: UInt32, contextLength: UInt32, stackTop: UInt32,
    arena: UInt32, arenaSize: UInt32, rodata: UInt32, rodataSize: UInt32, milliseconds: UInt32
  ) {
    self.code = code
    self.codeSize = codeSize
    self.entry = entry
    self.context = context
    self.contextLength = contextLength
    self.stackTop = stackTop
    self.arena = arena
    self.arenaSize = arenaSize
    self.rodata = rodata
    self.rodataSize = rodataSize
    self.milliseconds = milliseconds
  }
}

/// The call of a helper, with what r1 to r5 hold. Those that the helper does not take may be anything.
public enum NativeCall: Equatable, Sendable {
  /// At this position; the verifier found that it is granted.
  case helper(position: UInt8, HelperArguments)
  /// The one with this number, if there is one and it is granted.
  case numbered(UInt64, HelperArguments)
}

/// What comes of a call.
public enum NativeReply: Equatable, Sendable {
  /// r0.
  case result(UInt64)
  /// The program ends; `address` as in `Trap.address`.
  case stop(Trap.Rule, address: UInt64)
}

/// How a run of compiled code ended.
public enum NativeOutcome: Equatable, Sendable {
  case returned(UInt64)
  /// Stopped by the instruction that ends `site` bytes from the first of the code; `address` as in `Trap.address`.
  case stopped(Trap.Rule, site: Int, address: UInt64)
}

/// Of machines without compiled programs. There is no value of this type.
public enum NoNativeProcessor: NativeProcessor {
  public static var current: NoNativeProcessor? { nil }

  public var routines: NativeRoutines {
    switch self {}
  }

  public func synchronize() {
    switch self {}
  }

  public func run(_ run: NativeRun, call: (NativeCall) -> NativeReply) -> NativeOutcome {
    switch self {}
  }
}
