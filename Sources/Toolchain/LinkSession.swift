import BPF
import Bytes
import ELF
import ProgramImage

/// The state of one run of the linker. The methods are its steps, in their order.
struct LinkSession {
  /// What a section becomes.
  enum Kind {
    case text, rodata, data, zeros
  }

  struct Section {
    var object: Int
    var file: ObjectFile.Section
    var kind: Kind
    /// Its offset in the joined section; `nil` when the program cannot reach it.
    var offset: Int?
  }

  /// What a symbol stands for.
  enum Definition {
    case place(Place)
    case trap
    case undefined
    /// Defined where no program can use it.
    case elsewhere
  }

  private var objects: [ObjectFile] = []
  private var sections: [Section] = []
  /// For each object file the numbers of its sections among all.
  private var numbers: [[Int: Int]] = []
  private var globals: [String: Place] = [:]

  var text: [UInt8] = []
  private(set) var rodata: [UInt8] = []
  var data: [UInt8] = []
  var zeros = 0
  private(set) var functions: [LinkedFunction] = []
  private(set) var dataAlignment = 8
  private(set) var zerosAlignment = 8
  /// Places in the data that hold addresses: what stands there counts from the start of this kind of section.
  private(set) var pointers: [(offset: Int, kind: Kind)] = []

  // MARK: 1. Input

  mutating func add(_ object: ObjectFile) throws(LinkError) {
    var numbers: [Int: Int] = [:]
    for section in object.sections
    where section.header.flags.contains(.allocated) && section.header.type != .null {
      guard let kind = try kind(of: section) else { continue }
      numbers[section.header.index] = sections.count
      sections.append(Section(object: objects.count, file: section, kind: kind))
    }
    self.numbers.append(numbers)
    objects.append(object)
  }

  /// What becomes of a section; `nil` when no program needs it.
  private func kind(of section: ObjectFile.Section) throws(LinkError) -> Kind? {
    let flags = section.header.flags
    guard section.header.alignment <= UInt64(ProgramImage.maximumDataAlignment) else {
      throw .alignmentTooLarge(section.name, section.header.alignment)
    }
    if section.header.type == .noBits { return .zeros }
    if section.name == ".eh_frame" { return nil }
    guard section.header.type == .programBits else { throw .unsupportedSection(section.name) }
    if flags.contains(.executable) { return .text }
    // Constants that hold addresses cannot stay in the image, which nobody changes.
    return flags.contains(.writable) || !section.relocations.isEmpty ? .data : .rodata
  }

  /// Finds out what every name stands for.
  mutating func resolveGlobals() throws(LinkError) {
    var strong: Set<String> = []
    for (number, object) in objects.enumerated() {
      for symbol in object.symbols where symbol.entry.binding != .local {
        guard let section = numbers[number][Int(symbol.entry.section)] else { continue }
        if symbol.entry.binding == .global, !strong.insert(symbol.name).inserted {
          throw .definedTwice(symbol.name)
        }
        if symbol.entry.binding == .global || globals[symbol.name] == nil {
          globals[symbol.name] = Place(section: section, offset: symbol.entry.value)
        }
      }
    }
  }

  private func definition(of symbol: ObjectFile.Symbol, in object: Int) -> Definition {
    if symbol.entry.binding != .local, let place = globals[symbol.name] { return .place(place) }
    if symbol.entry.section == ELFSymbol.undefined {
      return symbol.name == ProgramImage.trapName.description ? .trap : .undefined
    }
    guard let section = numbers[object][Int(symbol.entry.section)] else { return .elsewhere }
    return .place(Place(section: section, offset: symbol.entry.value))
  }

  /// The function called `name`, of all object files.
  func function(named name: String) -> Place? {
    for (number, object) in objects.enumerated() {
      for symbol in object.symbols where symbol.name == name && symbol.entry.type == .function {
        if case .place(let place) = definition(of: symbol, in: number), sections[place.section].kind == .text,
          place.offset % 8 == 0, place.offset < UInt64(sections[place.section].file.contents.count)
        {
          return place
        }
      }
    }
    return nil
  }

