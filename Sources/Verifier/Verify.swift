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
  let decoded = Instruction.decode(text, into: &buffer, at: 0)
  guard decoded == count else {
    // SAFETY: the text is longer than `decoded` slots of 8 bytes.
    let slot = unsafe text.bytes.unsafeLoadUnaligned(fromByteOffset: decoded * 8, as: UInt64.self)
    throw VerifierError(Instruction.error(of: UInt64(littleEndian: slot)), at: decoded)
  }
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
/// and 3 KiB. With fewer it proves less.
public func analysisCells(forInstructions count: Int) -> Int { count + 256 }

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
    let regions = RegionLimits(regions)
    guard let state = unsafe Workspace(cells, regions) else { return false }
    return try unsafe instructions.withUnsafeMutableBufferPointer {
      instructions throws(VerifierError) -> Bool in
      guard let text = unsafe AnalysedText(instructions) else { return false }
      var analysis = Analysis(text, entry: entry, regions: regions, state: state)
      try analysis.run(entry: entry, &observer)
      return true
    }
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
  if let (rule, index) = firstBreach(&instructions, granted, &called, &callsFunctions) {
    throw VerifierError(rule, by: instructions[index], at: index, of: count)
  }
  let depth = callsFunctions ? maximumDepth(of: &instructions, from: entry) : 1
  return Structure(entry: entry, maximumDepth: depth, called: called, granted: granted)
}

/// The first rule that an instruction breaks by itself, and the instruction. If there is none, those that jumps and local calls
/// lead to have a mark.
@inline(never) @_optimize(speed)
private func firstBreach(
  _ instructions: inout MutableSpan<Instruction>, _ granted: HelperSet, _ called: inout HelperSet,
  _ callsFunctions: inout Bool
) -> (VerifierError.Rule, Int)? {
  let count = instructions.count
  var index = 0
  while index < count {
    // SAFETY: the index counts up from 0 and stays below the number of instructions, here and below.
    unsafe instructions[unchecked: index].forgetVerification()
    index &+= 1
  }
  index = 0
  while index < count {
    let instruction = unsafe instructions[unchecked: index]
    let traits = instruction.operation.traits
    if traits.contains(.writesDestination) && instruction.destination == .r10
      || traits.contains(.writesSource) && instruction.source == .r10
    {
      return (.writesFramePointer, index)
    }
    if !traits.isDisjoint(with: [.jumpsByOffset, .jumpsByImmediate]) {
      let distance = traits.contains(.jumpsByOffset) ? Int(instruction.offset) : Int(instruction.immediate)
      // The distance has 32 bits; on a machine with no more, one that wraps leads outside as well: a text has far fewer slots.
      let target = index &+ 1 &+ distance
      let isCall = instruction.operation == .callLocal
      guard UInt(bitPattern: target) < UInt(bitPattern: count) else {
        return (isCall ? .callOutside : .jumpOutside, index)
      }
      guard instructions[target].operation != .wideUpperHalf else {
        return (isCall ? .callIntoWideLoad : .jumpIntoWideLoad, index)
      }
      instructions[target].mark = Analysis.unnumbered
    }
    var next = index &+ 1
    if traits.contains(.isSpecial) {
      switch instruction.operation {
      case .callHelper:
        if let rule = look(up: &instructions[index], granted, &called) { return (rule, index) }
      case .callLocal: callsFunctions = true
      case .lddw, .lddwData, .lddwRodata:
        guard next < count, instructions[next].operation == .wideUpperHalf else {
          return (.incompleteWideLoad, index)
        }
        next &+= 1
      default: return (refusal(of: instruction.operation), index)
      }
    }
    guard next < count || traits.contains(.ends) else { return (.fallsOffTheEnd, index) }
    index = next
  }
  return nil
}

/// The rule that stands against all instructions with this operation.
@inline(never)
private func refusal(of operation: Operation) -> VerifierError.Rule {
  if operation == .wideUpperHalf { return .strayUpperHalf }
  if operation == .callBTF { return .callByBTF }
  return operation.isPacketAccess ? .packetAccess : .unsupportedWideLoad
}

/// Notes which helper is called, or says why not.
@inline(never)
private func look(
  up call: inout Instruction, _ granted: HelperSet, _ called: inout HelperSet
) -> VerifierError.Rule? {
  guard let byte = UInt8(exactly: call.immediate), let helper = Helper(rawValue: byte) else {
    return .unknownHelper
  }
  guard granted.contains(helper) else { return .helperNotGranted }
  called.insert(helper)
  call.resolved = helper.position
  return nil
}

extension VerifierError {
  /// The rule that an instruction of a text of `count` slots breaks by itself.
  @inline(never)
  fileprivate init(_ rule: Rule, by instruction: Instruction, at index: Int, of count: Int) {
    let immediate = Int64(instruction.immediate)
    let target = Int64(index) + 1 + Int64(instruction.distance ?? 0)
    switch rule {
    case .jumpOutside, .callOutside: self.init(rule, at: index, found: target, expected: Int64(count))
    case .jumpIntoWideLoad, .callIntoWideLoad: self.init(rule, at: index, found: target)
    case .unknownHelper, .helperNotGranted, .callByBTF: self.init(rule, at: index, found: immediate)
    case .packetAccess: self.init(rule, at: index, found: Int64(instruction.operation.opcode))
    case .unsupportedWideLoad: self.init(rule, at: index, found: Int64(instruction.operation.variant))
    default: self.init(rule, at: index)
    }
  }
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
