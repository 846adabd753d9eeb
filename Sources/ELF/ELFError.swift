/// What is wrong with an ELF file, and where.
public struct ELFError: Error, Equatable, Sendable {
  /// The numbers travel to other machines, so they are never given to another rule.
  public enum Rule: UInt8, CaseIterable, Sendable {
    /// The file has fewer bytes (found) than a header (expected).
    case truncatedHeader = 1
    /// The file does not start with the ELF magic number.
    case notELF = 2
    /// The class (found) is not that of 64-bit files (expected).
    case unsupportedClass = 3
    /// The data encoding (found) is not little-endian (expected).
    case unsupportedByteOrder = 4
    /// The version (found) is not the current one (expected).
    case unsupportedVersion = 5
    /// The type (found) is not that of relocatable files (expected).
    case notRelocatable = 6
    /// The machine (found) is not eBPF (expected).
    case wrongMachine = 7
    /// Section headers have another size (found, bytes) than they should (expected).
    case sectionHeaderSize = 8
    /// The table of section headers starts at an offset (found) from where it does not fit the file (expected, bytes).
    case sectionTableOutside = 9
    /// There is no section with this number (found) in a file of so many (expected).
    case noSuchSection = 10
    /// Section `index` starts at an offset (found) from where it does not fit the file (expected, bytes).
    case sectionOutside = 11
    /// Section `index` has a size (found, bytes) beyond what this reader takes (expected).
    case sectionTooLarge = 12
    /// The alignment of section `index` (found) is not a power of two.
    case alignment = 13
    /// Section `index` is of another type (found) than its use asks for (expected).
    case sectionType = 14
    /// Entries of section `index` have another size (found, bytes) than they should (expected).
    case entrySize = 15
    /// The size of section `index` (found, bytes) is no multiple of its entries' size (expected).
    case partialEntry = 16
    /// There is no symbol with this number (found) in a table of so many (expected).
    case noSuchSymbol = 17
    /// There is no relocation with this number (found) in a table of so many (expected).
    case noSuchRelocation = 18
    /// A name in string table `index` starts (found) outside the table (expected, bytes) or has no end in it.
    case nameOutside = 19
  }

  public let rule: Rule
  /// Number of the section that breaks the rule; 0 for rules about the file.
  public let index: Int
  /// What stands there, as the rule says; 0 if it names nothing.
  public let found: UInt64
  /// What should stand there or bounds it, as the rule says; 0 if it names nothing.
  public let expected: UInt64

  public init(_ rule: Rule, at index: Int = 0, found: UInt64 = 0, expected: UInt64 = 0) {
    self.rule = rule
    self.index = index
    self.found = found
    self.expected = expected
  }
}
