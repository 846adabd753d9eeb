import Bytes
public import CoAP
import Compartment
import Helpers
import Interpreter
import JIT
import Platform

/// What the runtime has to know of a run to carry out its helpers.
struct ActiveRun: Sendable {
  /// The helpers that the program may call.
  var granted = HelperSet.empty
  /// Where its read-only data is: in the slot's image, or in what the compiler made of it.
  var rodata = 0..<0
  var isRodataInImage = true
}

extension Trigger {
  /// When it comes next, after a run that was started at `start`: those that the run has taken are left out.
  func next(after start: Instant, now: Instant) -> Instant {
    switch self {
    case .every(let milliseconds):
      let period = UInt64(max(milliseconds, 1))
      let passed = now.milliseconds(since: start) / period
      return start + (passed + 1) * period
    }
  }
}

extension Runtime where B: ~Copyable {
  // MARK: Starting

  /// Starts the slot's program. ``advance()`` tells when it has ended.
  ///
  /// - Parameters:
  ///   - slot: whose program.
  ///   - engine: what runs it.
  ///   - model: what for.
  ///   - context: what r1 points to and r2 is the length of. The program has a copy, which it may change.
  ///   - limits: what the run may take.
  ///   - restart: of a long-running program.
  /// - Throws: ``RunError`` when nothing was started.
  public mutating func start(
    _ slot: SlotNumber, _ engine: Engine, _ model: ExecutionModel, context: Span<UInt8>, limits: RunLimits,
    restart: RestartPolicy = .never
  ) throws(RunError) {
    guard !instances[slot.index].isActive else { throw .busy }
    try begin(slot, engine, context: context, limits: limits)
    instances[slot.index].model = model
    instances[slot.index].limits = limits
    instances[slot.index].restartPolicy = restart
    instances[slot.index].trigger = nil
    instances[slot.index].wake = nil
  }

  /// Runs the slot's program whenever the trigger comes, and once now.
  ///
  /// - Throws: ``RunError`` when nothing was started.
  public mutating func attach(
    _ slot: SlotNumber, to trigger: Trigger, _ engine: Engine, limits: RunLimits
  ) throws(RunError) {
    try start(slot, engine, .triggered, context: Span(), limits: limits)
    instances[slot.index].trigger = trigger
  }

  /// Lets the slot's thread begin.
  private mutating func begin(
    _ slot: SlotNumber, _ engine: Engine, context: Span<UInt8>, limits: RunLimits
  ) throws(RunError) {
    switch engine {
    case .interpreter: try beginInterpreted(slot, context: context, limits: limits)
    case .jit: try beginCompiled(slot, context: context, limits: limits)
    }
    instances[slot.index].engine = engine
    instances[slot.index].state = .running
    instances[slot.index].started = services.board.now
    instances[slot.index].starts &+= 1
    instances[slot.index].usage = ThreadUsage()
  }

  private mutating func beginInterpreted(
    _ slot: SlotNumber, context: Span<UInt8>, limits: RunLimits
  ) throws(RunError) {
    guard !slots[slot].isEmpty else { throw .emptySlot }
    let translated = try translation(of: slot)
    try prepareArena(
      of: slot, frames: translated.frames, data: translated.data, zeroSize: translated.zeroSize,
      context: context)
    let image = slots.region(of: slot)
    runs[slot.index] = ActiveRun(
      granted: translated.granted, rodata: translated.rodata, isRodataInImage: true)
    begin(
      slot, .interpreted(translated.program), imageMemory: image,
      rodata: image.address + UInt(translated.rodata.lowerBound), rodataSize: UInt(translated.rodata.count),
      hasContext: !context.isEmpty, contextLength: UInt(context.count), limits: limits)
  }

  private mutating func beginCompiled(
    _ slot: SlotNumber, context: Span<UInt8>, limits: RunLimits
  ) throws(RunError) {
    guard B.Threads.routines != nil else { throw .noNativeProcessor }
    guard let code = engines.code(of: slot, generation: slots[slot].generation) else {
      throw slots[slot].isEmpty ? .emptySlot : .notCompiled
    }
    let program = code.program
    try prepareArena(
      of: slot, frames: program.frames, data: program.data, zeroSize: program.zeroSize, context: context)
    let address = engines.address(of: slot)
    runs[slot.index] = ActiveRun(
      granted: program.granted, rodata: program.rodata, isRodataInImage: false)
    begin(
      slot,
      .compiled(
        address: address + UInt(program.codeStart), size: UInt(program.code.size),
        entry: UInt(program.code.entry)),
      imageMemory: .none, rodata: address, rodataSize: UInt(program.rodataSize),
      hasContext: !context.isEmpty, contextLength: UInt(context.count), limits: limits)
  }

