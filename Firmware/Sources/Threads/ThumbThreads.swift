import CCortexM
public import Compartment
import CortexM
import Interpreter
public import JIT
public import Platform

/// Threads for programs on this processor: unprivileged, behind the memory protection unit.
///
/// Everything that a thread has left in its registers or its memory is a number of the program's choice, and taken for no more.
public struct ThumbThreads: ProgramThreads {
  // SAFETY: allocated once, and stays; `current` and every number of a thread are below `count`. The assembly changes a thread while
  // `thread_run` runs, and interrupts its count of milliseconds.
  private let turns: UnsafeMutablePointer<Turn>
  private let count: Int
  /// Whose turn it is.
  private var current = 0

  /// What the system knows of a thread.
  private struct Turn {
    /// What the assembly knows; it comes first.
    var core = cortexm_thread()
    var state = State.idle
    var isSuspended = false
    /// Whether it could go on now.
    var isReady = false
    /// Why it has ended.
    var reason = Reason.returned
    /// Stack, and what the program may use of the arena.
    var block: Range<UInt32> = 0..<0
    /// The highest stack pointer of a thread that calls a helper.
    var callLimit: UInt32 = 0
    /// The compiled code, from its entry on: what stands before only leads on to the routines.
    var code: Range<UInt32> = 0..<0
    /// Bytes before the entry.
    var entry: UInt32 = 0
    /// As many as there are for as long as it likes.
    var milliseconds = UInt32.max
    /// What is interpreted, and in how many stack frames; `nil` of compiled code.
    var program: InterpretedProgram?
    var frames = 0
    /// Of an interpreted program: all instructions that it may run, those it still may, not counting the slice it is at, and those
    /// it has run.
    var budget = 0
    var instructions = 0
    var executed = 0
    /// Of an interpreted program: the instruction it called from.
    var index = 0

    var isInterpreted: Bool {
      @inline(__always) get { program != nil }
    }

    @inline(__always)
    mutating func wait(_ state: State) {
      self.state = state
      isReady = false
    }

    mutating func updateReadiness() {
      isReady = state == .ready && !isSuspended
    }
  }

  private enum State {
    case idle, ready, ended
    /// Waiting for a helper's result: called by compiled code, at a position or by number, and by the interpreter.
    case calling, callingNumbered, reporting

    var isCallOfCode: Bool { self == .calling || self == .callingNumbered }
  }

  private enum Reason {
    /// By itself, or by a trap of its code.
    case returned, trapped
    /// Both as the interpreter reports it.
    case reported
    case budgetSpent
    case faulted
    /// Its stack pointer led out of its memory when it asked for something.
    case badStack
    case systemCall
  }

  /// Instructions that the interpreter runs before it asks whether it may go on: its budget of time ends a program within them.
  private static let slice = 2000

  /// What a thread takes beside its block.
  public static var bytesPerThread: Int { MemoryLayout<Turn>.stride }

  public init(count: Int) {
    self.count = count
    turns = .allocate(capacity: count)
    unsafe turns.initialize(repeating: Turn(), count: count)
  }

  public static var routines: NativeRoutines? {
    NativeRoutines(
      checkRead: (
        program_check_read_1_address(), program_check_read_2_address(), program_check_read_4_address(),
        program_check_read_8_address()
      ),
      checkWrite: (
        program_check_write_1_address(), program_check_write_2_address(), program_check_write_4_address(),
        program_check_write_8_address()
      ),
      trap: program_trap_address(), callHelper: program_call_helper_address(),
      callNumbered: program_call_numbered_address(), divide: program_divide_address())
  }

  public static func offers(_ isolation: Isolation) -> Bool { true }

  public static func synchronize() {
    cpu_synchronize()
  }

  // MARK: Starting and ending

