import Bytes
public import Helpers
public import JIT

/// Whether a long-running program is started again when it has ended by itself. The numbers are stored, so they are never
/// given to another policy.
public enum RestartPolicy: UInt8, CaseIterable, Sendable {
  case never = 0
  /// After traps and faults.
  case onFailure = 1
  case always = 2
}

/// A sensor or an actuator comes to a value: it does so when it is there and was not before.
public struct BoardEvent: Equatable, Sendable {
  public enum Comparison: UInt8, CaseIterable, Sendable {
    case above, below
  }

  /// The number of the device, counted from 0.
  public var device: UInt8
  public var comparison: Comparison
  /// What the first number of the device's value is held against, in the device's unit and scale.
  public var threshold: Int16

  public init(device: UInt8, _ comparison: Comparison, _ threshold: Int16) {
    self.device = device
    self.comparison = comparison
    self.threshold = threshold
  }

  /// Whether this value is where the event leads.
  public func isReached(by value: Int16) -> Bool {
    switch comparison {
    case .above: value > threshold
    case .below: value < threshold
    }
  }
}

/// What runs a triggered program.
public enum Trigger: Equatable, Sendable {
  /// A timer, every so many milliseconds.
  case every(milliseconds: UInt32)
  case event(BoardEvent)
}

/// How a slot's program is to be run, as long as nobody asks for something else.
public struct StartSettings: Equatable, Sendable {
  /// Whether it runs whenever the device has started.
  public var startsAtBoot: Bool
  /// Who keeps the compiled program within its compartment; `nil` has the interpreter run it.
  public var isolation: Isolation?
  /// Of a program that no trigger runs.
  public var restart: RestartPolicy
  /// What runs it; `nil` has it run until it ends.
  public var trigger: Trigger?
  /// What a run may take, in milliseconds of the processor's time and in counted instructions: 0 for as much as it likes, `nil`
  /// for what is usual.
  public var milliseconds, instructions: UInt32?
  /// How many bytes of its arena a run may use, and how many it may print in one second; `nil` for all that the device gives.
  public var arenaBytes, logBytesPerSecond: UInt32?
  /// The only helpers that it may call, of those that it is granted; `nil` for all of them.
  public var helpers: HelperSet?

  public init(
    startsAtBoot: Bool = false, isolation: Isolation? = nil, restart: RestartPolicy = .never,
    trigger: Trigger? = nil, milliseconds: UInt32? = nil, instructions: UInt32? = nil,
    arenaBytes: UInt32? = nil, logBytesPerSecond: UInt32? = nil, helpers: HelperSet? = nil
  ) {
    self.startsAtBoot = startsAtBoot
    self.isolation = isolation
    self.restart = restart
    self.trigger = trigger
    self.milliseconds = milliseconds
    self.instructions = instructions
    self.arenaBytes = arenaBytes
    self.logBytesPerSecond = logBytesPerSecond
    self.helpers = helpers
  }
}

/// Settings as they are stored: a byte of flags, and 56 bytes of details in which erased flash says nothing. Little endian:
///
///     0  trigger (1): 1 timer, 2 above, 3 below    8   limit in milliseconds (4)
///     1  device (1)                                12  limit in instructions (4)
///     2  threshold (2)                             16  a bit for each helper, by its number (32)
///     4  period in milliseconds (4)                48  bytes of the arena (4)
///                                                  52  bytes printed in a second (4)
extension StartSettings {
  private static var nothing: UInt32 { .max }
  private static var noTrigger: UInt8 { .max }

  /// Bit 0: at boot. Bits 1 and 2: 0 for the interpreter, else one more than the isolation's number. Bits 3 and 4: the restart
  /// policy.
  var flags: UInt8 {
    (startsAtBoot ? 1 : 0) | (isolation.map { $0.rawValue + 1 } ?? 0) << 1 | restart.rawValue << 3
  }

  /// `nil` for bits that mean nothing.
  ///
  /// - Precondition: `details` are 56 bytes.
  init?(flags: UInt8, details: Span<UInt8>) {
    guard flags < 1 << 5, let restart = RestartPolicy(rawValue: flags >> 3) else { return nil }
    self.init(startsAtBoot: flags & 1 == 1, restart: restart)
    let engine = flags >> 1 & 3
    if engine != 0 {
      guard let isolation = Isolation(rawValue: engine - 1) else { return nil }
      self.isolation = isolation
    }
    let period: UInt32 = details.littleEndian(at: 4)
    let threshold = Int16(bitPattern: details.littleEndian(at: 2))
    switch details[0] {
    case Self.noTrigger: break
    case 1: trigger = .every(milliseconds: period)
    case 2: trigger = .event(BoardEvent(device: details[1], .above, threshold))
    case 3: trigger = .event(BoardEvent(device: details[1], .below, threshold))
    default: return nil
    }
    milliseconds = Self.number(details, at: 8)
    instructions = Self.number(details, at: 12)
    helpers = Self.helpers(details.extracting(16..<48))
    arenaBytes = Self.number(details, at: 48)
    logBytesPerSecond = Self.number(details, at: 52)
  }

  private static func number(_ details: Span<UInt8>, at offset: Int) -> UInt32? {
    let value: UInt32 = details.littleEndian(at: offset)
    return value == nothing ? nil : value
  }

  private static func helpers(_ bits: Span<UInt8>) -> HelperSet? {
    var isErased = true
    var set = HelperSet.empty
    for number in 0..<8 * bits.count {
      if bits[number >> 3] >> UInt8(number & 7) & 1 == 0 {
        isErased = false
      } else if let helper = Helper(rawValue: UInt8(number)) {
        set.insert(helper)
      }
    }
    return isErased ? nil : set
  }

  /// Writes the 56 bytes of details.
  func writeDetails(into output: inout ByteWriter) throws(OutOfBounds) {
    var kind = Self.noTrigger
    var device = UInt8.max
    var threshold = UInt16.max
    var period = Self.nothing
    switch trigger {
    case .every(let milliseconds): (kind, period) = (1, milliseconds)
    case .event(let event):
      kind = event.comparison == .above ? 2 : 3
      device = event.device
      threshold = UInt16(bitPattern: event.threshold)
    case nil: break
    }
    try output.write(kind)
    try output.write(device)
    try output.writeLittleEndian(threshold)
    try output.writeLittleEndian(period)
    try output.writeLittleEndian(milliseconds ?? Self.nothing)
    try output.writeLittleEndian(instructions ?? Self.nothing)
    for byte in 0..<32 {
      var bits = UInt8.max
      if let helpers {
        bits = 0
        for bit in 0..<8 {
          let helper = Helper(rawValue: UInt8(8 * byte + bit))
          if let helper, helpers.contains(helper) { bits |= 1 << UInt8(bit) }
        }
      }
      try output.write(bits)
    }
    try output.writeLittleEndian(arenaBytes ?? Self.nothing)
    try output.writeLittleEndian(logBytesPerSecond ?? Self.nothing)
  }
}