  /// The function called `name`, or without a name `program`, or without that the first one of the first object file.
  func entry(named name: String?) throws(LinkError) -> Place {
    if let place = function(named: name ?? ProgramImage.entryName.description) { return place }
    if let name { throw .noEntry(name) }
    let first = sections.indices.first {
      sections[$0].object == 0 && sections[$0].kind == .text && !sections[$0].file.contents.isEmpty
    }
    guard let first else { throw .noEntry(nil) }
    return Place(section: first, offset: 0)
  }

  // MARK: 2. Selection

  /// Drops every section that nothing reachable refers to.
  mutating func keep(reachableFrom roots: [Place]) throws(LinkError) {
    var work = roots.map(\.section)
    var kept: Set<Int> = []
    while let number = work.popLast() {
      guard kept.insert(number).inserted else { continue }
      sections[number].offset = 0
      for relocation in sections[number].file.relocations {
        if case .place(let place) = try target(of: relocation, in: number) { work.append(place.section) }
      }
    }
  }

  /// What the symbol of a relocation stands for; never `undefined` or `elsewhere`.
  private func target(of relocation: ELFRelocation, in number: Int) throws(LinkError) -> Definition {
    let object = sections[number].object
    let symbol = objects[object].symbols[Int(relocation.symbol)]
    let definition = definition(of: symbol, in: object)
    switch definition {
    case .place, .trap: return definition
    case .undefined:
      throw .undefinedSymbol(symbol.name, user: owner(of: relocation.offset, in: number))
    case .elsewhere:
      throw .unusableSymbol(symbol.name, user: owner(of: relocation.offset, in: number))
    }
  }

  /// What people call the place: the function or variable there, else the section.
  private func owner(of offset: UInt64, in number: Int) -> String {
    let section = sections[number]
    for symbol in objects[section.object].symbols
    where symbol.entry.type != .section && Int(symbol.entry.section) == section.file.header.index {
      let distance = offset.subtractingReportingOverflow(symbol.entry.value)
      if !distance.overflow, distance.partialValue < symbol.entry.size { return "'\(symbol.name)'" }
    }
    return "section \(section.file.name)"
  }

  /// Names of the sections that are kept and hold no instructions.
  var sectionsBesideText: [String] {
    sections.filter { $0.offset != nil && $0.kind != .text }.map(\.file.name)
  }

  /// Whether the program has variables, even if without bytes.
  var hasVariables: Bool {
    sections.contains { $0.offset != nil && ($0.kind == .data || $0.kind == .zeros) }
  }

  // MARK: 3. Places

  /// Joins the sections that are kept, the one of the first function at the start.
  mutating func place(first: Int) {
    let order = [first] + sections.indices.filter { $0 != first }
    for number in order where sections[number].offset != nil {
      let section = sections[number].file
      let alignment = Int(section.header.alignment)
      switch sections[number].kind {
      case .text: sections[number].offset = Self.append(section.contents, to: &text, alignment: 8)
      case .rodata: sections[number].offset = Self.append(section.contents, to: &rodata, alignment: alignment)
      case .data:
        sections[number].offset = Self.append(section.contents, to: &data, alignment: alignment)
        dataAlignment = max(dataAlignment, alignment)
      case .zeros:
        let offset = zeros.rounded(upTo: alignment)
        sections[number].offset = offset
        zeros = offset + section.header.size
        zerosAlignment = max(zerosAlignment, alignment)
      }
    }
    listFunctions()
    guardEnd()
  }

  private static func append(_ bytes: [UInt8], to joined: inout [UInt8], alignment: Int) -> Int {
    let offset = joined.count.rounded(upTo: alignment)
    joined += [UInt8](repeating: 0, count: offset - joined.count) + bytes
    return offset
  }

  private mutating func listFunctions() {
    for section in sections where section.kind == .text {
      guard let offset = section.offset else { continue }
      for symbol in objects[section.object].symbols
      where symbol.entry.type == .function && Int(symbol.entry.section) == section.file.header.index {
        guard let start = Int(exactly: symbol.entry.value), let size = Int(exactly: symbol.entry.size),
          start <= section.file.contents.count, size <= section.file.contents.count - start
        else { continue }
        let first = (offset + start) / 8
        functions.append(
          LinkedFunction(
            name: symbol.name, slots: first..<first + size / 8, section: section.file.name, offset: start))
      }
    }
    functions.sort { $0.slots.lowerBound < $1.slots.lowerBound }
  }

