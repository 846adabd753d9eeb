public import CoAP
public import Helpers
public import Interpreter
public import Platform
public import SlotStorage

/// What runs a program.
public enum Engine: UInt8, CaseIterable, Sendable {
  case interpreter, jit

  init(_ settings: StartSettings) {
    self = settings.isolation == nil ? .interpreter : .jit
  }
}

/// What a program is run for.
public enum ExecutionModel: UInt8, CaseIterable, Sendable {
  /// Somebody waits for r0.
  case short
  /// The program reads a CoAP request in its context window and makes the response there.
  case request
  /// It works on until it ends or is ended.
  case longRunning
  /// It is run again and again, by a timer or an event of the board.
  case triggered
}

/// How a run of a program ended.
public enum Ending: Equatable, Sendable {
  /// The program returned r0.
  case returned(UInt64)
  case trapped(Trap)
  /// The processor refused what it did, in the instruction with this index, if that is known.
  case faulted(ThreadFault, index: Int?)
  /// Somebody ended it, or put another program into its slot. Of an interpreted program `index` is the instruction at which it was
  /// seen last, 2,000 instructions before at most.
  case killed(index: Int)
}

/// What a run may take.
public struct RunLimits: Equatable, Sendable {
  /// eBPF instructions, where they are counted; 0 for as many as it likes.
  public var instructions: Int
  /// Milliseconds of the processor's time; 0 for as long as it likes.
  public var milliseconds: UInt32
  /// Bytes of its arena, from the start on: a multiple of `Limits.arenaStepBytes`, `Limits.arenaBytes` at most.
  public var arenaBytes: UInt32
  /// Bytes that it may print in one second, `Limits.logBytesPerSecond` at most.
  public var logBytesPerSecond: UInt32

  public init(
    instructions: Int = 0, milliseconds: UInt32 = 0, arenaBytes: UInt32? = nil,
    logBytesPerSecond: UInt32? = nil
  ) {
    self.instructions = instructions
    self.milliseconds = milliseconds
    self.arenaBytes = arenaBytes ?? UInt32(Limits.arenaBytes)
    self.logBytesPerSecond = logBytesPerSecond ?? UInt32(Limits.logBytesPerSecond)
  }

  /// - Throws: ``RunError`` when the device cannot give what they say.
  func check() throws(RunError) {
    guard arenaBytes > 0, arenaBytes <= UInt32(Limits.arenaBytes),
      arenaBytes % UInt32(Limits.arenaStepBytes) == 0
    else { throw .arenaSize(found: Int(arenaBytes)) }
    guard logBytesPerSecond <= UInt32(Limits.logBytesPerSecond) else {
      throw .logRate(found: Int(logBytesPerSecond))
    }
  }

  public static var none: RunLimits { RunLimits() }

  /// What the settings say, and for what they do not say what is usual.
  init(_ settings: StartSettings) {
    let usual = settings.trigger == nil ? RunLimits.none : .short(Engine(settings))
    self.init(
      instructions: settings.instructions.map { Int($0) } ?? usual.instructions,
      milliseconds: settings.milliseconds ?? usual.milliseconds, arenaBytes: settings.arenaBytes,
      logBytesPerSecond: settings.logBytesPerSecond)
  }

  /// Of a short execution in this engine.
  public static func short(_ engine: Engine) -> RunLimits {
    switch engine {
    case .interpreter:
      RunLimits(
        instructions: Limits.shortRunInstructions, milliseconds: UInt32(Limits.countedRunMilliseconds))
    case .jit: RunLimits(milliseconds: UInt32(Limits.shortRunMilliseconds))
    }
  }
}

/// A slot's program as something that runs: there is one for each slot.
public struct Instance: Sendable {
  /// The numbers travel to other machines, so they are never given to another state.
  public enum State: UInt8, CaseIterable, Sendable {
    /// Nothing has run since the program was installed.
    case idle = 0
    case running = 1
    /// It waits for a time of its choice.
    case sleeping = 2
    /// Somebody has taken it from the processor.
    case paused = 3
    /// It has ended; `ending` says how.
    case ended = 4
    /// It is attached to a timer or an event, which has not come.
    case waiting = 5
  }

  public internal(set) var state = State.idle
  public internal(set) var model = ExecutionModel.short
  public internal(set) var engine = Engine.interpreter
  public internal(set) var limits = RunLimits.none
  /// The helpers that whoever started it lets it call; `nil` for all that it is granted.
  public internal(set) var grants: HelperSet?
  public internal(set) var restartPolicy = RestartPolicy.never
  /// What runs the program again; `nil` unless it is `triggered`.
  public internal(set) var trigger: Trigger?
  /// When the run that is under way, or the last one, was started.
  public internal(set) var started = Instant(milliseconds: 0)
  /// When a sleeping program wakes, and when a triggered one runs next, if that is known.
  var wake: Instant?
  /// How often the event has come that a program is attached to.
  public internal(set) var events: UInt32 = 0
  /// Whether the device was where the event leads when it was last looked at.
  var isAtEvent = false
  /// What the device measured at the last event.
  var reading = PhysicalValue(0, unit: .undefined)
  /// Whether the event has come during a run: it is run once more then.
  var hasMissedEvent = false
  /// How often it was started since the program was installed, and how often of that by its restart policy.
  public internal(set) var starts: UInt32 = 0
  public internal(set) var restarts: UInt32 = 0
  /// How the last run ended, and what it used.
  public internal(set) var ending: Ending?
  public internal(set) var usage = ThreadUsage()

  /// Whether a run is under way.
  public var isActive: Bool { state == .running || state == .sleeping || state == .paused }
}
