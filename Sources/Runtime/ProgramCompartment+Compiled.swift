import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
public import JIT
import Platform
import ProgramImage
import Verifier

/// Why a slot's program was not compiled.
public enum CompilationError: Error, Equatable, Sendable {
  /// The machine does not run compiled programs.
  case noNativeProcessor
  /// The machine cannot keep a program within its compartment in this way.
  case isolationNotAvailable(Isolation)
  case emptySlot
  /// The image cannot be loaded.
  case load(LoadError)
  /// Code, data and map need so many bytes, about.
  case tooLittleRoom(needed: Int, available: Int)
}

extension CompilationError {
  /// Adds to what the code needs the `other` bytes that are needed beside it.
  fileprivate init(_ error: CompileError, beside other: Int, room: Int) {
    switch error {
    case .tooLittleRoom(let needed, _), .tooLittleWorkspace(let needed, _):
      self = .tooLittleRoom(needed: needed + other, available: room)
    case .tooLong: self = .tooLittleRoom(needed: 1 << 17, available: room)
    }
  }
}

extension ProgramCompartment {
  /// Compiles the program in this image, to run in this compartment.
  ///
  /// - Parameters:
  ///   - bytes: the image. Nothing of it is needed afterwards.
  ///   - isolation: who keeps the program within the compartment.
  ///   - routines: what the code may call.
  ///   - region: where to put the code and what belongs to it.
  ///   - address: the region's, divisible by 8.
  /// - Returns: what ``run(_:in:at:context:milliseconds:on:host:)`` takes.
  /// - Throws: ``CompilationError``.
  mutating func compile(
    _ bytes: Span<UInt8>, _ isolation: Isolation, calling routines: NativeRoutines,
    into region: inout MutableSpan<UInt8>, at address: UInt
  ) throws(CompilationError) -> CompiledProgram {
    let image: ProgramImage
    do throws(LoadError) { image = try open(bytes) } catch { throw .load(error) }
    return try Self.compile(
      image, isolation, calling: routines, granting: policy, into: &region, at: address, &arena,
      &instructions,
      &cells)
  }

  // Takes the parts of `self` apart, so that a program may borrow the one while the others are changed.

  private static func compile(
    _ image: borrowing ProgramImage, _ isolation: Isolation, calling routines: NativeRoutines,
    granting policy: HelperSet, into region: inout MutableSpan<UInt8>, at address: UInt, _ arena: inout Arena,
    _ instructions: inout FixedArray<Instruction>, _ cells: inout FixedArray<AnalysisCell>
  ) throws(CompilationError) -> CompiledProgram {
    let (rodataSize, dataSize) = (image.rodata.count, image.dataSize)
    let room = region.count
    // At least the map and one halfword for each instruction come on top.
    let codeStart = CompiledProgram.codeStart(rodataSize: rodataSize, dataSize: dataSize)
    let count = image.instructionCount
    guard codeStart + 3 * count <= room else {
      throw .tooLittleRoom(needed: codeStart + 3 * count, available: room)
    }
    let program: VerifiedProgram
    do throws(LoadError) {
      program = try analyse(image, into: instructions.mutableSpan, granting: policy, using: &cells)
    } catch {
      throw .load(error)
    }
    do throws(LoadError) {
      try prepare(&arena, frames: program.maximumDepth, of: image, context: Span())
    } catch {
      throw .load(error)
    }
    for index in 0..<rodataSize { region[index] = image.rodata[index] }
    let dataStart = CompiledProgram.dataStart(rodataSize: rodataSize)
    do throws(ImageError) {
      var data = region._mutatingExtracting(dataStart..<dataStart + dataSize)
      try image.initialise(data: &data, dataAddress: arena.dataAddress, rodataAddress: UInt64(address))
    } catch {
      throw .load(.image(error))
    }
    let environment = NativeEnvironment(
      isolation: isolation, arena: UInt32(truncatingIfNeeded: arena.address),
      arenaSize: UInt32(truncatingIfNeeded: arena.size), data: UInt32(truncatingIfNeeded: arena.dataAddress),
      rodata: UInt32(truncatingIfNeeded: address), routines: routines)
    // Every instruction takes a byte of the map, which comes behind the code.
    let mapRoom = room - program.instructions.count
    // SAFETY: both are plain numbers, for which any bits do, and neither's memory is looked at in its other form before it
    // is written again. The code starts at a multiple of 4.
    var cellMemory = cells.mutableSpan
    var cellBytes = unsafe cellMemory.mutableBytes
    var workspace = unsafe cellBytes._unsafeMutableView(as: CompilerCell.self)
    var codeMemory = region._mutatingExtracting(codeStart..<codeStart + (mapRoom - codeStart) & ~1)
    var codeBytes = unsafe codeMemory.mutableBytes
    let code: CompiledCode
    do throws(CompileError) {
      code = try JIT.compile(
        program, for: environment, into: unsafe codeBytes._unsafeMutableView(as: UInt16.self),
        using: &workspace)
    } catch {
      throw CompilationError(error, beside: codeStart + program.instructions.count, room: room)
    }
    var map = region._mutatingExtracting(codeStart + code.size..<room)
    let used = workspace.span.extracting(0..<program.instructions.count)
    guard let mapSize = CodeMap.write(of: code, used, into: &map) else {
      throw .tooLittleRoom(needed: room + 2, available: room)
    }
    return CompiledProgram(
      rodataSize: rodataSize, dataSize: dataSize, zeroSize: image.bssSize, frames: program.maximumDepth,
      entryIndex: program.entry, firstHalfword: Int(used[0].offset), code: code, mapSize: mapSize,
      granted: program.granted)
  }