  public mutating func start(_ thread: Int, _ program: borrowing ThreadProgram) {
    let turn = unsafe turns + thread
    // The arena's end may come before the block's.
    let block = UInt32(program.block.address)..<UInt32(program.arena.upperBound)
    unsafe turn.pointee.block = block
    unsafe turn.pointee.callLimit = block.upperBound - Self.callBytes
    unsafe turn.pointee.milliseconds = program.milliseconds == 0 ? .max : program.milliseconds
    let text: ProtectedRegion
    let engine: ProtectedRegion.Access
    let frame: exception_frame
    switch program.code {
    case .compiled(let address, let size, let entry):
      unsafe turn.pointee.program = nil
      unsafe turn.pointee.code = UInt32(address + entry)..<UInt32(address + size)
      unsafe turn.pointee.entry = UInt32(entry)
      let record = block.lowerBound + UInt32(PROGRAM_STACK_SIZE) - UInt32(MemoryLayout<program_record>.size)
      // Frame, return address and record.
      unsafe turn.pointee.core.start_psp = record - 40
      frame = Self.frame(at: address + entry, r12: record)
      // As the linker script says: from 512 to 2048.
      text = ProtectedRegion(2, address: 0, size: 4096, .flash, disabledEighths: 0b1111_0001)
      engine = .readAndExecute
    case .interpreted(let interpreted):
      unsafe turn.pointee.program = interpreted
      unsafe turn.pointee.frames = program.frames
      unsafe turn.pointee.budget = program.instructions == 0 ? .max : program.instructions
      unsafe turn.pointee.code = 0..<0
      let run = Self.interpretation(of: block)
      unsafe turn.pointee.core.start_psp = UInt32(run) - UInt32(MemoryLayout<exception_frame>.size)
      frame = Self.frame(at: UInt(interpreterEntry()), r0: UInt32(run))
      text = ProtectedRegion(2, address: 0, size: 4 << 20, .flash)
      engine = .read
    }
    unsafe turn.pointee.core.start_stack = (
      frame.r0, 0, 0, 0, frame.r12, 0, frame.pc, frame.xpsr, program_returned_address(), 0,
      UInt32(program.context), UInt32(program.contextLength), UInt32(program.stackTop),
      UInt32(program.arena.count), UInt32(program.rodata.lowerBound), UInt32(program.rodata.count)
    )
    let eighths = (UInt32(block.count) &* 8 &+ UInt32(program.block.size) &- 1) / UInt32(program.block.size)
    let memory = ProtectedRegion(
      3, address: block.lowerBound, size: UInt32(program.block.size), .readAndWrite,
      disabledEighths: 0xFF << eighths & 0xFF)
    let code = ProtectedRegion(
      4, address: UInt32(program.engineMemory.address), size: UInt32(program.engineMemory.size), engine)
    let image = ProtectedRegion(
      5, address: UInt32(program.imageMemory.address), size: UInt32(program.imageMemory.size), .read)
    unsafe turn.pointee.core.regions = (
      text.base, text.attributes, memory.base, memory.attributes, code.base, code.attributes, image.base,
      image.attributes
    )
    thread_forget_regions()
    _ = restart(thread)
  }

  /// Of xPSR: the state of Thumb code, in which all is that this core runs.
  private static var thumbState: UInt32 { 1 << 24 }

  @inline(__always)
  public mutating func restart(_ thread: Int) -> Bool {
    let turn = unsafe turns + thread
    guard unsafe turn.pointee.core.start_psp != 0 else { return false }
    thread_restart(core(of: turn))
    if let program = unsafe turn.pointee.program { interpret(program, on: turn) }
    unsafe turn.pointee.state = .ready
    unsafe turn.pointee.isSuspended = false
    unsafe turn.pointee.isReady = true
    return true
  }

  /// Has the interpreter begin with what the thread was started with.
  @inline(never)
  private func interpret(_ program: InterpretedProgram, on turn: UnsafeMutablePointer<Turn>) {
    let slice = unsafe min(turn.pointee.budget, Self.slice)
    unsafe turn.pointee.instructions = turn.pointee.budget - slice
    unsafe turn.pointee.executed = 0
    unsafe turn.pointee.index = 0
    let block = unsafe turn.pointee.block
    // As `start` has laid it out.
    let start = unsafe turn.pointee.core.start_stack
    let arena = UInt(block.lowerBound) + UInt(PROGRAM_STACK_SIZE)
    let rodata = UInt(start.14)
    // SAFETY: the block is the program's, and its first bytes are kept for the thread; the rest is what `start` was given.
    let run = unsafe UnsafeMutablePointer<Interpretation>(bitPattern: Self.interpretation(of: block))
    unsafe run.unsafelyUnwrapped.initialize(
      to: Interpretation(
        program: program, registers: Self.registers(of: block), frames: turn.pointee.frames,
        bounds: AccessBounds(arena: arena..<arena + UInt(start.13), rodata: rodata..<rodata + UInt(start.15)),
        context: UInt64(start.10), contextLength: UInt64(start.11), stackTop: UInt64(start.12), budget: slice)
    )
  }