  /// What the interpreter runs of the slot's program; made now if it has not been.
  private mutating func translation(of slot: SlotNumber) throws(RunError) -> TranslatedProgram {
    let generation = slots[slot].generation
    if let translated = engines.translation(of: slot, generation: generation) { return translated }
    let registers = B.Threads.registers(ofBlock: arenas[slot.index].block)
    let translated: TranslatedProgram?
    do throws(LoadError) {
      var region = engines.mutableRest(of: slot, generation: generation)
      translated = try loader.translate(
        slots.image(of: slot), into: &region, registers: registers, &arenas[slot.index])
    } catch {
      throw .load(error)
    }
    guard var translated else { throw .noRoomBesideCode }
    translated.dataStart += engines.startOfRest(of: slot, generation: generation)
    engines.set(EngineStore.Translation(program: translated, generation: generation), for: slot)
    return translated
  }

  /// Lays the slot's arena out, with the data that its region holds.
  private mutating func prepareArena(
    of slot: SlotNumber, frames: Int, data: Range<Int>, zeroSize: Int, context: Span<UInt8>
  ) throws(RunError) {
    do throws(ArenaError) {
      try arenas[slot.index].prepare(
        frames: frames, dataSize: data.count + zeroSize, bssSize: 0, contextSize: context.count)
    } catch {
      throw .load(.arena(error))
    }
    arenas[slot.index].fillData(from: engines.region(of: slot).extracting(data))
    arenas[slot.index].fillContext(from: context)
  }

  private mutating func begin(
    _ slot: SlotNumber, _ code: ThreadProgram.Code, imageMemory: MemoryRegion, rodata: UInt,
    rodataSize: UInt, hasContext: Bool, contextLength: UInt, limits: RunLimits
  ) {
    let arena = UInt(arenas[slot.index].address)
    let program = ThreadProgram(
      code: code, engineMemory: engines.memory(of: slot), imageMemory: imageMemory,
      block: arenas[slot.index].block, arena: arena..<arena + UInt(arenas[slot.index].size),
      rodata: rodata..<rodata + rodataSize, frames: arenas[slot.index].frames,
      context: hasContext ? UInt(arenas[slot.index].contextAddress) : 0, contextLength: contextLength,
      stackTop: UInt(arenas[slot.index].stackTop), milliseconds: limits.milliseconds,
      instructions: limits.instructions)
    threads.start(slot.index, program)
  }

  // MARK: Ending

  /// Ends what runs in the slot, and what would run there later.
  ///
  /// - Returns: whether there was something.
  @discardableResult
  public mutating func kill(_ slot: SlotNumber) -> Bool {
    let wasActive = instances[slot.index].isActive
    guard wasActive || instances[slot.index].state == .waiting else { return false }
    if wasActive {
      instances[slot.index].usage = threads.usage(of: slot.index)
      threads.end(slot.index)
      instances[slot.index].ending = .killed
    }
    instances[slot.index].state = .ended
    instances[slot.index].trigger = nil
    instances[slot.index].wake = nil
    return true
  }

  /// Takes the slot's program from the processor.
  ///
  /// - Returns: whether it runs.
  public mutating func pause(_ slot: SlotNumber) -> Bool {
    guard instances[slot.index].isActive else { return false }
    threads.suspend(slot.index)
    instances[slot.index].state = .paused
    return true
  }

  /// Lets a paused program go on.
  ///
  /// - Returns: whether it was paused.
  public mutating func resume(_ slot: SlotNumber) -> Bool {
    guard instances[slot.index].state == .paused else { return false }
    if instances[slot.index].wake == nil {
      threads.proceed(slot.index)
      instances[slot.index].state = .running
    } else {
      instances[slot.index].state = .sleeping
    }
    return true
  }

  // MARK: Running

  /// When ``advance()`` has something to do although no thread can go on; `nil` if there is no such time.
  public var nextWake: Instant? {
    var earliest: Instant?
    for index in 0..<Limits.slots where instances[index].state != .paused {
      guard let wake = instances[index].wake else { continue }
      earliest = earliest.map { min($0, wake) } ?? wake
    }
    return earliest
  }

  /// Whether some program could go on now.
  public var isBusy: Bool { threads.isBusy }

  /// Lets programs run until one has ended or other work may be due.
  ///
  /// - Returns: whose run has ended; `nil` when it is time for other work.
  public mutating func advance() -> SlotNumber? {
    wakeSleepers()
    while let event = threads.next() {
      guard let slot = SlotNumber(event.thread) else { return nil }
      switch event.kind {
      case .call(let call):
        guard let ending = carryOut(call, for: slot) else { continue }
        finish(slot, ending)
      case .returned(let value):
        finish(slot, .returned(value))
      case .stopped(let rule, let place, let address):
        finish(slot, .trapped(trap(rule, at: place, in: slot, address: address)))
      case .faulted(let fault):
        finish(
          slot,
          .faulted(fault, index: fault.offset.map { trap(.readOutside, at: .code($0 + 2), in: slot).index }))
      }
      return slot
    }
    return nil
  }