  /// Puts a trap behind a last instruction that goes on, for instance a call of a function that never returns.
  private mutating func guardEnd() {
    guard text.count % 8 == 0, !text.isEmpty else { return }
    let last: UInt64 = text.span.littleEndian(at: text.count - 8)
    guard let instruction = try? Instruction(slot: last), instruction.operation.mayContinue else { return }
    text += Instruction(.trap).bytes
  }

  /// Puts code in front of everything.
  mutating func prepend(_ code: [Instruction]) {
    text = code.flatMap(\.bytes) + text
    functions = functions.map {
      LinkedFunction(
        name: $0.name, slots: $0.slots.lowerBound + code.count..<$0.slots.upperBound + code.count,
        section: $0.section, offset: $0.offset)
    }
  }

  /// Where a place of a kept section is in its joined section.
  func offset(of place: Place) -> Int {
    (sections[place.section].offset ?? 0) &+ Int(truncatingIfNeeded: place.offset)
  }

  /// Where a place of a kept section is in the region that a wide load names: zeros count from the start of the data.
  private func regionOffset(of place: Place) -> UInt64 {
    let offset = UInt64(truncatingIfNeeded: offset(of: place))
    return sections[place.section].kind == .zeros ? offset &+ UInt64(zerosStart) : offset
  }

  /// Where the zeros start when they stand behind the data.
  var zerosStart: Int { data.count.rounded(upTo: 8).rounded(upTo: zerosAlignment) }

  // MARK: 4. Relocation

  mutating func relocate() throws(LinkError) {
    for number in sections.indices {
      guard let base = sections[number].offset else { continue }
      for relocation in sections[number].file.relocations {
        let target = try target(of: relocation, in: number)
        let size = sections[number].file.contents.count
        guard size >= 8, relocation.offset <= UInt64(size - 8) else {
          throw unsupported(relocation, in: number)
        }
        let offset = base + Int(relocation.offset)
        switch (sections[number].kind, relocation.type) {
        case (.text, .wideLoad) where relocation.offset % 8 == 0 && relocation.offset + 16 <= UInt64(size):
          try relocateWideLoad(relocation, in: number, at: offset, to: target)
        case (.text, .call) where relocation.offset % 8 == 0:
          try relocateCall(relocation, in: number, at: offset, to: target)
        case (.data, .absolute64):
          try relocatePointer(relocation, in: number, at: offset, to: target)
        default: throw unsupported(relocation, in: number)
        }
      }
    }
  }

  private func unsupported(_ relocation: ELFRelocation, in number: Int) -> LinkError {
    .unsupportedRelocation(
      relocation.type.rawValue, section: sections[number].file.name, offset: relocation.offset)
  }

  /// The place of data that a relocation refers to.
  private func dataPlace(
    _ target: Definition, of relocation: ELFRelocation, in number: Int
  ) throws(LinkError) -> Place {
    let user = owner(of: relocation.offset, in: number)
    guard case .place(let place) = target else {
      throw .functionAddress("'\(ProgramImage.trapName)'", user: user)
    }
    guard sections[place.section].kind != .text else {
      throw .functionAddress(owner(of: place.offset, in: place.section), user: user)
    }
    return place
  }

