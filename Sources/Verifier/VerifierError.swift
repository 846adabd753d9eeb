/// Why a program may not run: the rule it breaks and where.
public struct VerifierError: Error, Equatable, Sendable {
  /// The numbers travel to other machines, so they are never given to another rule.
  public enum Rule: UInt8, CaseIterable, Sendable {
    /// The text is empty.
    case emptyProgram = 1
    /// The text has more slots (found) than there is room for (expected).
    case tooLong = 2
    /// The length of the text in bytes (found) is no multiple of 8.
    case partialInstruction = 3
    /// No instruction has this opcode (found).
    case unknownOpcode = 4
    /// The opcode (expected) has no instruction with this (found) in the field that tells its instructions apart.
    case unknownVariant = 5
    /// The destination register (found) is beyond r10.
    case destinationOutOfRange = 6
    /// The source register (found) is beyond r10.
    case sourceOutOfRange = 7
    /// An instruction with this opcode (expected) does not use these fields (found, as `InstructionFields`), yet they
    /// hold something.
    case reservedFieldsNotZero = 8
    /// The program starts at a slot (found) outside the text of so many slots (expected).
    case entryOutside = 9
    /// The program starts at the second slot of a wide load.
    case entryIntoWideLoad = 10
    /// The instruction would change r10.
    case writesFramePointer = 11
    /// A jump goes to a slot (found) outside the text of so many slots (expected).
    case jumpOutside = 12
    /// A jump goes to a slot (found) that is the second one of a wide load.
    case jumpIntoWideLoad = 13
    /// A local call goes to a slot (found) outside the text of so many slots (expected).
    case callOutside = 14
    /// A local call goes to a slot (found) that is the second one of a wide load.
    case callIntoWideLoad = 15
    /// A wide load without its second slot.
    case incompleteWideLoad = 16
    /// The second slot of a wide load without a first one.
    case strayUpperHalf = 17
    /// Execution would run past the last slot.
    case fallsOffTheEnd = 18
    /// There is no helper with this number (found).
    case unknownHelper = 19
    /// The program is not granted the helper with this number (found).
    case helperNotGranted = 20
    /// Instructions of the legacy packet group (opcode found) are not offered. RFC 9669 §5.5
    case packetAccess = 21
    /// Wide loads of this kind (source field found) refer to objects that a compartment has not. RFC 9669 §5.4
    case unsupportedWideLoad = 22
    /// Calls by BTF number (found) are not offered. RFC 9669 §4.3.1
    case callByBTF = 23

    // Rules about values. An instruction breaks one only if it does so on every way that leads to it.

    /// The instruction uses a register (found) that nothing was written to. Calls write to r1 to r5 what nobody may read.
    case uninitialisedRegister = 24
    /// The instruction depends on a register (found) whose value comes from a place in the stack frame that nothing was
    /// written to.
    case uninitialisedStack = 25
    /// An access of so many bytes (expected) at an offset (found) from r10 is not within the 512 bytes below it.
    case outsideStackFrame = 26
    /// An access at an offset (found) that is not within the writable data of so many bytes (expected).
    case outsideData = 27
    /// An access at an offset (found) that is not within the read-only data of so many bytes (expected).
    case outsideReadOnlyData = 28
    /// The instruction writes at an offset (found) in the read-only data.
    case writesReadOnlyData = 29
    /// The instruction takes a number (found) for an address, where no program has memory: below expected.
    case numberAsAddress = 30
    /// The program can neither return nor stop itself, nor does it ever sleep.
    case neverEnds = 31
  }

  public let rule: Rule
  /// Index of the offending 8-byte slot in the text; 0 for rules about the whole text.
  public let index: Int
  /// What stands there, as the rule says; 0 if it names nothing.
  public let found: Int64
  /// What should stand there or bounds it, as the rule says; 0 if it names nothing.
  public let expected: Int64

  public init(_ rule: Rule, at index: Int, found: Int64 = 0, expected: Int64 = 0) {
    self.rule = rule
    self.index = index
    self.found = found
    self.expected = expected
  }
}
