import BPF
import Bytes
import Helpers
import ProgramImage
import Testing

/// An image with a header, part by part.
struct Headed {
  var magic: UInt32 = 123
  var version: UInt32 = 0
  var flags: UInt32 = 0
  var data: [UInt8] = []
  var rodata: [UInt8] = []
  var text: [Instruction] = [exit]
  /// Where the name is among the constants, and where the function in the text.
  var functions: [(name: UInt16, start: UInt16)] = []
  /// Where the call is, and where the function; `nil` for the layout without records.
  var calls: [(place: UInt32, target: UInt32)]?
  var helpers: [UInt8] = []

  var bytes: [UInt8] {
    var words = [
      magic, version, flags, UInt32(data.count), UInt32(rodata.count), UInt32(text.count * 8),
      UInt32(functions.count),
    ]
    if let calls { words.append(UInt32(calls.count)) }
    return words.flatMap { little(UInt64($0)).prefix(4) } + data + rodata + encoded(text)
      + functions.flatMap { [$0.name, 0, $0.start].flatMap { little(UInt64($0)).prefix(2) } }
      + (calls ?? []).flatMap { [$0.place, $0.target].flatMap { little(UInt64($0)).prefix(4) } } + helpers
  }
}

@Suite struct HeaderLayoutTests {
  @Test(arguments: [123, 0x4650_4272, 0x7242_5046] as [UInt32])
  func `a header of any known tool is understood`(magic: UInt32) throws {
    let text = wide(.lddwData, 4) + wide(.lddwRodata, 1) + [exit]
    let image = Headed(magic: magic, data: little(7), rodata: [65, 0, 0, 0], text: text)
    #expect(
      try load(image.bytes)
        == Loaded(layout: .femtoContainers, text: text, rodata: [65, 0, 0, 0], data: little(7)))
  }

  @Test func `four bytes more make a header the extended one`() throws {
    let image = Headed(data: little(7), text: wide(.lddwData, 0) + [exit], calls: [])
    #expect(
      try load(image.bytes)
        == Loaded(layout: .extended, text: wide(.lddwData, 0) + [exit], data: little(7)))
  }

  @Test func `data that ends within eight bytes is filled up with zeros`() throws {
    let loaded = try load(Headed(data: [1, 2, 3]).bytes)
    #expect(loaded.data == [1, 2, 3, 0, 0, 0, 0, 0] && loaded.text == [exit])
  }

  @Test func `a text whose first instruction looks like a magic number stays a text`() throws {
    let store = Instruction(.stxdw)
    #expect(encoded([store]) == [123, 0, 0, 0, 0, 0, 0, 0])
    let text = [store, Instruction(.mov64Imm), exit]
    #expect(try load(encoded(text)) == Loaded(text: text))
    #expect(try load(encoded([store])) == Loaded(text: [store]))
  }

  @Test func `what a header cannot be mistaken for does not start a program`() {
    for opcode: UInt64 in [0, 1] {
      let decoded = try? Instruction(slot: opcode)
      #expect(decoded == nil || decoded?.operation == .wideUpperHalf)
    }
  }

  @Test func `without data the load for data means constants, as in old images with strings`() throws {
    let image = Headed(
      rodata: .init(repeating: 0, count: 104),
      text: wide(.lddwRodata, 0) + wide(.lddwData, 42) + wide(.lddwData, 64) + [exit])
    let text = wide(.lddwRodata, 0) + wide(.lddwRodata, 42) + wide(.lddwRodata, 64) + [exit]
    #expect(try load(image.bytes).text == text)
  }

  @Test func `with data each load means what it says, as in old images that are broken`() throws {
    let text = wide(.lddwRodata, 0) + wide(.lddwData, 42) + [exit]
    #expect(try load(Headed(data: little(1), rodata: little(2), text: text).bytes).text == text)
  }

  @Test func `functions are found by name, with or without a zero behind it`() throws {
    let image = Headed(
      rodata: Array("ab\0firstsecondfirs\0".utf8), text: [exit, exit, exit, exit],
      functions: [(3, 8), (8, 16), (14, 24)])
    let bytes = image.bytes
    let program = try ProgramImage(bytes.span)
    for (name, slot) in [
      ("first", 1), ("second", 2), ("firs", 3), ("fir", nil), ("firstsecond", nil), ("", nil), ("third", nil),
    ] as [(String, Int?)] {
      let bytes = Array(name.utf8)
      let found = try program.entry(named: bytes.span)
      #expect(found == slot, "\(name)")
    }
    #expect(program.entry == 0)
  }

  @Test func `a function outside the text is refused when it is asked for`() {
    for start: UInt16 in [8, 4, 65535] {
      let bytes = Headed(rodata: [65], functions: [(0, start)]).bytes
      #expect(
        error { () throws(ImageError) in
          let image = try ProgramImage(bytes.span)
          _ = try image.entry(named: ("A" as StaticString).bytes)
        } == .refused(.functionOutside, at: 0, found: Int64(start)))
    }
  }

  @Test func `a name outside the constants is nobody's`() throws {
    let bytes = Headed(rodata: [65], functions: [(2, 0), (65535, 0), (1, 0)]).bytes
    let image = try ProgramImage(bytes.span)
    let found = try image.entry(named: ("A" as StaticString).bytes)
    #expect(found == nil)
  }

  @Test func `records resolve calls of either kind, forwards and backwards`() throws {
    let image = Headed(
      text: [
        open, Instruction(.callHelper, immediate: -1), exit, Instruction(.callLocal, immediate: -4), exit,
      ],
      calls: [(0, 24), (8, 0)])
    #expect(
      try load(image.bytes).text == [
        Instruction(.callLocal, immediate: 2), Instruction(.callLocal, immediate: -2), exit,
        Instruction(.callLocal, immediate: -4), exit,
      ])
  }

  @Test func `a record that fits no call is refused with its number`() {
    func refusal(_ place: UInt32, _ target: UInt32) -> ImageError? {
      error(loading: Headed(text: [open, exit], calls: [(0, 8), (place, target)]).bytes)
    }
    #expect(refusal(16, 0) == .refused(.relocationOutside, at: 1, found: 16, expected: 16))
    #expect(refusal(4, 0) == .refused(.relocationOutside, at: 1, found: 4, expected: 16))
    #expect(refusal(.max - 7, 0) == .refused(.relocationOutside, at: 1, found: 0xFFFF_FFF8, expected: 16))
    #expect(refusal(0, 16) == .refused(.callTarget, at: 1, found: 16))
    #expect(refusal(0, .max) == .refused(.callTarget, at: 1, found: 0xFFFF_FFFF))
    #expect(refusal(8, 0) == .refused(.relocationMismatch, at: 1, found: 0x95))
  }

  @Test func `only the extended layout says which helpers may be called`() throws {
    let plain = Headed().bytes
    let image = try ProgramImage(plain.span)
    #expect(image.grantedHelpers == nil)
    for numbers in [[], [Helper.printf.rawValue], [Helper.strlen.rawValue, 255, Helper.printf.rawValue]] {
      let bytes = Headed(calls: [], helpers: numbers).bytes
      let image = try ProgramImage(bytes.span)
      #expect(image.grantedHelpers == HelperSet(numbers: numbers.span))
    }
  }
}

