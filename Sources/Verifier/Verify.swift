public import BPF
public import Helpers

/// Decodes a text section into `buffer` and checks it.
///
/// - Parameters:
///   - text: instructions of 8 bytes, as in the image.
///   - buffer: room for the program, as many entries as it may have slots.
///   - entry: index of the slot to start at.
///   - granted: the helpers the program may call.
/// - Returns: the program, ready to run.
/// - Throws: the first rule that the program breaks.
@_lifetime(copy buffer)
public func verify(
  text: Span<UInt8>, into buffer: consuming MutableSpan<Instruction>, entry: Int, granting granted: HelperSet
) throws(VerifierError) -> VerifiedProgram {
  guard text.count % 8 == 0 else {
    throw VerifierError(.partialInstruction, at: text.count / 8, found: Int64(text.count))
  }
  let count = text.count / 8
  guard count <= buffer.count else {
    throw VerifierError(.tooLong, at: 0, found: Int64(count), expected: Int64(buffer.count))
  }
  for index in 0..<count { buffer[index] = try decode(text, at: index) }
  return try verify(buffer._consumingExtracting(0..<count), entry: entry, granting: granted)
}

/// Checks the structure of a decoded program: everything that can be refused without knowing values.
///
/// The work takes no memory beside the instructions' own `mark` and `resolved`, and a time proportional to their number.
@_lifetime(copy instructions)
public func verify(
  _ instructions: consuming MutableSpan<Instruction>, entry: Int, granting granted: HelperSet
) throws(VerifierError) -> VerifiedProgram {
  let facts = try checkStructure(&instructions, entry: entry, granting: granted)
  return program(instructions, facts, areValuesKnown: false)
}

/// Cells of 12 bytes that the analysis of values needs for a program of so many instructions to do its best: one for each
/// and 2 KiB. With fewer it proves less.
public func analysisCells(forInstructions count: Int) -> Int { count + 170 }

/// Checks the structure of a decoded program, and then its values: refuses what is wrong for certain, and leaves in each
/// instruction what it proved (`Instruction.proven`). What can be neither proved nor refused is for run time.
///
/// The work takes a time proportional to the number of instructions.
///
/// - Parameters:
///   - instructions: the program.
///   - entry: index of the instruction to start at.
///   - granted: the helpers the program may call.
///   - regions: the memory that the program will have.
///   - cells: working memory, whatever it holds; see `analysisCells(forInstructions:)`.
/// - Returns: the program, ready to run.
/// - Throws: the first rule of structure that the program breaks, else the first rule about values.
@_lifetime(copy instructions)
public func verify(
  _ instructions: consuming MutableSpan<Instruction>, entry: Int, granting granted: HelperSet,
  regions: Regions, using cells: consuming MutableSpan<AnalysisCell>
) throws(VerifierError) -> VerifiedProgram {
  var observer = NoObserver()
  return try verify(
    instructions, entry: entry, granting: granted, regions: regions, using: cells, observer: &observer)
}

/// The same, and tells `observer` what is known before each instruction.
@_lifetime(copy instructions)
public func verify<Observer: AnalysisObserver & ~Copyable>(
  _ instructions: consuming MutableSpan<Instruction>, entry: Int, granting granted: HelperSet,
  regions: Regions, using cells: consuming MutableSpan<AnalysisCell>, observer: inout Observer
) throws(VerifierError) -> VerifiedProgram {
  let facts = try checkStructure(&instructions, entry: entry, granting: granted)
  let areValuesKnown = try analyse(&instructions, entry: entry, regions, &cells, &observer)
  return program(instructions, facts, areValuesKnown: areValuesKnown)
}

/// Analyses values. False when there is no memory for that.
private func analyse<Observer: AnalysisObserver & ~Copyable>(
  _ instructions: inout MutableSpan<Instruction>, entry: Int, _ regions: Regions,
  _ cells: inout MutableSpan<AnalysisCell>, _ observer: inout Observer
) throws(VerifierError) -> Bool {
  try unsafe cells.withUnsafeMutableBufferPointer { cells throws(VerifierError) -> Bool in
    guard let cells = unsafe AnalysisCells(cells), cells.count >= Workspace.joinBase else { return false }
    var analysis = Analysis(&instructions, entry: entry, regions: regions, cells: cells)
    try analysis.run(&instructions, entry: entry, &observer)
    return true
  }

}

/// What the check of the structure found out.
private struct Structure {
  let entry: Int
  let maximumDepth: Int
  let called: HelperSet
  let granted: HelperSet
}

@_lifetime(copy instructions)
private func program(
  _ instructions: consuming MutableSpan<Instruction>, _ structure: Structure, areValuesKnown: Bool
) -> VerifiedProgram {
  // SAFETY: the mutable span was consumed, so from here on its memory is only read, for as long as its owner lent it.
  let checked = unsafe _overrideLifetime(instructions.span, copying: instructions)
  return VerifiedProgram(
    instructions: checked, entry: structure.entry, maximumDepth: structure.maximumDepth,
    helpers: structure.called, granted: structure.granted, areValuesKnown: areValuesKnown)
}