  /// What the core takes a thread's registers from when it begins at an address.
  private static func frame(at address: UInt, r0: UInt32 = 0, r12: UInt32 = 0) -> exception_frame {
    exception_frame(
      r0: r0, r1: 0, r2: 0, r3: 0, r12: r12, lr: 0, pc: UInt32(address), xpsr: thumbState)
  }

  @inline(__always)
  private func core(of turn: UnsafeMutablePointer<Turn>) -> UnsafeMutablePointer<cortexm_thread> {
    // SAFETY: it is the first property.
    unsafe UnsafeMutableRawPointer(turn).assumingMemoryBound(to: cortexm_thread.self)
  }

  /// Where the interpreter's registers are in a block: below the record.
  public static func registers(ofBlock block: MemoryRegion) -> UInt {
    registers(of: UInt32(block.address)..<UInt32(block.address + block.size))
  }

  private static func registers(of block: Range<UInt32>) -> UInt {
    let end = UInt(block.lowerBound) + UInt(PROGRAM_STACK_SIZE) - UInt(MemoryLayout<program_record>.size)
    return (end - UInt(Interpretation.registerBytes)) & ~7
  }

  /// Where the interpreter keeps where it is: below the registers.
  private static func interpretation(of block: Range<UInt32>) -> UInt {
    (registers(of: block) - UInt(MemoryLayout<Interpretation>.size)) & ~7
  }

  public mutating func end(_ thread: Int) {
    unsafe turns[thread].wait(.idle)
    unsafe turns[thread].isSuspended = false
    thread_charge(nil)
  }

  public mutating func suspend(_ thread: Int) {
    unsafe turns[thread].isSuspended = true
    unsafe turns[thread].isReady = false
  }

  public mutating func proceed(_ thread: Int) {
    unsafe turns[thread].isSuspended = false
    unsafe turns[thread].updateReadiness()
  }

  public func usage(of thread: Int) -> ThreadUsage {
    let turn = unsafe turns + thread
    return ThreadUsage(
      milliseconds: unsafe turn.pointee.core.milliseconds,
      instructions: unsafe turn.pointee.isInterpreted ? turn.pointee.executed : nil)
  }

  // MARK: Running

  public var isBusy: Bool {
    ready(from: 0) != nil
  }

  @_optimize(speed)
  public mutating func next() -> ThreadEvent? {
    while true {
      // A thread keeps its turn until it is interrupted.
      var index = current
      var turn = unsafe turns + index
      if unsafe !turn.pointee.isReady {
        guard let other = ready(from: index) else {
          thread_charge(nil)
          return nil
        }
        current = other
        index = other
        turn = unsafe turns + other
      }
      // The interpreter asks soon enough by itself, and then says where it is.
      if unsafe turn.pointee.core.milliseconds > turn.pointee.milliseconds, unsafe !turn.pointee.isInterpreted
      {
        return ThreadEvent(thread: index, end(turn, .budgetSpent))
      }
      let event = thread_run(core(of: turn))
      if event == UInt32(program_event_helper) {
        guard holdsCall(turn) else { return ThreadEvent(thread: index, end(turn, .badStack)) }
        unsafe turn.pointee.wait(.calling)
        return ThreadEvent(thread: index, .call)
      }
      if event == UInt32(program_event_returned) {
        return ThreadEvent(thread: index, end(turn, holdsCall(turn) ? .returned : .badStack))
      }
      if event == UInt32(program_event_interrupted) {
        thread_charge(nil)
        current = index + 1 == count ? 0 : index + 1
        return nil
      }
      if let kind = takeIn(event, index) { return ThreadEvent(thread: index, kind) }
    }
  }

  /// The first thread that could run, from `start` on and then from the first.
  private func ready(from start: Int) -> Int? {
    var index = start
    for _ in 0..<count {
      if index >= count { index = 0 }
      if unsafe turns[index].isReady { return index }
      index += 1
    }
    return nil
  }

  @inline(__always)
  private func end(_ turn: UnsafeMutablePointer<Turn>, _ reason: Reason) -> ThreadEvent.Kind {
    unsafe turn.pointee.wait(.ended)
    unsafe turn.pointee.reason = reason
    return .end
  }

