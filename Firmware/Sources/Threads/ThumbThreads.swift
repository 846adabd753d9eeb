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
  // SAFETY: `threads` is allocated once and stays. The assembly changes a thread while `thread_run` runs, and interrupts its
  // count of milliseconds.
  private let threads: UnsafeMutablePointer<cortexm_thread>
  private let turns: UnsafeMutableBufferPointer<Turn>
  /// Whose turn it is.
  private var current = 0

  /// What the system knows of a thread.
  private struct Turn {
    var state = State.idle { didSet { updateReadiness() } }
    var isSuspended = false { didSet { updateReadiness() } }
    /// Whether it could go on now.
    private(set) var isReady = false
    var isInterpreted = false
    /// Stack and arena.
    var block: Range<UInt32> = 0..<0
    /// The compiled code, from its entry on: what stands before only leads on to the routines.
    var code: Range<UInt32> = 0..<0
    /// Bytes before the entry.
    var entry: UInt32 = 0
    var milliseconds: UInt32 = 0
    /// Of an interpreted program: instructions that it may still run, not counting the slice it is at, and those it has run.
    var instructions = 0
    var executed = 0
    /// Of an interpreted program: the instruction it called from.
    var index = 0

    private mutating func updateReadiness() {
      isReady = state == .ready && !isSuspended
    }
  }

  private enum State {
    case idle, ready, calling
  }

  /// Instructions that the interpreter runs before it asks whether it may go on: its budget of time ends a program within them.
  private static let slice = 2000

  /// What a thread takes beside its block.
  public static var bytesPerThread: Int { MemoryLayout<cortexm_thread>.stride + MemoryLayout<Turn>.stride }

  public init(count: Int) {
    threads = .allocate(capacity: count)
    threads.initialize(repeating: cortexm_thread(), count: count)
    turns = .allocate(capacity: count)
    turns.initialize(repeating: Turn())
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
    let block = UInt32(program.block.address)..<UInt32(program.block.address + program.block.size)
    var turn = Turn()
    turn.state = .ready
    turn.block = block
    turn.milliseconds = program.milliseconds
    var context = cortexm_thread()
    // SAFETY: the block is the program's, and its first bytes are kept for the thread.
    let record = unsafe UnsafeMutablePointer<program_record>(
      bitPattern: UInt(block.lowerBound) + UInt(PROGRAM_STACK_SIZE) - UInt(MemoryLayout<program_record>.size)
    )
    .unsafelyUnwrapped
    var frame = exception_frame()
    // The state of Thumb code, in which all is that this core runs.
    frame.xpsr = 1 << 24
    let text: ProtectedRegion
    let engine: ProtectedRegion.Access
    var stack = UInt(bitPattern: record)
    switch program.code {
    case .compiled(let address, let size, let entry):
      turn.code = UInt32(address + entry)..<UInt32(address + size)
      turn.entry = UInt32(entry)
      unsafe record.pointee = program_record(
        context: UInt32(program.context), context_length: UInt32(program.contextLength),
        stack_top: UInt32(program.stackTop), arena_size: UInt32(program.arena.count),
        rodata: UInt32(program.rodata.lowerBound), rodata_size: UInt32(program.rodata.count))
      frame.r12 = UInt32(stack)
      // The code takes its return address from the stack.
      stack -= 8
      unsafe UnsafeMutablePointer<UInt32>(bitPattern: stack).unsafelyUnwrapped.pointee =
        program_returned_address()
      frame.pc = UInt32(address + entry)
      context.registers.7 = UInt32(program.arena.lowerBound)
      // As the linker script says: from 512 to 2048.
      text = ProtectedRegion(2, address: 0, size: 4096, .flash, disabledEighths: 0b1111_0001)
      engine = .readAndExecute
    case .interpreted(let interpreted):
      turn.isInterpreted = true
      let budget = program.instructions == 0 ? .max : program.instructions
      let slice = min(budget, Self.slice)
      turn.instructions = budget - slice
      let registers = Self.registers(of: block)
      stack = (registers - UInt(MemoryLayout<Interpretation>.size)) & ~7
      // SAFETY: as above; the rest is what `program` says.
      let run = unsafe UnsafeMutablePointer<Interpretation>(bitPattern: stack).unsafelyUnwrapped
      unsafe run.initialize(
        to: Interpretation(
          program: interpreted, registers: registers, frames: program.frames,
          bounds: AccessBounds(arena: program.arena, rodata: program.rodata),
          context: UInt64(program.context), contextLength: UInt64(program.contextLength),
          stackTop: UInt64(program.stackTop), budget: slice))
      frame.r0 = UInt32(stack)
      frame.pc = interpreterEntry()
      text = ProtectedRegion(2, address: 0, size: 4 << 20, .flash)
      engine = .read
    }
    let pushed = unsafe UnsafeMutablePointer<exception_frame>(
      bitPattern: stack - UInt(MemoryLayout<exception_frame>.size)
    ).unsafelyUnwrapped
    unsafe pushed.pointee = frame
    context.psp = UInt32(UInt(bitPattern: pushed))
    let memory = ProtectedRegion(
      3, address: block.lowerBound, size: UInt32(program.block.size), .readAndWrite)
    let code = ProtectedRegion(
      4, address: UInt32(program.engineMemory.address), size: UInt32(program.engineMemory.size), engine)
    let image = ProtectedRegion(
      5, address: UInt32(program.imageMemory.address), size: UInt32(program.imageMemory.size), .read)
    context.regions = (
      text.base, text.attributes, memory.base, memory.attributes, code.base, code.attributes, image.base,
      image.attributes
    )
    unsafe threads[thread] = context
    unsafe turns[thread] = turn
    thread_forget_regions()
  }

  /// Where the interpreter's registers are in a block: below the record.
  public static func registers(ofBlock block: MemoryRegion) -> UInt {
    registers(of: UInt32(block.address)..<UInt32(block.address + block.size))
  }

  private static func registers(of block: Range<UInt32>) -> UInt {
    let end = UInt(block.lowerBound) + UInt(PROGRAM_STACK_SIZE) - UInt(MemoryLayout<program_record>.size)
    return (end - UInt(Interpretation.registerBytes)) & ~7
  }

  public mutating func end(_ thread: Int) {
    unsafe turns[thread].state = .idle
    unsafe turns[thread].isSuspended = false
    thread_charge(nil)
  }

  public mutating func suspend(_ thread: Int) {
    unsafe turns[thread].isSuspended = true
  }

  public mutating func proceed(_ thread: Int) {
    unsafe turns[thread].isSuspended = false
  }

  public func usage(of thread: Int) -> ThreadUsage {
    let turn = unsafe turns[thread]
    return ThreadUsage(
      milliseconds: unsafe threads[thread].milliseconds,
      instructions: turn.isInterpreted ? turn.executed : nil)
  }

  // MARK: Running

  public var isBusy: Bool {
    ready(from: 0) != nil
  }

  @_optimize(speed)
  public mutating func next() -> ThreadEvent? {
    while true {
      // A thread keeps its turn until it is interrupted.
      if unsafe !turns[current].isReady {
        guard let index = ready(from: current) else { return nil }
        current = index
      }
      let index = current
      let thread = unsafe threads + index
      let limit = unsafe turns[index].milliseconds
      // The interpreter asks soon enough by itself, and then says where it is.
      if limit != 0, unsafe thread.pointee.milliseconds > limit, unsafe !turns[index].isInterpreted {
        return ThreadEvent(thread: index, stop(index, .budgetSpent))
      }
      thread_charge(thread)
      let event = thread_run(thread)
      if event == UInt32(program_event_helper), let call = call(index) {
        return ThreadEvent(thread: index, .call(call))
      }
      if event == UInt32(program_event_interrupted) {
        thread_charge(nil)
        current = index + 1 == turns.count ? 0 : index + 1
        return nil
      }
      if let kind = kind(of: event, index) { return ThreadEvent(thread: index, kind) }
    }
  }

  /// The first thread that could run, from `start` on and then from the first.
  private func ready(from start: Int) -> Int? {
    var index = start
    for _ in turns.indices {
      if index >= turns.count { index = 0 }
      if unsafe turns[index].isReady { return index }
      index += 1
    }
    return nil
  }

  /// What a thread needs that has given up the processor. `nil` when it may go on at once.
  @inline(never)
  private mutating func kind(of event: thread_event, _ index: Int) -> ThreadEvent.Kind? {
    switch event {
    case UInt32(program_event_numbered):
      return callNumbered(index)
    case UInt32(program_event_returned):
      guard let frame = frame(of: index) else { return fault(index, .stack) }
      end(index)
      return .returned(UInt64(frame.r0) | UInt64(frame.r1) << 32)
    case UInt32(program_event_trapped):
      guard let frame = frame(of: index) else { return fault(index, .stack) }
      let rule = Trap.Rule(rawValue: UInt8(truncatingIfNeeded: frame.r12)) ?? .invalidOperation
      let place = ThreadEvent.Place.code(site(index, behind: frame.lr))
      end(index)
      return .stopped(rule, place, address: UInt64(frame.r0))
    case UInt32(program_event_interpreted) where unsafe turns[index].isInterpreted:
      return interpreted(index)
    case thread_faulted:
      return faulted(index)
    case UInt32(program_event_helper):
      return fault(index, .stack)
    default:
      return fault(index, .systemCall)
    }
  }

  private mutating func stop(_ index: Int, _ rule: Trap.Rule) -> ThreadEvent.Kind {
    let place = place(of: index)
    end(index)
    return .stopped(rule, place, address: 0)
  }

  public func place(of thread: Int) -> ThreadEvent.Place {
    let turn = unsafe turns[thread]
    guard !turn.isInterpreted else { return .instruction(turn.index) }
    guard let frame = frame(of: thread) else { return .code(0) }
    if turn.code.contains(frame.pc) { return .code(site(thread, behind: frame.pc &+ 2)) }
    // In a routine.
    if turn.code.contains(frame.lr & ~1) { return .code(site(thread, behind: frame.lr)) }
    // Deeper in one, or about to leave it: the nearest address of the code on the stack is where it was called from.
    var address = unsafe threads[thread].psp &+ UInt32(MemoryLayout<exception_frame>.size)
    while let memory = memory(of: thread, at: address, count: 4) {
      let word = unsafe memory.load(as: UInt32.self)
      if word & 1 == 1, turn.code.contains(word & ~1) { return .code(site(thread, behind: word)) }
      address += 4
    }
    return .code(0)
  }

  /// Bytes from the first of the code to `address`, which may be anything. Return addresses have bit 0 set.
  private func site(_ index: Int, behind address: UInt32) -> Int {
    let turn = unsafe turns[index]
    guard turn.code.contains((address & ~1) &- 2) else { return 0 }
    return Int((address & ~1) - turn.code.lowerBound + turn.entry)
  }

  /// What the core has pushed for a thread, if its stack pointer leads to the thread's memory.
  private func frame(of index: Int) -> exception_frame? {
    guard let pointer = framePointer(of: index) else { return nil }
    return unsafe pointer.pointee
  }

  private func framePointer(of index: Int) -> UnsafeMutablePointer<exception_frame>? {
    memory(of: index, at: unsafe threads[index].psp, count: UInt32(MemoryLayout<exception_frame>.size))
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

  /// The call of a helper by compiled code: its position is in r12, its arguments stand behind the routine's return address.
  /// `nil` when the stack pointer does not lead to the thread's memory.
  @inline(__always)
  private mutating func call(_ index: Int) -> NativeCall? {
    let pointer = unsafe threads[index].psp
    guard let memory = memory(of: index, at: pointer, count: Self.callBytes) else { return nil }
    unsafe turns[index].state = .calling
    let position = unsafe memory.load(fromByteOffset: 16, as: UInt32.self)
    return .helper(
      position: UInt8(truncatingIfNeeded: position), arguments(above: memory, skipping: 8))
  }

  private mutating func callNumbered(_ index: Int) -> ThreadEvent.Kind {
    let pointer = unsafe threads[index].psp
    guard let memory = memory(of: index, at: pointer, count: Self.callBytes) else {
      return fault(index, .stack)
    }
    unsafe turns[index].state = .calling
    let number = arguments(above: memory, skipping: 8).r1
    return .call(.numbered(number, arguments(above: memory, skipping: 16)))
  }

  /// Bytes above the stack pointer that a call takes: the frame, a word that aligns it, the return address, number and arguments.
  private static var callBytes: UInt32 { 32 + 4 + 8 + 48 }

  /// Five numbers of 64 bits, so many bytes above the frame that the core has pushed.
  @inline(__always)
  private func arguments(above frame: UnsafeMutableRawPointer, skipping bytes: Int) -> HelperArguments {
    // Bit 9 of the status: the core has left out a word to align its frame.
    let status = unsafe frame.load(fromByteOffset: 28, as: UInt32.self)
    let words = unsafe frame + 32 + Int(status >> 9 & 1) * 4 + bytes
    func word(_ index: Int) -> UInt64 {
      let low = unsafe words.load(fromByteOffset: index * 8, as: UInt32.self)
      let high = unsafe words.load(fromByteOffset: index * 8 + 4, as: UInt32.self)
      return UInt64(low) | UInt64(high) << 32
    }
    return HelperArguments(r1: word(0), r2: word(1), r3: word(2), r4: word(3), r5: word(4))
  }

  private func argumentValues(_ words: UnsafePointer<UInt64>) -> HelperArguments {
    unsafe HelperArguments(r1: words[0], r2: words[1], r3: words[2], r4: words[3], r5: words[4])
  }

  @_optimize(speed)
  public mutating func resume(_ thread: Int, returning result: UInt64) {
    guard unsafe turns[thread].state == .calling else { return }
    unsafe turns[thread].state = .ready
    if unsafe turns[thread].isInterpreted {
      let registers = Self.registers(of: unsafe turns[thread].block)
      // SAFETY: the registers are part of the thread's block.
      unsafe UnsafeMutablePointer<UInt64>(bitPattern: registers).unsafelyUnwrapped.pointee = result
    } else if let frame = framePointer(of: thread) {
      unsafe frame.pointee.r12 = UInt32(truncatingIfNeeded: result)
      unsafe frame.pointee.lr = UInt32(truncatingIfNeeded: result >> 32)
      // A helper may have written the frame, where the program had its stack pointer lead. Of the status, flags and alignment
      // are the program's; a number of an exception would have the core fault on its way back to the thread.
      unsafe frame.pointee.xpsr = frame.pointee.xpsr & 0xF80F_0200 | 1 << 24
    }
  }

  // MARK: The interpreter

  /// Takes in what `interpretProgram` reports. `nil` when it may go on at once.
  private mutating func interpreted(_ index: Int) -> ThreadEvent.Kind? {
    guard let pointer = framePointer(of: index) else { return fault(index, .stack) }
    let frame = unsafe pointer.pointee
    unsafe turns[index].index = Int(frame.r0 >> 16)
    unsafe turns[index].executed = Int(frame.r3)
    let registers = Self.registers(of: unsafe turns[index].block)
    // SAFETY: the registers are part of the thread's block.
    let words = unsafe UnsafePointer<UInt64>(bitPattern: registers).unsafelyUnwrapped
    switch InterpreterReport(rawValue: UInt8(truncatingIfNeeded: frame.r0)) {
    case .returned:
      end(index)
      return .returned(unsafe words[0])
    case .helper:
      unsafe turns[index].state = .calling
      return .call(
        .helper(position: UInt8(truncatingIfNeeded: frame.r1), argumentValues(unsafe words + 1)))
    case .numbered:
      unsafe turns[index].state = .calling
      return .call(
        .numbered(UInt64(frame.r1) | UInt64(frame.r2) << 32, argumentValues(unsafe words + 1)))
    case .trapped:
      let rule = Trap.Rule(rawValue: UInt8(truncatingIfNeeded: frame.r1)) ?? .invalidOperation
      if rule == .budgetSpent, mayGoOn(index) {
        let more = unsafe min(turns[index].instructions, Self.slice)
        unsafe turns[index].instructions -= more
        unsafe pointer.pointee.r0 = UInt32(more)
        return nil
      }
      end(index)
      return .stopped(rule, .instruction(unsafe turns[index].index), address: UInt64(frame.r2))
    case nil:
      return fault(index, .systemCall)
    }
  }

  private func mayGoOn(_ index: Int) -> Bool {
    let turn = unsafe turns[index]
    let milliseconds = unsafe threads[index].milliseconds
    return turn.instructions > 0 && (turn.milliseconds == 0 || milliseconds <= turn.milliseconds)
  }

  // MARK: Faults

  private mutating func fault(_ index: Int, _ kind: ThreadFault.Kind) -> ThreadEvent.Kind {
    end(index)
    return .faulted(ThreadFault(kind))
  }

  /// What the core's fault registers say (ARM DDI 0403, B3.2.15).
  private mutating func faulted(_ index: Int) -> ThreadEvent.Kind {
    let thread = unsafe threads[index]
    let turn = unsafe turns[index]
    end(index)
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
