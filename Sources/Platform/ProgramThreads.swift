public import Compartment
public import Interpreter
public import JIT

/// Threads that programs run on, one for each program slot, apart from the thread that the device's own work is done on.
///
/// However a program behaves, its thread reaches nothing but what it was started with, never keeps the device's own work
/// waiting, and can be ended at any time. What it wants of the device comes as an event. A copy of a value stands for the same
/// threads.
public protocol ProgramThreads {
  /// What compiled code calls; `nil` where there are no compiled programs.
  static var routines: NativeRoutines? { get }

  /// How compiled programs can be kept within their memory here.
  static func offers(_ isolation: Isolation) -> Bool

  /// Has to be called after code was written, before it runs.
  static func synchronize()

  /// Where the interpreter's registers are in the memory of a program: what is to be interpreted has to know.
  static func registers(ofBlock block: MemoryRegion) -> UInt

  /// Gives a thread a program, from its start. Whatever it ran before is gone.
  mutating func start(_ thread: Int, _ program: borrowing ThreadProgram)

  /// Has a thread begin again what it was last started with: with the same limits, and the same memory, whatever is there now.
  ///
  /// - Returns: whether it can; else nothing was done, and it has to be started.
  mutating func restart(_ thread: Int) -> Bool

  /// The helper that a thread has called, which waits for its result.
  mutating func call(of thread: Int) -> NativeCall

  /// How the program of a thread has ended by itself.
  mutating func ending(of thread: Int) -> ThreadEnding

  /// Lets a thread that has called a helper go on with its result.
  mutating func resume(_ thread: Int, returning result: UInt64)

  /// Takes a thread from the processor until it is to `proceed`. Neither changes a thread without a program.
  mutating func suspend(_ thread: Int)
  mutating func proceed(_ thread: Int)

  /// Ends what a thread runs. It cannot go on, and may be started again at once.
  mutating func end(_ thread: Int)

  /// Where the program of a thread is, or, interpreted, was when it last asked for something.
  func place(of thread: Int) -> ThreadEnding.Place

  /// What a thread has used of the processor and of the device's time since its start.
  func usage(of thread: Int) -> ThreadUsage

  /// Lets threads run, each in its turn, until one of them needs something or the device's own work may be due.
  ///
  /// - Returns: who needs something; `nil` when none can go on, or when it is time to look after other work.
  mutating func next() -> ThreadEvent?

  /// Whether some thread could go on now.
  var isBusy: Bool { get }
}

/// What a thread has used so far.
public struct ThreadUsage: Equatable, Sendable {
  public var milliseconds: UInt32
  /// eBPF instructions; `nil` when nobody counts.
  public var instructions: Int?

  public init(milliseconds: UInt32 = 0, instructions: Int? = nil) {
    self.milliseconds = milliseconds
    self.instructions = instructions
  }
}

/// A program to be run, and what it may reach. Addresses are the machine's.
public struct ThreadProgram: Sendable {
  public enum Code: Sendable {
    case interpreted(InterpretedProgram)
    /// Code that `JIT.compile` made: where it lies, its bytes, and how far from the first it is entered.
    case compiled(address: UInt, size: UInt, entry: UInt)
  }

  public var code: Code
  /// What the engine reads while the program runs: code, or the interpreter's steps, and what lies beside it.
  public var engineMemory: MemoryRegion
  /// Where the read-only data lies, and what lies beside it.
  public var imageMemory: MemoryRegion
  /// Stack of the thread and arena: `Arena.block`.
  public var block: MemoryRegion
  /// What the program itself may reach.
  public var arena, rodata: Range<UInt>
  /// Stack frames of the arena.
  public var frames: Int
  /// What r1, r2 and r10 start with.
  public var context, contextLength, stackTop: UInt
  /// How long it may run; 0 for as long as it likes.
  public var milliseconds: UInt32
  /// How many instructions an interpreted program may run; 0 for as many as it likes.
  public var instructions: Int

  public init(
    code: Code, engineMemory: MemoryRegion, imageMemory: MemoryRegion, block: MemoryRegion,
    arena: Range<UInt>, rodata: Range<UInt>, frames: Int, context: UInt, contextLength: UInt, stackTop: UInt,
    milliseconds: UInt32, instructions: Int
  ) {
    self.code = code
    self.engineMemory = engineMemory
    self.imageMemory = imageMemory
    self.block = block
    self.arena = arena
    self.rodata = rodata
    self.frames = frames
    self.context = context
    self.contextLength = contextLength
    self.stackTop = stackTop
    self.milliseconds = milliseconds
    self.instructions = instructions
  }
}

