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
  /// A run of the slot's program is under way.
  case busy
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

extension ProgramLoader {
  /// Compiles the program in this image, to run in the arena.
  ///
  /// - Parameters:
  ///   - bytes: the image. Nothing of it is needed afterwards.
  ///   - isolation: who keeps the program within the compartment.
  ///   - routines: what the code may call.
  ///   - policy: the helpers that it may call unless the image says less.
  ///   - region: where to put the code and what belongs to it.
  ///   - address: the region's, divisible by 8.
  ///   - arena: where the program will run. What it holds is lost.
  /// - Returns: what a run needs to know.
  /// - Throws: ``CompilationError``.
  mutating func compile(
    _ bytes: Span<UInt8>, _ isolation: Isolation, calling routines: NativeRoutines,
    granting policy: HelperSet, into region: inout MutableSpan<UInt8>, at address: UInt, _ arena: inout Arena
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
      arenaSize: UInt32(truncatingIfNeeded: arena.capacity),
      data: UInt32(truncatingIfNeeded: arena.dataAddress),
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
    guard let mapSize = CodeMap.write(of: code, from: program.instructions, used, into: &map) else {
      throw .tooLittleRoom(needed: room + 2, available: room)
    }
    return CompiledProgram(
      rodataSize: rodataSize, dataSize: dataSize, zeroSize: image.bssSize, frames: program.maximumDepth,
      entryIndex: program.entry, firstHalfword: Int(used[0].offset), code: code, mapSize: mapSize,
      granted: program.granted)
  }
}
