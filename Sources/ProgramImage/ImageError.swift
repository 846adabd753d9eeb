public import BPF
public import ELF

/// Why bytes are no image, or an image no program for a compartment.
public enum ImageError: Error, Equatable, Sendable {
  /// The ELF file is broken.
  case elf(ELFError)
  /// A slot of the text is no instruction.
  case instruction(DecodeError, slot: Int)
  /// The image breaks a rule at a place. What the three numbers mean, the rule says.
  case refused(ImageRule, at: Int = 0, found: Int64 = 0, expected: Int64 = 0)
}

/// What an image has to obey beside the syntax of its layout.
public enum ImageRule: UInt8, CaseIterable, Sendable {
  // The numbers travel to other machines, so they are never given to another rule.

  /// There is no text.
  case noText = 1
  /// The size of section `at` (found, bytes), or of a text without sections, is no multiple of 8.
  case partialInstruction = 2
  /// The file has more sections (found) than are looked at (expected).
  case tooManySections = 3
  /// Section `at` is one more part of the program than there is room for (expected).
  case tooManySegments = 4
  /// Section `at` shares bytes of the file with another section (found).
  case overlappingSections = 5
  /// With section `at` a region has more bytes (found) than any compartment (expected).
  case regionTooLarge = 6
  /// The alignment of section `at` (found) is above what a compartment can give (expected).
  case alignmentTooLarge = 7
  /// Section `at` is of a type (found) that would have to be executed or interpreted before the program.
  case unsupportedSection = 8
  /// Section `at` relocates a section (found) that another one relocates already.
  case relocatedTwice = 9
  /// Section `at` relocates a section (found) that has no bytes in the file.
  case relocatedZeros = 10
  /// Section `at` has more relocations (found) than its target has room for (expected).
  case tooManyRelocations = 11
  /// Relocation `at` is for a place (found, byte offset) outside its section (expected, bytes) or within a slot.
  case relocationOutside = 12
  /// Relocation `at` is of a type (found) that its section cannot have.
  case unsupportedRelocation = 13
  /// Relocation `at` does not fit the instruction with this opcode (found).
  case relocationMismatch = 14
  /// Symbol `at` is used but nowhere defined. Its name is in the image: offset (found) and length (expected).
  case undefinedSymbol = 15
  /// Symbol `at` is used but belongs to a section (found) that is no part of the program.
  case symbolOutsideProgram = 16
  /// Relocation `at` wants the address of a function; programs have none.
  case functionAddress = 17
  /// Relocation `at` calls what is no function.
  case callOfData = 18
  /// Relocation `at` calls a place (found, byte offset in the text) that is no slot, or too far away.
  case callTarget = 19
  /// A function (symbol `at`) starts at a place (found, byte offset in its section) that is no slot of it.
  case functionOutside = 20
  /// The program has more slots (expected) than the buffer (found).
  case textBufferTooSmall = 21
  /// The data needs more bytes (expected) than the memory has (found).
  case dataBufferTooSmall = 22
  /// The address of the data (found) is not divisible by what the program asks for (expected).
  case misalignedData = 23
  /// The header is of a version (found) other than 0.
  case headerVersion = 24
  /// The header has flags (found), for instance that the text is compressed.
  case headerFlags = 25
  /// The image has less bytes (found) than its header counts (expected).
  case headerLength = 26
}