  /// The rarer things that a thread gives up the processor for. `nil` when it may go on at once.
  @inline(never)
  private mutating func takeIn(_ event: thread_event, _ index: Int) -> ThreadEvent.Kind? {
    let turn = unsafe turns + index
    switch event {
    case UInt32(program_event_numbered):
      guard holdsCall(turn) else { return end(turn, .badStack) }
      unsafe turn.pointee.wait(.callingNumbered)
      return .call
    case UInt32(program_event_trapped): return end(turn, .trapped)
    case UInt32(program_event_interpreted) where unsafe turn.pointee.isInterpreted: return interpreted(index)
    case thread_faulted: return end(turn, .faulted)
    default: return end(turn, .systemCall)
    }
  }

  @inline(__always)
  public mutating func ending(of thread: Int) -> ThreadEnding {
    let turn = unsafe turns + thread
    guard unsafe turn.pointee.reason == .returned else { return rarerEnding(of: thread) }
    // SAFETY: `next` has found a frame of the thread's there.
    let frame = unsafe pushedFrame(of: turn)
    return .returned(unsafe UnsafeRawPointer(frame).loadUnaligned(as: UInt64.self))
  }

  @inline(never)
  private mutating func rarerEnding(of thread: Int) -> ThreadEnding {
    switch unsafe turns[thread].reason {
    case .returned, .badStack: return .faulted(ThreadFault(.stack))
    case .trapped:
      guard let frame = frame(of: thread) else { return .faulted(ThreadFault(.stack)) }
      let rule = Trap.Rule(rawValue: UInt8(truncatingIfNeeded: frame.r12)) ?? .invalidOperation
      return .stopped(rule, .code(site(thread, behind: frame.lr)), address: UInt64(frame.r0))
    case .reported:
      guard let frame = frame(of: thread) else { return .faulted(ThreadFault(.stack)) }
      guard frame.r0 & 0xFF == UInt32(InterpreterReport.trapped.rawValue) else {
        return .returned(unsafe registers(of: thread)[0])
      }
      let rule = Trap.Rule(rawValue: UInt8(truncatingIfNeeded: frame.r1)) ?? .invalidOperation
      return .stopped(rule, .instruction(unsafe turns[thread].index), address: UInt64(frame.r2))
    case .budgetSpent: return .stopped(.budgetSpent, place(of: thread), address: 0)
    case .faulted: return fault(of: thread)
    case .systemCall: return .faulted(ThreadFault(.systemCall))
    }
  }

  public func place(of thread: Int) -> ThreadEnding.Place {
    let turn = unsafe turns + thread
    guard unsafe !turn.pointee.isInterpreted else { return .instruction(unsafe turn.pointee.index) }
    guard let frame = frame(of: thread) else { return .code(0) }
    let code = unsafe turn.pointee.code
    if code.contains(frame.pc) { return .code(site(thread, behind: frame.pc &+ 2)) }
    // In a routine.
    if code.contains(frame.lr & ~1) { return .code(site(thread, behind: frame.lr)) }
    // Deeper in one, or about to leave it: the nearest address of the code on the stack is where it was called from.
    var address = unsafe turn.pointee.core.psp &+ UInt32(MemoryLayout<exception_frame>.size)
    while let memory = memory(of: thread, at: address, count: 4) {
      let word = unsafe memory.load(as: UInt32.self)
      if word & 1 == 1, code.contains(word & ~1) { return .code(site(thread, behind: word)) }
      address += 4
    }
    return .code(0)
  }

  /// Bytes from the first of the code to `address`, which may be anything. Return addresses have bit 0 set.
  private func site(_ index: Int, behind address: UInt32) -> Int {
    let code = unsafe turns[index].code
    guard code.contains((address & ~1) &- 2) else { return 0 }
    return Int((address & ~1) - code.lowerBound + (unsafe turns[index].entry))
  }

  /// What the core has pushed for a thread, if its stack pointer leads to the thread's memory.
  private func frame(of index: Int) -> exception_frame? {
    guard let pointer = framePointer(of: index) else { return nil }
    return unsafe pointer.pointee
  }

  @inline(__always)
  private func pushedFrame(of turn: UnsafeMutablePointer<Turn>) -> UnsafeMutablePointer<exception_frame> {
    unsafe UnsafeMutablePointer(bitPattern: UInt(turn.pointee.core.psp)).unsafelyUnwrapped
  }

  private func framePointer(of index: Int) -> UnsafeMutablePointer<exception_frame>? {
    memory(of: index, at: unsafe turns[index].core.psp, count: UInt32(MemoryLayout<exception_frame>.size))
      .map { unsafe $0.assumingMemoryBound(to: exception_frame.self) }
  }

