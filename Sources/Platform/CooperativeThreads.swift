public import Compartment
import Interpreter
public import JIT

/// Threads that are none: programs are interpreted where the device's own work is done, each for some instructions at a time.
///
/// For machines that cannot do better, and for tests: what runs when depends on nothing but the calls. The interpreter's
/// checks are the only wall.
@safe
public final class CooperativeThreads: ProgramThreads {
  // SAFETY: taken in `init` and given back in `deinit`; whoever uses the subscript names one of `count` threads.
  private let turns: UnsafeMutablePointer<Turn>
  private let count: Int
  private var current = 0
  private let slice: Int

  private struct Turn {
    var run: Interpretation?
    /// What the run may still take beyond its slice.
    var instructions = 0
    var call: NativeCall?
    var ending: ThreadEnding?
    var isSuspended = false
  }

  /// - Parameters:
  ///   - count: of the threads.
  ///   - slice: how many instructions a program runs before others get their turn.
  public init(count: Int, slice: Int = 1000) {
    unsafe turns = .allocate(capacity: count)
    unsafe turns.initialize(repeating: Turn(), count: count)
    self.count = count
    self.slice = slice
  }

  deinit {
    unsafe turns.deinitialize(count: count)
    unsafe turns.deallocate()
  }

  public static var routines: NativeRoutines? { nil }
  public static func offers(_ isolation: Isolation) -> Bool { false }
  public static func synchronize() {}
  public static func registers(ofBlock block: MemoryRegion) -> UInt { block.address }

  public func start(_ thread: Int, _ program: borrowing ThreadProgram) {
    var turn = Turn()
    if case .interpreted(let interpreted) = program.code {
      let budget = program.instructions == 0 ? .max : program.instructions
      turn.instructions = budget - min(budget, slice)
      // SAFETY: the addresses are those of memory that is the program's until it has ended.
      turn.run = unsafe Interpretation(
        program: interpreted, registers: Self.registers(ofBlock: program.block), frames: program.frames,
        bounds: AccessBounds(arena: program.arena, rodata: program.rodata), context: UInt64(program.context),
        contextLength: UInt64(program.contextLength), stackTop: UInt64(program.stackTop),
        budget: min(budget, slice))
    }
    self[thread] = turn
  }

  private subscript(thread: Int) -> Turn {
    get {
      precondition((0..<count).contains(thread))
      return unsafe turns[thread]
    }
    set {
      precondition((0..<count).contains(thread))
      unsafe turns[thread] = newValue
    }
  }

  public func restart(_ thread: Int) -> Bool { false }

  public func call(of thread: Int) -> NativeCall {
    guard let call = self[thread].call else { preconditionFailure("the thread has called nothing") }
    return call
  }

  public func ending(of thread: Int) -> ThreadEnding {
    guard let ending = self[thread].ending else { preconditionFailure("the thread has not ended") }
    return ending
  }

  public func resume(_ thread: Int, returning result: UInt64) {
    guard self[thread].call != nil else { return }
    self[thread].call = nil
    self[thread].run?.result = result
  }

  public func suspend(_ thread: Int) { self[thread].isSuspended = true }
  public func proceed(_ thread: Int) { self[thread].isSuspended = false }
  public func end(_ thread: Int) { self[thread] = Turn() }

  public func place(of thread: Int) -> ThreadEnding.Place { .instruction(self[thread].run?.index ?? 0) }

  public func usage(of thread: Int) -> ThreadUsage {
    ThreadUsage(instructions: self[thread].run?.executed)
  }

  public var isBusy: Bool {
    for index in 0..<count where isReady(index) { return true }
    return false
  }

  private func isReady(_ thread: Int) -> Bool {
    let turn = self[thread]
    return turn.run != nil && turn.call == nil && turn.ending == nil && !turn.isSuspended
  }

  public func next() -> ThreadEvent? {
    for _ in 0..<count {
      if current >= count { current = 0 }
      if isReady(current) { return advance(current) }
      current += 1
    }
    return nil
  }

  private func advance(_ thread: Int) -> ThreadEvent? {
    guard var run = self[thread].run else { return nil }
    let pause = run.advance()
    self[thread].run = run
    switch pause {
    case .returned(let value):
      self[thread].ending = .returned(value)
    case .helper(let position):
      self[thread].call = .helper(position: position, run.arguments)
      return ThreadEvent(thread: thread, .call)
    case .numbered(let number):
      self[thread].call = .numbered(number, run.arguments)
      return ThreadEvent(thread: thread, .call)
    case .trapped(let trap) where trap.rule != .budgetSpent || self[thread].instructions == 0:
      self[thread].ending = .stopped(trap.rule, .instruction(trap.index), address: trap.address)
    case .trapped:
      let more = min(self[thread].instructions, slice)
      self[thread].instructions -= more
      self[thread].run?.allow(more)
      current = thread + 1
      return nil
    }
    return ThreadEvent(thread: thread, .end)
  }
}