@Suite struct HostileHeaderTests {
  /// One of everything.
  static let sample = Headed(
    data: little(1), rodata: Array("text\0program".utf8),
    text: wide(.lddwData, 0) + wide(.lddwRodata, 0) + [open, exit, exit], functions: [(5, 0), (5, 48)],
    calls: [(32, 48)], helpers: [1, 2, 3])

  private func load(_ bytes: [UInt8]) -> ImageError? {
    error { () throws(ImageError) in
      _ = try ProgramImageTests.load(bytes)
      let image = try ProgramImage(bytes.span)
      _ = image.grantedHelpers
      _ = try image.entry(named: ProgramImage.entryName.bytes)
    }
  }

  @Test func `another version is refused`() {
    #expect(error(loading: Headed(version: 1).bytes) == .refused(.headerVersion, found: 1))
  }

  @Test func `a compressed text and unknown flags are refused`() {
    #expect(
      error(loading: Headed(magic: 0x4650_4272, flags: 1).bytes) == .refused(.headerFlags, found: 1))
    #expect(error(loading: Headed(flags: 0x100).bytes) == .refused(.headerFlags, found: 0x100))
  }

  @Test func `a header without instructions is refused`() {
    #expect(error(loading: Headed(data: little(0), text: []).bytes) == .refused(.noText))
  }

  @Test func `a text that ends within an instruction is refused`() {
    var bytes = Headed(text: [exit]).bytes
    bytes[20] = 7
    bytes.removeLast()
    #expect(error(loading: bytes) == .refused(.partialInstruction, found: 7))
  }

  @Test func `a slot that is no instruction is refused with its number`() {
    var bytes = Headed(text: [exit, exit]).bytes
    bytes[36] = 0xFF
    #expect(error(loading: bytes) == .instruction(.unknownOpcode(0xFF), slot: 1))
  }

  @Test func `an image shorter than its header counts is refused`() {
    let bytes = Headed(rodata: little(0), functions: [(0, 0)]).bytes
    #expect(bytes.count == 28 + 8 + 8 + 6)
    for count in 9..<bytes.count {
      let expected = count < 28 ? 28 : bytes.count
      #expect(
        error(loading: Array(bytes[..<count]))
          == .refused(.headerLength, found: Int64(count), expected: Int64(expected)))
    }
    var records = Headed(calls: [(0, 0)]).bytes
    records.removeLast()
    #expect(error(loading: records) == .refused(.headerLength, found: 47, expected: 48))
  }

  @Test func `up to three bytes behind the smaller header's image are refused`() {
    for count in 1...3 {
      #expect(
        error(loading: Headed().bytes + .init(repeating: 0, count: count))
          == .refused(.headerLength, found: Int64(36 + count), expected: 40))
    }
  }

  @Test(arguments: [12, 16, 20, 24, 28])
  func `a length beyond every memory is refused`(offset: Int) {
    for value: UInt32 in [.max, .max - 7, 1 << 31, 1 << 31 - 1, 1 << 30, 1 << 24, 0x2AAA_AAAB] {
      var bytes = Self.sample.bytes
      bytes.replaceSubrange(offset..<offset + 4, with: little(UInt64(value)).prefix(4))
      guard case .refused(.headerLength, 0, Int64(bytes.count), let expected)? = load(bytes) else {
        Issue.record("\(offset), \(value): \(String(describing: load(bytes)))")
        return
      }
      #expect(expected > Int64(value))
    }
  }

  @Test func `no flipped byte makes loading trap`() throws {
    for sample in [Self.sample, Headed(data: little(1), rodata: little(2), functions: [(0, 0)])] {
      #expect(load(sample.bytes) == nil)
      for index in sample.bytes.indices {
        for value in UInt8.min...(.max) {
          var bytes = sample.bytes
          bytes[index] = value
          _ = load(bytes)
        }
      }
    }
  }

  @Test func `no two changed words make loading trap`() {
    let words: [UInt32] = [0, 1, 7, 8, 24, 56, 0x7FFF_FFFF, 0x8000_0000, .max]
    let bytes = Self.sample.bytes
    for first in stride(from: 0, to: bytes.count - 3, by: 4) {
      for second in stride(from: 0, to: first, by: 4) {
        for word in words {
          for other in words {
            var bytes = bytes
            bytes.replaceSubrange(first..<first + 4, with: little(UInt64(word)).prefix(4))
            bytes.replaceSubrange(second..<second + 4, with: little(UInt64(other)).prefix(4))
            _ = load(bytes)
          }
        }
      }
    }
  }

  @Test func `no truncation makes loading trap`() {
    for count in 0..<Self.sample.bytes.count { _ = load(Array(Self.sample.bytes[..<count])) }
  }
}