  /// Runs a compiled program until it returns, traps, or has spent its budget.
  ///
  /// - Parameters:
  ///   - program: what was compiled for this compartment.
  ///   - region: what it was compiled into, unchanged since.
  ///   - address: the region's.
  ///   - context: as of an interpreted program.
  ///   - milliseconds: how long it may run.
  ///   - processor: runs the code.
  ///   - host: who carries out helpers.
  /// - Returns: how it ended.
  /// - Throws: ``ArenaError`` when the arena has no room for the context.
  mutating func run<Host: HelperHost & ~Copyable>(
    _ program: CompiledProgram, in region: Span<UInt8>, at address: UInt, context: Span<UInt8>,
    milliseconds: UInt32, on processor: some NativeProcessor, host: inout Host
  ) throws(ArenaError) -> Outcome {
    try arena.prepare(
      frames: program.frames, dataSize: program.dataSize + program.zeroSize, bssSize: 0,
      contextSize: context.count)
    var data = arena.data
    for index in 0..<program.dataSize { data[index] = region[program.data.lowerBound + index] }
    var window = arena.context
    for index in context.indices { window[index] = context[index] }
    let run = NativeRun(
      code: UInt32(truncatingIfNeeded: address) + UInt32(truncatingIfNeeded: program.codeStart),
      codeSize: UInt32(truncatingIfNeeded: program.code.size),
      entry: UInt32(truncatingIfNeeded: program.code.entry),
      context: context.isEmpty ? 0 : UInt32(truncatingIfNeeded: arena.contextAddress),
      contextLength: UInt32(truncatingIfNeeded: context.count),
      stackTop: UInt32(truncatingIfNeeded: arena.stackTop), arena: UInt32(truncatingIfNeeded: arena.address),
      arenaSize: UInt32(truncatingIfNeeded: arena.size), rodata: UInt32(truncatingIfNeeded: address),
      rodataSize: UInt32(truncatingIfNeeded: program.rodataSize), milliseconds: milliseconds)
    var memory = arena.memory(rodata: region.extracting(program.rodata))
    var fault: HelperFault?
    let outcome = processor.run(run) { call in
      let helper: Helper?
      let arguments: HelperArguments
      switch call {
      case .helper(let position, let values):
        helper = Helper(position: position)
        arguments = values
      case .numbered(let number, let values):
        helper = UInt8(exactly: number).flatMap { Helper(rawValue: $0) }
        arguments = values
        guard let helper else { return .stop(.unknownHelper, address: number) }
        guard program.granted.contains(helper) else { return .stop(.helperNotGranted, address: number) }
      }
      guard let helper else { return .stop(.invalidOperation, address: 0) }
      do throws(HelperFault) {
        return .result(try host.call(helper, arguments, &memory))
      } catch {
        fault = error
        return .stop(.helperFault, address: error.address)
      }
    }
    switch outcome {
    case .returned(let value): return Outcome(result: .returned(value), executed: nil)
    case .stopped(let rule, let site, let address):
      let index = program.index(ofSite: site, in: region)
      return Outcome(
        result: .trapped(Trap(rule, at: index, address: address, helperFault: fault)), executed: nil)
    }
  }
}
