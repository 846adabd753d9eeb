import BPF
import Bytes
import Compartment
import Helpers
import Interpreter
import ProgramImage
public import Verifier

/// The memory one program at a time is loaded into and runs in.
public struct ProgramCompartment: ~Copyable {
  var arena: Arena
  /// The decoded instructions of the program loaded last.
  var instructions: FixedArray<Instruction>
  private var interpreter: Interpreter
  /// Working memory of the verifier, and of the compiler after it.
  var cells: FixedArray<AnalysisCell>
  /// The helpers that programs may call unless their image says less.
  let policy: HelperSet

  /// - Parameters:
  ///   - arenaBytes: stack, data and context of a program; a power of two, at least 1024.
  ///   - instructionCapacity: the most instructions a program may have.
  ///   - policy: the helpers that programs may call.
  public init(
    arenaBytes: Int = Limits.arenaBytes, instructionCapacity: Int = Limits.instructions,
    policy: HelperSet = .all
  ) {
    arena = Arena(size: arenaBytes)
    instructions = FixedArray(repeating: Instruction(.exit), count: instructionCapacity)
    interpreter = Interpreter(capacity: instructionCapacity)
    cells = FixedArray(
      repeating: AnalysisCell(), count: analysisCells(forInstructions: instructionCapacity))
    self.policy = policy
  }

  /// Finds out whether the program in this image could run: everything that ``run(_:context:budget:host:)`` does before the
  /// first instruction, and that no run is certain to go wrong.
  ///
  /// - Throws: ``LoadError``.
  public mutating func check(_ bytes: Span<UInt8>) throws(LoadError) {
    let frames = try proven(bytes).maximumDepth
    try Self.prepare(&arena, frames: frames, of: try open(bytes), context: Span())
  }

  /// Decodes the program in this image and verifies its structure and its values, for a context of any size.
  ///
  /// - Parameter bytes: the image.
  /// - Returns: the program, with proofs that hold whenever it runs in this compartment. Its instructions stay until the
  ///   compartment is used again.
  /// - Throws: ``LoadError``: of the rules about values the first one that the program breaks whatever happens.
  @_lifetime(&self)
  public mutating func proven(_ bytes: Span<UInt8>) throws(LoadError) -> VerifiedProgram {
    let image = try open(bytes)
    let memory = instructions.mutableSpan
    return try analyse(image, into: memory, granting: policy, using: &cells)
  }

  /// Loads the program in this image and runs it until it returns, traps, or has spent its budget.
  ///
  /// - Parameters:
  ///   - bytes: the image; read-only data stays there.
  ///   - context: copied into the arena; r1 is its address there and r2 its length. r1 is 0 when it is empty.
  ///   - budget: the most instructions that may run.
  ///   - host: who carries out helpers.
  /// - Returns: how it ended and how many instructions ran.
  /// - Throws: ``LoadError`` when it cannot be loaded.
  public mutating func run<Host: HelperHost & ~Copyable>(
    _ bytes: Span<UInt8>, context: Span<UInt8>, budget: Int, host: inout Host
  ) throws(LoadError) -> Outcome {
    let image = try open(bytes)
    return try Self.run(
      image, granting: policy, context: context, budget: budget, host: &host, &arena, &instructions,
      &interpreter)
  }

  // Takes arena and instructions apart from `self`, so that a program may borrow the one while the other is changed.

  private static func run<Host: HelperHost & ~Copyable>(
    _ image: borrowing ProgramImage, granting policy: HelperSet, context: Span<UInt8>, budget: Int,
    host: inout Host, _ arena: inout Arena, _ instructions: inout FixedArray<Instruction>,
    _ interpreter: inout Interpreter
  ) throws(LoadError) -> Outcome {
    let program = try load(image, into: instructions.mutableSpan, granting: policy)
    try prepare(&arena, frames: program.maximumDepth, of: image, context: context)
    let address = context.isEmpty ? 0 : arena.contextAddress
    var memory = arena.memory(rodata: image.rodata)
    interpreter.load(program, for: memory)
    return interpreter.run(
      memory: &memory, context: address, contextLength: UInt64(context.count), budget: budget, host: &host)
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
private func load(
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