  private mutating func wakeSleepers() {
    var now: Instant?
    for index in 0..<Limits.slots {
      guard let wake = instances[index].wake, let slot = SlotNumber(index) else { continue }
      let time = now ?? services.board.now
      now = time
      guard wake <= time else { continue }
      switch instances[index].state {
      case .sleeping:
        instances[index].wake = nil
        instances[index].state = .running
        threads.proceed(index)
      case .waiting:
        instances[index].wake = nil
        restart(slot)
      case .idle, .running, .paused, .ended: break
      }
    }
  }

  /// Runs a program again, by its trigger or its restart policy.
  private mutating func restart(_ slot: SlotNumber) {
    let instance = instances[slot.index]
    do throws(RunError) {
      try begin(slot, instance.engine, context: Span(), limits: instance.limits)
      if instance.trigger == nil { instances[slot.index].restarts &+= 1 }
    } catch {
      // It ran before: only its code can have gone.
      instances[slot.index].state = .ended
      instances[slot.index].trigger = nil
    }
  }

  private mutating func finish(_ slot: SlotNumber, _ ending: Ending) {
    slots.countRun(of: slot)
    instances[slot.index].usage = threads.usage(of: slot.index)
    threads.end(slot.index)
    instances[slot.index].ending = ending
    instances[slot.index].state = .ended
    let now = services.board.now
    if let trigger = instances[slot.index].trigger {
      instances[slot.index].state = .waiting
      instances[slot.index].wake = trigger.next(after: instances[slot.index].started, now: now)
      return
    }
    guard instances[slot.index].model == .longRunning else { return }
    let isFailure: Bool =
      switch ending {
      case .returned: false
      case .trapped, .faulted: true
      case .killed: false
      }
    switch instances[slot.index].restartPolicy {
    case .never: return
    case .onFailure: guard isFailure else { return }
    case .always: break
    }
    instances[slot.index].state = .waiting
    instances[slot.index].wake = now + Limits.restartMilliseconds
  }

  private func trap(
    _ rule: Trap.Rule, at place: ThreadEvent.Place, in slot: SlotNumber, address: UInt64 = 0,
    _ fault: HelperFault? = nil
  ) -> Trap {
    switch place {
    case .instruction(let index): return Trap(rule, at: index, address: address, helperFault: fault)
    case .code(let site):
      let program = engines.code(of: slot, generation: slots[slot].generation)?.program
      let place = program?.place(ofSite: site, in: engines.region(of: slot))
      // The processor tells of the load that an atomic operation begins with.
      let isStore = rule == .readOutside && place?.isAtomic ?? false
      return Trap(
        isStore ? .writeOutside : rule, at: place?.index ?? program?.entryIndex ?? 0, address: address,
        helperFault: fault)
    }
  }

  // MARK: Helpers

  /// Carries out a helper that the slot's program has called.
  ///
  /// - Returns: how the run ends, if it does.
  private mutating func carryOut(_ call: NativeCall, for slot: SlotNumber) -> Ending? {
    let helper: Helper?
    let arguments: HelperArguments
    switch call {
    case .helper(let position, let values):
      helper = Helper(position: position)
      arguments = values
    case .numbered(let number, let values):
      helper = UInt8(exactly: number).flatMap { Helper(rawValue: $0) }
      arguments = values
      if helper == nil { return stop(slot, .unknownHelper, address: number) }
    }
    guard let helper else { return stop(slot, .invalidOperation) }
    // Whatever the code was checked for: it is what has been granted that counts.
    guard runs[slot.index].granted.contains(helper) else {
      return stop(slot, .helperNotGranted, address: UInt64(helper.rawValue))
    }
    services.slot = slot
    let run = runs[slot.index]
    do throws(HelperFault) {
      let result =
        run.isRodataInImage
        ? try Self.call(
          helper, arguments, rodata: slots.image(of: slot).extracting(run.rodata), &arenas[slot.index],
          &services)
        : try Self.call(
          helper, arguments, rodata: engines.region(of: slot).extracting(run.rodata), &arenas[slot.index],
          &services)
      threads.resume(slot.index, returning: result)
    } catch {
      return stop(slot, .helperFault, address: error.address, error)
    }
    return nil
  }

  // Takes the parts of `self` apart, so that a program's memory may be lent while others are changed.
  private static func call(
    _ helper: Helper, _ arguments: HelperArguments, rodata: Span<UInt8>, _ arena: inout Arena,
    _ services: inout Services<B>
  ) throws(HelperFault) -> UInt64 {
    var memory = arena.memory(rodata: rodata)
    return try services.call(helper, arguments, &memory)
  }

  private func stop(
    _ slot: SlotNumber, _ rule: Trap.Rule, address: UInt64 = 0, _ fault: HelperFault? = nil
  ) -> Ending {
    .trapped(trap(rule, at: threads.place(of: slot.index), in: slot, address: address, fault))
  }
}
