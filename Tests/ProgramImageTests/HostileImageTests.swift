import BPF
import Bytes
import ELF
import ProgramImage
import Testing
import Toolchain

@Suite struct LimitTests {
  private func object(_ add: (inout ObjectWriter) -> Void) -> [UInt8] {
    var writer = ObjectWriter()
    _ = writer.addText([exit])
    add(&writer)
    return writer.bytes()
  }

  /// Where a field of a section header stands.
  private func field(_ offset: Int, ofSection section: Int, in bytes: [UInt8]) -> Int {
    Int(bytes.span.littleEndian(at: ELFLayout.Header.sectionTableOffset, as: UInt64.self))
      + section * ELFLayout.Section.size + offset
  }

  @Test func `an object file without instructions is refused`() {
    var writer = ObjectWriter()
    _ = writer.addData(little(0))
    #expect(error(loading: writer.bytes()) == .refused(.noText))
  }

  @Test func `a broken object file is refused as such`() {
    #expect(
      error(loading: Array("\u{7F}ELF".utf8)) == .elf(ELFError(.truncatedHeader, found: 4, expected: 64)))
  }

  @Test func `a text section that ends within an instruction is refused`() {
    let bytes = object {
      _ = $0.addSection(".text.b", flags: [.allocated, .executable], contents: [1, 2, 3])
    }
    #expect(error(loading: bytes) == .refused(.partialInstruction, at: 2, found: 3))
  }

  @Test func `more parts than there is room for are refused`() {
    let bytes = object { for _ in 0..<32 { _ = $0.addRodata([1]) } }
    #expect(error(loading: bytes) == .refused(.tooManySegments, at: 33, expected: 32))
  }

  @Test func `more sections than are looked at are refused`() {
    let bytes = object { for _ in 0..<300 { _ = $0.addSection(".debug", flags: [], contents: []) } }
    #expect(error(loading: bytes) == .refused(.tooManySections, found: 303, expected: 256))
  }

  @Test func `sections that share bytes are refused`() {
    var bytes = object { _ = $0.addRodata(little(0)) }
    bytes[field(ELFLayout.Section.fileOffset, ofSection: 2, in: bytes)] = 64 + 7
    #expect(error(loading: bytes) == .refused(.overlappingSections, at: 2, found: 1))
  }

  @Test func `an empty section in front of the window keeps its place`() throws {
    var writer = ObjectWriter()
    let empty = writer.addRodata([])
    let text = writer.addText(wide(.lddw, 0) + [exit])
    _ = writer.addRodata([1])
    let symbol = writer.addSectionSymbol(empty)
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: symbol)
    #expect(try load(writer.bytes()).text == wide(.lddwRodata, UInt64(bitPattern: -24)) + [exit])
  }

  @Test func `zeros beyond every memory are refused`() {
    let limit = 1 << 24
    #expect(
      error(loading: object { for _ in 0..<2 { _ = $0.addZeros(".bss", size: limit) } })
        == .refused(.regionTooLarge, at: 3, found: Int64(2 * limit), expected: Int64(limit)))
    #expect(
      error(loading: object { _ = $0.addZeros(".bss", size: 1 << 31) })
        == .elf(ELFError(.sectionTooLarge, at: 2, found: 1 << 31, expected: UInt64(limit))))
  }

  @Test func `an alignment beyond a compartment's is refused`() {
    #expect(
      error(loading: object { _ = $0.addData([1], alignment: 1024) })
        == .refused(.alignmentTooLarge, at: 2, found: 1024, expected: 512))
  }

  @Test func `code that would run before the program is refused`() {
    let bytes = object {
      _ = $0.addSection(
        ".init_array", type: SectionType(rawValue: 14), flags: [.allocated, .writable], contents: little(0))
    }
    #expect(error(loading: bytes) == .refused(.unsupportedSection, at: 2, found: 14))
  }

  @Test func `relocations of zeros, twice, or more than fit are refused`() {
    var bytes = object {
      let zeros = $0.addZeros(".bss", size: 8)
      let symbol = $0.addSectionSymbol(zeros)
      $0.addRelocation(in: zeros, at: 0, .absolute64, symbol: symbol)
    }
    #expect(error(loading: bytes) == .refused(.relocatedZeros, at: 3, found: 2))
    bytes = object {
      let data = $0.addData(.init(repeating: 0, count: 15))
      let symbol = $0.addSectionSymbol(data)
      for _ in 0..<2 { $0.addRelocation(in: data, at: 0, .absolute64, symbol: symbol) }
    }
    #expect(error(loading: bytes) == .refused(.tooManyRelocations, at: 3, found: 2, expected: 1))
    bytes = object {
      for _ in 0..<2 {
        let data = $0.addData(little(0))
        let symbol = $0.addSectionSymbol(data)
        $0.addRelocation(in: data, at: 0, .absolute64, symbol: symbol)
      }
    }
    bytes[field(ELFLayout.Section.infoOffset, ofSection: 5, in: bytes)] = 2
    #expect(error(loading: bytes) == .refused(.relocatedTwice, at: 5, found: 2))
  }

  @Test func `an entry outside its section is refused`() {
    for value in [8, 4, Int.max] {
      let bytes = object { _ = $0.addSymbol("program", type: .function, section: 1, value: value) }
      #expect(error(loading: bytes) == .refused(.functionOutside, at: 1, found: Int64(value)))
    }
  }

  @Test func `memory for data has to be large enough and aligned`() throws {
    let bytes = object { _ = $0.addData([1, 2, 3], alignment: 16) }
    let image = try ProgramImage(bytes.span)
    #expect(image.dataSize == 8 && image.dataAlignment == 16)
    var memory = [UInt8](repeating: 0xA5, count: 10)
    #expect(
      error { () throws(ImageError) in
        let image = try ProgramImage(bytes.span)
        var short = [UInt8](repeating: 0, count: 7)
        var span = short.mutableSpan
        try image.initialise(data: &span, dataAddress: 16, rodataAddress: 0)
      } == .refused(.dataBufferTooSmall, found: 7, expected: 8))
    #expect(
      error { () throws(ImageError) in
        let image = try ProgramImage(bytes.span)
        var span = memory.mutableSpan
        try image.initialise(data: &span, dataAddress: 24, rodataAddress: 0)
      } == .refused(.misalignedData, found: 24, expected: 16))
    var span = memory.mutableSpan
    try image.initialise(data: &span, dataAddress: 16, rodataAddress: 0)
    #expect(memory == [1, 2, 3] + .init(repeating: 0, count: 7))
  }
}

