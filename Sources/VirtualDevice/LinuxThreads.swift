import Compartment
import Foundation
import Interpreter
import JIT
import Platform
import Synchronization

/// Threads of Linux for the programs of a virtual device. They are interpreted; its checks are the only wall.
final class LinuxThreads: ProgramThreads, Sendable {
  private let workers: [Worker]
  private let turn = Mutex(0)

  /// - Parameters:
  ///   - count: of the threads.
  ///   - wake: called, on any thread, when ``next()`` has something to tell.
  init(count: Int, wake: @escaping @Sendable () -> Void) {
    workers = (0..<count).map { Worker(number: $0, wake: wake) }
  }

  deinit {
    for worker in workers { worker.finish() }
  }

  static var routines: NativeRoutines? { nil }
  static func offers(_ isolation: Isolation) -> Bool { false }
  static func synchronize() {}
  static func registers(ofBlock block: MemoryRegion) -> UInt { block.address }

  func start(_ thread: Int, _ program: borrowing ThreadProgram) { workers[thread].start(program) }
  func restart(_ thread: Int) -> Bool { false }
  func resume(_ thread: Int, returning result: UInt64) { workers[thread].resume(returning: result) }
  func suspend(_ thread: Int) { workers[thread].setSuspended(true) }
  func proceed(_ thread: Int) { workers[thread].setSuspended(false) }
  func end(_ thread: Int) { workers[thread].end() }
  func place(of thread: Int) -> ThreadEnding.Place { .instruction(workers[thread].index) }

  func call(of thread: Int) -> NativeCall {
    guard case .call(let call) = workers[thread].event else {
      preconditionFailure("the thread has called nothing")
    }
    return call
  }

  func ending(of thread: Int) -> ThreadEnding {
    guard case .ending(let ending) = workers[thread].event else {
      preconditionFailure("the thread has not ended")
    }
    return ending
  }

  func usage(of thread: Int) -> ThreadUsage { workers[thread].usage }

  /// Programs run by themselves: nobody has to come back for them.
  var isBusy: Bool { false }

  func next() -> ThreadEvent? {
    turn.withLock { turn in
      for _ in workers {
        turn = (turn + 1) % workers.count
        if let kind = workers[turn].announce() { return ThreadEvent(thread: turn, kind) }
      }
      return nil
    }
  }
}

/// One thread, and the program it runs.
// SAFETY: every mutable property is read and written with `condition` locked, except that the thread works on `run` alone while
// `state` is `running`, during which nobody else touches it.
private final class Worker: @unchecked Sendable {
  private enum State {
    case idle, ready, running, calling, event, finished
  }

  private let condition = NSCondition()
  private let wake: @Sendable () -> Void
  private var state = State.idle
  private var isSuspended = false
  /// Set while the thread runs a slice whose end nobody wants to know any more.
  private var isAbandoned = false
  private var run: Interpretation?
  private var instructions = 0
  private var milliseconds: UInt32 = 0
  private var elapsed = Duration.zero
  private var latest: Event?

  enum Event {
    case call(NativeCall)
    case ending(ThreadEnding)
  }

  /// Instructions between two looks at whether the program may go on.
  private static let slice = 10_000

  init(number: Int, wake: @escaping @Sendable () -> Void) {
    self.wake = wake
    let thread = Thread { [self] in work() }
    thread.name = "program \(number)"
    thread.start()
  }

  private func locked<Result>(_ body: () -> Result) -> Result {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }

  // MARK: From outside

  func start(_ program: borrowing ThreadProgram) {
    guard case .interpreted(let interpreted) = program.code else { return }
    let budget = program.instructions == 0 ? Int.max : program.instructions
    // The addresses are those of memory that is the program's until it has ended.
    let run = Interpretation(
      program: interpreted, registers: LinuxThreads.registers(ofBlock: program.block), frames: program.frames,
      bounds: AccessBounds(arena: program.arena, rodata: program.rodata), context: UInt64(program.context),
      contextLength: UInt64(program.contextLength), stackTop: UInt64(program.stackTop),
      budget: min(budget, Self.slice))
    let milliseconds = program.milliseconds
    end()
    locked {
      self.run = run
      instructions = budget - min(budget, Self.slice)
      self.milliseconds = milliseconds
      elapsed = .zero
      isSuspended = false
      state = .ready
      condition.broadcast()
    }
  }

  func resume(returning result: UInt64) {
    locked {
      guard state == .calling else { return }
      run?.result = result
      state = .ready
      condition.broadcast()
    }
  }

  func setSuspended(_ isSuspended: Bool) {
    locked {
      self.isSuspended = isSuspended
      condition.broadcast()
    }
  }

  /// Returns when the program does not run any more.
  func end() {
    locked {
      isAbandoned = true
      while state == .running { condition.wait() }
      isAbandoned = false
      if state != .finished { state = .idle }
      latest = nil
    }
  }

  func finish() {
    end()
    locked {
      state = .finished
      condition.broadcast()
    }
  }

  /// What has happened, if nobody has been told.
  func announce() -> ThreadEvent.Kind? {
    locked {
      guard state == .event, let latest else { return nil }
      switch latest {
      case .call:
        state = .calling
        return .call
      case .ending:
        state = .idle
        return .end
      }
    }
  }

  /// What happened last.
  var event: Event? { locked { latest } }

  var index: Int {
    locked {
      while state == .running { condition.wait() }
      return run?.index ?? 0
    }
  }

  var usage: ThreadUsage {
    locked {
      while state == .running { condition.wait() }
      return ThreadUsage(milliseconds: UInt32(elapsed / .milliseconds(1)), instructions: run?.executed)
    }
  }

  // MARK: On the thread

  private func work() {
    while let slice = nextSlice() {
      var run = slice
      let clock = ContinuousClock()
      var pause = Interpretation.Pause.returned(0)
      let duration = clock.measure { pause = run.advance() }
      finishSlice(run, pause, duration)
    }
  }

  /// Waits for something to run.
  private func nextSlice() -> Interpretation? {
    locked {
      while state != .finished {
        if state == .ready, !isSuspended, let run {
          state = .running
          return run
        }
        condition.wait()
      }
      return nil
    }
  }

  private func finishSlice(_ run: Interpretation, _ pause: Interpretation.Pause, _ duration: Duration) {
    let hasEvent = locked {
      self.run = run
      elapsed += duration
      defer { condition.broadcast() }
      guard !isAbandoned else {
        state = .idle
        return false
      }
      latest = event(after: pause)
      state = latest == nil ? .ready : .event
      return latest != nil
    }
    if hasEvent { wake() }
  }

  /// `nil` when the program may go on.
  private func event(after pause: Interpretation.Pause) -> Event? {
    switch pause {
    case .returned(let value): return .ending(.returned(value))
    case .helper(let position): return .call(.helper(position: position, run?.arguments ?? HelperArguments()))
    case .numbered(let number): return .call(.numbered(number, run?.arguments ?? HelperArguments()))
    case .trapped(let trap):
      let isTimeLeft = milliseconds == 0 || elapsed <= .milliseconds(milliseconds)
      guard trap.rule == .budgetSpent, instructions > 0, isTimeLeft else {
        return .ending(.stopped(trap.rule, .instruction(trap.index), address: trap.address))
      }
      let more = min(instructions, Self.slice)
      instructions -= more
      run?.allow(more)
      return nil
    }
  }
}