/// A thread needs something.
public struct ThreadEvent: Equatable, Sendable {
  public let thread: Int
  public let kind: Kind

  public enum Kind: Equatable, Sendable {
    /// It waits for the result of a helper: ``ProgramThreads/call(of:)``, ``ProgramThreads/resume(_:returning:)``.
    case call
    /// Its program has ended by itself: ``ProgramThreads/ending(of:)``.
    case end
  }

  public init(thread: Int, _ kind: Kind) {
    self.thread = thread
    self.kind = kind
  }
}

/// How a program has ended by itself.
public enum ThreadEnding: Equatable, Sendable {
  case returned(UInt64)
  case stopped(Trap.Rule, Place, address: UInt64)
  /// The processor refused what it did.
  case faulted(ThreadFault)

  /// Where a program was stopped.
  public enum Place: Equatable, Sendable {
    /// At the instruction with this index.
    case instruction(Int)
    /// By the instruction whose code ends so many bytes from the first of the code.
    case code(Int)
  }
}

/// The call of a helper, with what r1 to r5 hold. Those that the helper does not take may be anything.
public enum NativeCall: Equatable, Sendable {
  /// At this position.
  case helper(position: UInt8, HelperArguments)
  /// The one with this number, if there is one.
  case numbered(UInt64, HelperArguments)
}

/// The processor refused what a program did, and its thread was ended.
public struct ThreadFault: Equatable, Sendable {
  /// The numbers travel to other machines, so they are never given to another kind.
  public enum Kind: UInt8, CaseIterable, Sendable {
    /// A load that the memory protection refused.
    case load = 1
    /// A store, likewise.
    case store = 2
    /// An instruction fetch, likewise.
    case fetch = 3
    /// The stack pointer led to memory that is not the program's.
    case stack = 4
    /// An access to the system's registers, or to where nothing is.
    case bus = 5
    /// An instruction that does not exist, or that the program may not use.
    case instruction = 6
    /// A breakpoint, or a fault that nothing else tells apart.
    case hard = 7
    /// A call of the system that does not exist.
    case systemCall = 8
  }

  public let kind: Kind
  /// The address it wanted, if that is known.
  public let address: UInt?
  /// Where the instruction was, if that is known.
  public let programCounter: UInt?
  /// Bytes from the first of the program's code, if the instruction was part of it.
  public let offset: Int?

  public init(_ kind: Kind, address: UInt? = nil, programCounter: UInt? = nil, offset: Int? = nil) {
    self.kind = kind
    self.address = address
    self.programCounter = programCounter
    self.offset = offset
  }
}

/// What comes of a call.
public enum NativeReply: Equatable, Sendable {
  /// r0.
  case result(UInt64)
  /// The program ends; `address` as in `Trap.address`.
  case stop(Trap.Rule, address: UInt64)
}

extension ProgramThreads {
  /// Runs a program to its end, while no other thread has one.
  ///
  /// - Parameters:
  ///   - program: what to run.
  ///   - thread: on which thread.
  ///   - call: carries out the helpers it calls.
  /// - Returns: how it ended.
  public mutating func run(
    _ program: borrowing ThreadProgram, on thread: Int = 0, call: (NativeCall) -> NativeReply
  ) -> ThreadEnding {
    start(thread, program)
    return finish(thread, call: call)
  }

  /// Runs the program that a thread has begun to its end, while no other thread has one.
  ///
  /// - Parameters:
  ///   - thread: the thread.
  ///   - call: carries out the helpers it calls.
  /// - Returns: how it ended.
  @inline(__always)
  public mutating func finish(_ thread: Int, call: (NativeCall) -> NativeReply) -> ThreadEnding {
    while true {
      guard let event = next() else { continue }
      guard event.kind == .call else { return ending(of: thread) }
      switch call(self.call(of: thread)) {
      case .result(let result): resume(thread, returning: result)
      case .stop(let rule, let address):
        let place = place(of: thread)
        end(thread)
        return .stopped(rule, place, address: address)
      }
    }
  }
}