  /// Bytes at an address divisible by 4 in the thread's block.
  private func memory(of index: Int, at address: UInt32, count: UInt32) -> UnsafeMutableRawPointer? {
    let block = unsafe turns[index].block
    guard address & 3 == 0, address >= block.lowerBound, address <= block.upperBound - count else {
      return nil
    }
    return UnsafeMutableRawPointer(bitPattern: UInt(address))
  }

  // MARK: Helpers

  /// Whether the stack pointer of compiled code that has asked for something leads to the thread's memory, with room for a call.
  /// Its lowest two bits are always zero (ARM DDI 0403, B1.4.1).
  @inline(__always)
  private func holdsCall(_ turn: UnsafeMutablePointer<Turn>) -> Bool {
    let pointer = unsafe turn.pointee.core.psp
    return unsafe pointer >= turn.pointee.block.lowerBound && pointer <= turn.pointee.callLimit
  }

  @inline(__always)
  public mutating func call(of thread: Int) -> NativeCall {
    let turn = unsafe turns + thread
    guard unsafe turn.pointee.state == .calling else { return rarerCall(of: thread) }
    // SAFETY: `next` has found so much of the thread's memory there.
    let memory = unsafe UnsafeMutableRawPointer(pushedFrame(of: turn))
    let position = unsafe memory.load(fromByteOffset: 16, as: UInt32.self)
    return .helper(position: UInt8(truncatingIfNeeded: position), arguments(above: memory, skipping: 8))
  }

  @inline(never)
  private mutating func rarerCall(of thread: Int) -> NativeCall {
    guard let frame = framePointer(of: thread) else { preconditionFailure("the thread has called nothing") }
    switch unsafe turns[thread].state {
    case .callingNumbered:
      let memory = UnsafeMutableRawPointer(frame)
      return .numbered(
        arguments(above: memory, skipping: 8).r1, arguments(above: memory, skipping: 16))
    case .reporting:
      let words = unsafe registers(of: thread) + 1
      let arguments = unsafe HelperArguments(
        r1: words[0], r2: words[1], r3: words[2], r4: words[3], r5: words[4])
      let first = unsafe frame.pointee.r1
      return unsafe frame.pointee.r0 & 0xFF == UInt32(InterpreterReport.helper.rawValue)
        ? .helper(position: UInt8(truncatingIfNeeded: first), arguments)
        : .numbered(UInt64(first) | UInt64(frame.pointee.r2) << 32, arguments)
    case .idle, .ready, .ended, .calling: preconditionFailure("the thread has called nothing")
    }
  }

  /// Bytes above the stack pointer that a call takes: the frame, a word that aligns it, the return address, number and arguments.
  private static var callBytes: UInt32 { 32 + 4 + 8 + 48 }

  /// Five numbers of 64 bits, so many bytes above the frame that the core has pushed.
  @inline(__always)
  private func arguments(above frame: UnsafeMutableRawPointer, skipping bytes: Int) -> HelperArguments {
    // Bit 9 of the status: the core has left out a word to align its frame.
    let status = unsafe frame.load(fromByteOffset: 28, as: UInt32.self)
    let words = unsafe frame + 32 + Int(status >> 9 & 1) * 4 + bytes
    @inline(__always)
    func word(_ index: Int) -> UInt64 {
      unsafe words.loadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
    }
    return HelperArguments(r1: word(0), r2: word(1), r3: word(2), r4: word(3), r5: word(4))
  }

  @_optimize(speed)
  public mutating func resume(_ thread: Int, returning result: UInt64) {
    let turn = unsafe turns + thread
    guard unsafe turn.pointee.state.isCallOfCode else { return resumeInterpreted(thread, returning: result) }
    // SAFETY: as above.
    let frame = unsafe pushedFrame(of: turn)
    unsafe frame.pointee.r12 = UInt32(truncatingIfNeeded: result)
    unsafe frame.pointee.lr = UInt32(truncatingIfNeeded: result >> 32)
    // A helper may have written the frame, where the program had its stack pointer lead. Of the status, flags and alignment
    // are the program's; a number of an exception would have the core fault on its way back to the thread.
    unsafe frame.pointee.xpsr = frame.pointee.xpsr & 0xF80F_0200 | Self.thumbState
    unsafe turn.pointee.state = .ready
    unsafe turn.pointee.isReady = !turn.pointee.isSuspended
  }

