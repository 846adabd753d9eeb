import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
import ProgramImage
import Verifier

/// Takes programs out of their images and verifies them, one at a time.
struct ProgramLoader: ~Copyable {
  /// The decoded instructions of the program loaded last.
  var instructions: FixedArray<Instruction>
  /// Working memory of the verifier, and of the compiler after it.
  var cells: FixedArray<AnalysisCell>

  /// - Parameter instructionCapacity: the most instructions a program may have.
  init(instructionCapacity: Int) {
    instructions = FixedArray(repeating: Instruction(.exit), count: instructionCapacity)
    cells = FixedArray(
      repeating: AnalysisCell(), count: analysisCells(forInstructions: instructionCapacity))
  }

  /// Finds out whether the program in this image could run in the arena, and that no run is certain to go wrong.
  ///
  /// The arena stays as it is.
  mutating func check(_ bytes: Span<UInt8>, for arena: borrowing Arena, granting policy: HelperSet)
    throws(LoadError)
  {
    let frames = try proven(bytes, granting: policy).maximumDepth
    let image = try open(bytes)
    let dataAddress: UInt64
    do throws(ArenaError) {
      dataAddress = try arena.dataAddress(
        frames: frames, dataSize: image.dataSize + image.bssSize, bssSize: 0, contextSize: 0)
    } catch {
      throw .arena(error)
    }
    // SAFETY: the cells are plain numbers that nobody needs any more, and are written before they are read again.
    var memory = cells.mutableSpan
    var scratch = unsafe memory.mutableBytes
    let room = scratch.byteCount
    guard image.dataSize <= room else { throw .arena(.doesNotFit(needed: image.dataSize, available: room)) }
    var data = unsafe scratch._unsafeMutableView(as: UInt8.self)._consumingExtracting(0..<image.dataSize)
    do throws(ImageError) {
      try image.initialise(data: &data, dataAddress: dataAddress, rodataAddress: dataAddress)
    } catch {
      throw .image(error)
    }
  }

  /// The first call in the program of this image of a helper that is not granted.
  mutating func ungrantedCall(in bytes: Span<UInt8>, outside granted: HelperSet) throws(LoadError)
    -> HelperCall?
  {
    let image = try open(bytes)
    var memory = instructions.mutableSpan
    do throws(ImageError) {
      let count = try image.decode(into: &memory)
      return firstCall(outside: granted, in: memory.span.extracting(0..<count))
    } catch {
      throw .image(error)
    }
  }

  /// Decodes the program in this image and verifies its structure and its values, for a context of any size.
  @_lifetime(&self)
  mutating func proven(_ bytes: Span<UInt8>, granting policy: HelperSet) throws(LoadError) -> VerifiedProgram
  {
    let image = try open(bytes)
    let memory = instructions.mutableSpan
    return try analyse(image, into: memory, granting: policy, using: &cells)
  }

  /// Makes what the interpreter runs of the program in this image.
  ///
  /// - Parameters:
  ///   - bytes: the image; it has to stay where it is while the program runs.
  ///   - policy: the helpers that it may call unless the image says less.
  ///   - region: where to put data and steps: at its end, which is divisible by 8, as is the start.
  ///   - registers: where the interpreter's registers will be.
  ///   - arena: where the program will run. What it holds is lost.
  /// - Returns: what a run needs to know; `nil` when the region is too small.
  /// - Throws: ``LoadError``.
  mutating func translate(
    _ bytes: Span<UInt8>, granting policy: HelperSet, into region: inout MutableSpan<UInt8>, registers: UInt,
    _ arena: inout Arena
  ) throws(LoadError) -> TranslatedProgram? {
    let image = try open(bytes)
    return try Self.translate(
      image, of: bytes, granting: policy, into: &region, registers: registers, &arena, &instructions)
  }

  // Takes the instructions apart from `self`, so that a program may borrow them while other parts are changed.

