import BPF
import Bytes
import ELF

// The layout `elf`: any number of sections of each kind, as a compiler writes them or a linker has joined them.
extension ProgramImage {
  /// Sections looked at. A compiler makes some more for debug information, which a linker leaves out.
  private static let maximumSections = 256

  /// Turns the sections that belong to the running program into segments.
  mutating func addSegments(of file: borrowing ELFFile) throws(ImageError) {
    guard file.sectionCount <= Self.maximumSections else {
      throw .refused(
        .tooManySections, found: Int64(file.sectionCount), expected: Int64(Self.maximumSections))
    }
    let relocated = try file.relocatedSections()
    for index in 0..<file.sectionCount {
      let section = try file.allocatedSection(at: index)
      guard let section, section.type == .programBits else { continue }
      let number = UInt16(truncatingIfNeeded: index)
      if section.flags.contains(.executable) {
        if section.size > 0 { try segments.appendText(section.fileRange, section: number) }
      } else if section.flags.contains(.writable) {
        try segments.appendData(section.fileRange, alignment: section.alignment, section: number)
      } else if relocated.contains(index) {
        // Constants that hold addresses cannot stay in the image, which nobody changes.
        guard try !file.isUnwindTable(section) else { continue }
        try segments.appendData(section.fileRange, alignment: section.alignment, section: number)
      } else {
        try segments.appendRodata(section.fileRange, section: number)
      }
    }
    for index in 0..<file.sectionCount where file.type(ofSection: index) == .noBits {
      guard let section = try file.allocatedSection(at: index) else { continue }
      try segments.appendZeros(
        section.size, alignment: section.alignment, section: UInt16(truncatingIfNeeded: index))
    }
  }

  /// The slot at which the function called `name` starts.
  func entry(named name: Span<UInt8>, in file: borrowing ELFFile) throws(ImageError) -> Int? {
    let table: SymbolTable?
    do throws(ELFError) { table = try file.symbolTable() } catch { throw .elf(error) }
    guard let table else { return nil }
    for index in 1..<max(table.count, 1) {
      let symbol = try file.checkedSymbol(at: index, in: table)
      guard symbol.type == .function, let place = segments.index(ofSection: UInt32(symbol.section)),
        segments[place].region == .text
      else { continue }
      let found: Bool
      do throws(ELFError) { found = try file.hasName(name, symbol, in: table) } catch {
        throw .elf(error)
      }
      guard found else { continue }
      guard symbol.value % 8 == 0, symbol.value < UInt64(segments[place].size) else {
        throw .refused(.functionOutside, at: index, found: Int64(truncatingIfNeeded: symbol.value))
      }
      return (segments[place].place + Int(symbol.value)) / 8
    }
    return nil
  }
}

/// A set of section numbers.
private struct SectionSet {
  private var words = InlineArray<4, UInt64>(repeating: 0)

  func contains(_ index: Int) -> Bool { words[index >> 6] >> UInt64(index & 63) & 1 != 0 }
  mutating func insert(_ index: Int) { words[index >> 6] |= 1 << UInt64(index & 63) }
}

extension ELFFile {
  /// Reads from the file, with errors as those of an image.
  func checked<Value>(_ read: (borrowing ELFFile) throws(ELFError) -> Value) throws(ImageError) -> Value {
    do throws(ELFError) { return try read(self) } catch { throw .elf(error) }
  }

  /// The sections that relocations change. At most one section of relocations may be for each.
  fileprivate func relocatedSections() throws(ImageError) -> SectionSet {
    var relocated = SectionSet()
    for index in 0..<sectionCount {
      guard let table = try relocations(at: index), table.count > 0 else { continue }
      let target = try checked { file throws(ELFError) in try file.section(at: table.target) }
      guard target.flags.contains(.allocated) else { continue }
      guard !relocated.contains(target.index) else {
        throw .refused(.relocatedTwice, at: index, found: Int64(target.index))
      }
      guard target.type == .programBits else {
        throw .refused(.relocatedZeros, at: index, found: Int64(target.index))
      }
      guard table.count <= target.size / 8 else {
        throw .refused(
          .tooManyRelocations, at: index, found: Int64(table.count), expected: Int64(target.size / 8))
      }
      relocated.insert(target.index)
    }
    return relocated
  }

  /// The section with this number if it is part of the running program: with bytes in the file or without.
  fileprivate func allocatedSection(at index: Int) throws(ImageError) -> ELFSection? {
    let section = try checked { file throws(ELFError) in try file.section(at: index) }
    guard section.flags.contains(.allocated), section.type != .null else { return nil }
    guard section.type == .programBits || section.type == .noBits && !section.flags.contains(.executable)
    else {
      throw .refused(.unsupportedSection, at: index, found: Int64(section.type.rawValue))
    }
    return section
  }

  /// The relocations in the section with this number, if it holds any.
  func relocations(at index: Int) throws(ImageError) -> RelocationTable? {
    try checked { file throws(ELFError) in try file.relocationTable(at: index) }
  }

  func checkedSymbol(at index: Int, in table: SymbolTable) throws(ImageError) -> ELFSymbol {
    do throws(ELFError) { return try symbol(at: index, in: table) } catch { throw .elf(error) }
  }

  /// Whether the section says how to unwind stack frames, which a compartment never does.
  fileprivate func isUnwindTable(_ section: ELFSection) throws(ImageError) -> Bool {
    do throws(ELFError) { return try name(of: section).holdsSameBytes(as: ".eh_frame") } catch {
      throw .elf(error)
    }
  }
}