private func checkStructure(
  _ instructions: inout MutableSpan<Instruction>, entry: Int, granting granted: HelperSet
) throws(VerifierError) -> Structure {
  let count = instructions.count
  guard count > 0 else { throw VerifierError(.emptyProgram, at: 0) }
  guard entry >= 0, entry < count else {
    throw VerifierError(.entryOutside, at: 0, found: Int64(entry), expected: Int64(count))
  }
  guard instructions[entry].operation != .wideUpperHalf else {
    throw VerifierError(.entryIntoWideLoad, at: entry)
  }
  var called = HelperSet.empty
  var callsFunctions = false
  var index = 0
  while index < count {
    let instruction = instructions[index]
    instructions[index].proofs = 0
    let next = try check(instruction, at: index, among: instructions.span)
    switch instruction.operation {
    case .callHelper:
      let helper = try helper(called: instruction.immediate, at: index, granted: granted)
      called.insert(helper)
      instructions[index].resolved = helper.position
    case .callLocal:
      callsFunctions = true
    default: break
    }
    index = next
  }
  let depth = callsFunctions ? maximumDepth(of: &instructions, from: entry) : 1
  return Structure(entry: entry, maximumDepth: depth, called: called, granted: granted)
}

/// The instruction in slot `index` of `text`, which has it.
private func decode(_ text: Span<UInt8>, at index: Int) throws(VerifierError) -> Instruction {
  // SAFETY: the text is at least `index` + 1 slots of 8 bytes long.
  let slot = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: index * 8, as: UInt64.self)
  do throws(DecodeError) { return try Instruction(slot: UInt64(littleEndian: slot)) } catch {
    throw VerifierError(error, at: index)
  }
}

/// Checks what one instruction can be checked for by itself and returns the index of the one after it.
@inline(__always)
private func check(
  _ instruction: Instruction, at index: Int, among instructions: Span<Instruction>
) throws(VerifierError) -> Int {
  let operation = instruction.operation
  if instruction.destination == .r10 && operation.writesDestination
    || instruction.source == .r10 && operation.writesSource
  {
    throw VerifierError(.writesFramePointer, at: index)
  }
  var next = index + 1
  switch operation {
  case .wideUpperHalf:
    throw VerifierError(.strayUpperHalf, at: index)
  case .lddw, .lddwData, .lddwRodata:
    guard next < instructions.count, instructions[next].operation == .wideUpperHalf else {
      throw VerifierError(.incompleteWideLoad, at: index)
    }
    next += 1
  case .lddwMapByDescriptor, .lddwMapValueByDescriptor, .lddwVariable, .lddwCode, .lddwMapByIndex,
    .lddwMapValueByIndex:
    throw VerifierError(.unsupportedWideLoad, at: index, found: Int64(operation.variant))
  case .ldabsb, .ldabsh, .ldabsw, .ldindb, .ldindh, .ldindw:
    throw VerifierError(.packetAccess, at: index, found: Int64(operation.opcode))
  case .callBTF:
    throw VerifierError(.callByBTF, at: index, found: Int64(instruction.immediate))
  default:
    if let distance = instruction.distance {
      try checkTarget(Int64(index) + 1 + Int64(distance), from: instruction, at: index, among: instructions)
    }
  }
  guard next < instructions.count || !operation.mayContinue else {
    throw VerifierError(.fallsOffTheEnd, at: index)
  }
  return next
}

private func checkTarget(
  _ target: Int64, from instruction: Instruction, at index: Int, among instructions: Span<Instruction>
) throws(VerifierError) {
  let isCall = instruction.operation == .callLocal
  guard target >= 0, target < instructions.count else {
    throw VerifierError(
      isCall ? .callOutside : .jumpOutside, at: index, found: target, expected: Int64(instructions.count))
  }
  guard instructions[Int(target)].operation != .wideUpperHalf else {
    throw VerifierError(isCall ? .callIntoWideLoad : .jumpIntoWideLoad, at: index, found: target)
  }
}

private func helper(
  called number: Int32, at index: Int, granted: HelperSet
) throws(VerifierError) -> Helper {
  guard let byte = UInt8(exactly: number), let helper = Helper(rawValue: byte) else {
    throw VerifierError(.unknownHelper, at: index, found: Int64(number))
  }
  guard granted.contains(helper) else {
    throw VerifierError(.helperNotGranted, at: index, found: Int64(number))
  }
  return helper
}

extension VerifierError {
  /// The rule that bytes which are no instruction break.
  public init(_ error: DecodeError, at index: Int) {
    switch error {
    case .unknownOpcode(let opcode):
      self.init(.unknownOpcode, at: index, found: Int64(opcode))
    case .unknownVariant(let opcode, let variant):
      self.init(.unknownVariant, at: index, found: Int64(variant), expected: Int64(opcode))
    case .destinationOutOfRange(let number):
      self.init(.destinationOutOfRange, at: index, found: Int64(number))
    case .sourceOutOfRange(let number):
      self.init(.sourceOutOfRange, at: index, found: Int64(number))
    case .reservedFieldsNotZero(let opcode, let fields):
      self.init(.reservedFieldsNotZero, at: index, found: Int64(fields.rawValue), expected: Int64(opcode))
    }
  }
}