  private static func translate(
    _ image: borrowing ProgramImage, of bytes: Span<UInt8>, granting policy: HelperSet,
    into region: inout MutableSpan<UInt8>, registers: UInt, _ arena: inout Arena,
    _ instructions: inout FixedArray<Instruction>
  ) throws(LoadError) -> TranslatedProgram? {
    let program = try load(image, into: instructions.mutableSpan, granting: policy)
    try prepare(&arena, frames: program.maximumDepth, of: image, context: Span())
    let stepBytes = Interpretation.programBytes(instructions: program.instructions.count)
    let start = region.count - (stepBytes + 7) & ~7
    let dataStart = start - (image.dataSize + 7) & ~7
    guard dataStart >= 0 else { return nil }
    // Data as it is before a run, with addresses filled in.
    let data = arena.data
    for index in 0..<image.dataSize { region[dataStart + index] = data[index] }
    var steps = region._mutatingExtracting(start..<start + stepBytes)
    let rodata = unsafe image.rodata.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    let imageStart = unsafe bytes.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    let interpreted = Interpretation.load(
      program, into: &steps, registers: registers, dataAddress: arena.dataAddress,
      rodataAddress: UInt64(rodata))
    let rodataStart = image.rodata.isEmpty ? 0 : Int(rodata - imageStart)
    return TranslatedProgram(
      program: interpreted, dataStart: dataStart, dataSize: image.dataSize, zeroSize: image.bssSize,
      rodata: rodataStart..<rodataStart + image.rodata.count, frames: program.maximumDepth,
      granted: program.granted)
  }

  /// Lays the arena out and fills data and context.
  static func prepare(
    _ arena: inout Arena, frames: Int, of image: borrowing ProgramImage,
    context: Span<UInt8>
  ) throws(LoadError) {
    do throws(ArenaError) {
      // The image's zeros stand directly behind its data, as its offsets count.
      try arena.prepare(
        frames: frames, dataSize: image.dataSize + image.bssSize, bssSize: 0,
        contextSize: context.count)
    } catch {
      throw .arena(error)
    }
    do throws(ImageError) {
      let rodata = image.rodata
      let rodataAddress = unsafe rodata.withUnsafeBufferPointer { UInt64(UInt(bitPattern: $0.baseAddress)) }
      let dataAddress = arena.dataAddress
      var data = arena.data
      try image.initialise(data: &data, dataAddress: dataAddress, rodataAddress: rodataAddress)
    } catch {
      throw .image(error)
    }
    var window = arena.context
    for index in context.indices { window[index] = context[index] }
  }
}

@_lifetime(copy bytes)
func open(_ bytes: Span<UInt8>) throws(LoadError) -> ProgramImage {
  do throws(ImageError) { return try ProgramImage(bytes) } catch { throw .image(error) }
}

/// Decodes the program of an image and verifies its structure.
@_lifetime(copy memory)
func load(
  _ image: borrowing ProgramImage, into memory: consuming MutableSpan<Instruction>, granting policy: HelperSet
) throws(LoadError) -> VerifiedProgram {
  let (count, granted) = try decode(image, into: &memory, granting: policy)
  do throws(VerifierError) {
    return try verify(memory._consumingExtracting(0..<count), entry: image.entry, granting: granted)
  } catch {
    throw .refused(error)
  }
}

/// Decodes the program of an image and verifies its structure and its values, for a context of any size.
@_lifetime(copy memory)
func analyse(
  _ image: borrowing ProgramImage, into memory: consuming MutableSpan<Instruction>,
  granting policy: HelperSet,
  using cells: inout FixedArray<AnalysisCell>
) throws(LoadError) -> VerifiedProgram {
  let (count, granted) = try decode(image, into: &memory, granting: policy)
  // The zeros stand directly behind the data.
  var regions = Regions(dataSize: image.dataSize + image.bssSize, rodataSize: image.rodata.count)
  regions.addressesFitWord = UInt.bitWidth == 32
  do throws(VerifierError) {
    return try verify(
      memory._consumingExtracting(0..<count), entry: image.entry, granting: granted, regions: regions,
      using: cells.mutableSpan)
  } catch {
    throw .refused(error)
  }
}

/// Decodes the program of an image: how many instructions it has, and the helpers it may call.
@inline(never)
private func decode(
  _ image: borrowing ProgramImage, into memory: inout MutableSpan<Instruction>, granting policy: HelperSet
) throws(LoadError) -> (count: Int, granted: HelperSet) {
  do throws(ImageError) {
    let count = try image.decode(into: &memory)
    return (count, image.grantedHelpers.map { policy.intersection($0) } ?? policy)
  } catch {
    throw .image(error)
  }
}