/// Marsaglia's generator: the same numbers in each run.
private struct Xorshift: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite struct MutationTests {
  /// An object file with everything a loader looks at.
  static let sample: [UInt8] = {
    var writer = ObjectWriter()
    let text = writer.addText(wide(.lddw, 0) + wide(.lddw, 8) + [open, open, exit])
    let cold = writer.addText([open, exit], ".text.unlikely.")
    let rodata = writer.addRodata([1, 2, 3, 4])
    let names = writer.addRodata(little(2), ".rodata.names")
    let data = writer.addData(.init(repeating: 9, count: 24))
    let zeros = writer.addZeros(".bss", size: 16)
    let symbols = [rodata, names, data, zeros, cold].map { writer.addSectionSymbol($0) }
    _ = writer.addSymbol("program", type: .function, section: text)
    let trap = writer.addSymbol("__bpf_trap")
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: symbols[0])
    writer.addRelocation(in: text, at: 16, .wideLoad, symbol: symbols[3])
    writer.addRelocation(in: text, at: 32, .call, symbol: symbols[4])
    writer.addRelocation(in: text, at: 40, .call, symbol: symbols[4])
    writer.addRelocation(in: cold, at: 0, .call, symbol: trap)
    writer.addRelocation(in: names, at: 0, .absolute64, symbol: symbols[0])
    writer.addRelocation(in: data, at: 8, .absolute64, symbol: symbols[1], addend: 0)
    writer.addRelocation(in: data, at: 16, .absolute64, symbol: symbols[3], addend: 12)
    return writer.bytes()
  }()

  @Test func `no flipped byte makes loading trap`() throws {
    _ = try load(Self.sample)
    for index in Self.sample.indices {
      for mask: UInt8 in [0x01, 0x02, 0x10, 0x40, 0x80, 0xFF] {
        var bytes = Self.sample
        bytes[index] ^= mask
        _ = error(loading: bytes)
      }
    }
  }

  @Test func `no two changed bytes make loading trap`() {
    var random = Xorshift(state: 0x2545_F491_4F6C_DD1D)
    for _ in 0..<3_000 {
      var bytes = Self.sample
      for _ in 0..<2 {
        bytes[Int.random(in: bytes.indices, using: &random)] = .random(in: 0...255, using: &random)
      }
      _ = error(loading: bytes)
    }
  }

  @Test func `no field of a section header, however large, makes loading trap`() {
    let table = Int(Self.sample.span.littleEndian(at: ELFLayout.Header.sectionTableOffset, as: UInt64.self))
    for offset in stride(from: table, to: Self.sample.count, by: 8) {
      for value: UInt64 in [.max, .max - 7, 1 << 63, 1 << 32, 1 << 31, 1 << 31 - 1, 1 << 24, 8, 1, 0] {
        var bytes = Self.sample
        bytes.replaceSubrange(offset..<offset + 8, with: little(value))
        _ = error(loading: bytes)
      }
    }
  }

  @Test func `every truncation is refused`() {
    for count in 0..<Self.sample.count { #expect(error(loading: Array(Self.sample[..<count])) != nil) }
  }
}