  private mutating func relocateWideLoad(
    _ relocation: ELFRelocation, in number: Int, at offset: Int, to target: Definition
  ) throws(LinkError) {
    let low: UInt64 = text.span.littleEndian(at: offset)
    let high: UInt64 = text.span.littleEndian(at: offset + 8)
    guard let load = try? Instruction(slot: low), load.operation == .lddw else {
      throw unsupported(relocation, in: number)
    }
    let place = try dataPlace(target, of: relocation, in: number)
    let stored = low >> 32 | (high & 0xFFFF_FFFF_0000_0000)
    let value = regionOffset(of: place) &+ (relocation.addend.map { UInt64(bitPattern: $0) } ?? stored)
    let operation: Operation = sections[place.section].kind == .rodata ? .lddwRodata : .lddwData
    let resolved = Instruction(
      operation, destination: load.destination, immediate: Int32(truncatingIfNeeded: value))
    let upper = Instruction(.wideUpperHalf, immediate: Int32(truncatingIfNeeded: value >> 32))
    text.replaceSubrange(offset..<offset + 16, with: resolved.bytes + upper.bytes)
  }

  private mutating func relocateCall(
    _ relocation: ELFRelocation, in number: Int, at offset: Int, to target: Definition
  ) throws(LinkError) {
    let slot: UInt64 = text.span.littleEndian(at: offset)
    guard let call = try? Instruction(slot: slot), call.operation == .callLocal else {
      throw unsupported(relocation, in: number)
    }
    var resolved = Instruction(.trap)
    if case .place(let place) = target {
      guard sections[place.section].kind == .text else {
        throw .unusableSymbol(
          owner(of: place.offset, in: place.section),
          user: owner(of: relocation.offset, in: number))
      }
      let addend = relocation.addend ?? (Int64(call.immediate) + 1) * 8
      let distance = Int64(self.offset(of: place)) &+ addend &- Int64(offset) &- 8
      guard distance % 8 == 0, let slots = Int32(exactly: distance / 8) else {
        throw unsupported(relocation, in: number)
      }
      resolved = Instruction(.callLocal, immediate: slots)
    }
    text.replaceSubrange(offset..<offset + 8, with: resolved.bytes)
  }

  private mutating func relocatePointer(
    _ relocation: ELFRelocation, in number: Int, at offset: Int, to target: Definition
  ) throws(LinkError) {
    let place = try dataPlace(target, of: relocation, in: number)
    let stored: UInt64 = data.span.littleEndian(at: offset)
    let addend = relocation.addend.map { UInt64(bitPattern: $0) } ?? stored
    var value = LittleEndianBytes()
    value.append(UInt64(truncatingIfNeeded: self.offset(of: place)) &+ addend)
    data.replaceSubrange(offset..<offset + 8, with: value.bytes)
    pointers.append((offset, sections[place.section].kind))
  }

  // MARK: 5. Output

  /// An object file of at most one section for each kind. It has symbols only for what is looked up on the device.
  func objectFile(entry: Place, exported: [(name: String, place: Place)]) -> [UInt8] {
    var writer = ObjectWriter()
    var numbers: [Kind: Int] = [:]
    numbers[.text] = writer.addSection(".text", flags: [.allocated, .executable], contents: text)
    if !rodata.isEmpty {
      numbers[.rodata] = writer.addSection(".rodata", flags: .allocated, contents: rodata)
    }
    if !data.isEmpty {
      numbers[.data] = writer.addSection(
        ".data", flags: [.allocated, .writable], contents: data, alignment: dataAlignment)
    }
    if zeros > 0 { numbers[.zeros] = writer.addZeros(".bss", size: zeros, alignment: zerosAlignment) }
    var symbols: [Kind: Int] = [:]
    for (offset, kind) in pointers {
      guard let section = numbers[.data], let target = numbers[kind] else { continue }
      let symbol = symbols[kind] ?? writer.addSectionSymbol(target)
      symbols[kind] = symbol
      writer.addRelocation(in: section, at: offset, .absolute64, symbol: symbol)
    }
    let start = self.offset(of: entry)
    if start != 0 || !exported.isEmpty {
      for (name, value) in [(ProgramImage.entryName.description, start)]
        + exported.map({ ($0.name, self.offset(of: $0.place)) })
      {
        _ = writer.addSymbol(name, type: .function, section: numbers[.text] ?? 0, value: value)
      }
    }
    return writer.bytes()
  }
}

extension Instruction {
  /// The eight bytes of its slot.
  var bytes: [UInt8] {
    var bytes = LittleEndianBytes()
    bytes.append(slot)
    return bytes.bytes
  }
}