  @inline(never)
  private mutating func resumeInterpreted(_ thread: Int, returning result: UInt64) {
    guard unsafe turns[thread].state == .reporting else { return }
    unsafe registers(of: thread)[0] = result
    unsafe turns[thread].state = .ready
    unsafe turns[thread].updateReadiness()
  }

  // MARK: The interpreter

  /// r0 to r10 of an interpreted program.
  private func registers(of thread: Int) -> UnsafeMutablePointer<UInt64> {
    // SAFETY: the registers are part of the thread's block.
    unsafe UnsafeMutablePointer(bitPattern: Self.registers(of: turns[thread].block)).unsafelyUnwrapped
  }

  /// Takes in what `interpretProgram` reports. `nil` when it may go on at once.
  private mutating func interpreted(_ index: Int) -> ThreadEvent.Kind? {
    let turn = unsafe turns + index
    guard let pointer = framePointer(of: index) else { return end(turn, .badStack) }
    let report = unsafe pointer.pointee.r0
    unsafe turn.pointee.index = Int(report >> 16)
    unsafe turn.pointee.executed = Int(pointer.pointee.r3)
    switch InterpreterReport(rawValue: UInt8(truncatingIfNeeded: report)) {
    case .returned: return end(turn, .reported)
    case .helper, .numbered:
      unsafe turn.pointee.wait(.reporting)
      return .call
    case .trapped:
      guard unsafe pointer.pointee.r1 == UInt32(Trap.Rule.budgetSpent.rawValue), mayGoOn(turn) else {
        return end(turn, .reported)
      }
      let more = unsafe min(turn.pointee.instructions, Self.slice)
      unsafe turn.pointee.instructions -= more
      unsafe pointer.pointee.r0 = UInt32(more)
      return nil
    case nil: return end(turn, .systemCall)
    }
  }

  private func mayGoOn(_ turn: UnsafeMutablePointer<Turn>) -> Bool {
    unsafe turn.pointee.instructions > 0 && turn.pointee.core.milliseconds <= turn.pointee.milliseconds
  }

  // MARK: Faults

  /// What the core's fault registers say (ARM DDI 0403, B3.2.15).
  private func fault(of index: Int) -> ThreadEnding {
    let turn = unsafe turns[index]
    let thread = turn.core
    // MMARVALID, BFARVALID.
    let address = thread.status & 0x8080 == 0 ? nil : UInt(thread.address)
    let counter = thread.pc == .max ? nil : UInt(thread.pc)
    let isInCode = turn.code.contains(thread.pc)
    let kind: ThreadFault.Kind
    if thread.exception == 3 {
      kind = .hard
    } else if thread.status & 0x3838 != 0 {
      kind = .stack
    } else if thread.status & 1 != 0 {
      kind = .fetch
    } else if thread.status & 0x0202 != 0 {
      // DACCVIOL, or PRECISERR: of a system register, or of nothing.
      // SAFETY: the address is that of an instruction of the program's code, which only the compiler writes.
      let instruction =
        isInCode
        ? counter.map { unsafe UnsafePointer<UInt16>(bitPattern: $0).unsafelyUnwrapped.pointee } : nil
      kind = thread.exception == 5 ? .bus : instruction.map { isStore($0) } ?? false ? .store : .load
      if isInCode, let address {
        return .stopped(
          instruction.map { isStore($0) } ?? false ? .writeOutside : .readOutside,
          .code(Int(thread.pc - turn.code.lowerBound + turn.entry + 2)),
          address: UInt64(address))
      }
    } else if thread.exception == 5 {
      kind = .bus
    } else {
      kind = .instruction
    }
    return .faulted(
      ThreadFault(
        kind, address: address, programCounter: counter,
        offset: isInCode ? Int(thread.pc - turn.code.lowerBound + turn.entry) : nil))
  }

  /// Whether an instruction that accesses memory, of which this is the first halfword, is a store.
  private func isStore(_ halfword: UInt16) -> Bool {
    switch halfword >> 11 {
    // Of 32 bits, all kinds: bit 4 tells (ARM DDI 0403, A5.3).
    case 0b11101...0b11111: halfword >> 4 & 1 == 0
    // With a register offset: the first three of eight (A5.2.4).
    case 0b01010: halfword >> 9 & 3 != 3
    case 0b01011: false
    // With an immediate offset, or several registers: bit 11 tells.
    default: halfword >> 11 & 1 == 0
    }
  }
}
