import BPF
import Bytes
import ELF
import ProgramImage
import Testing
import Toolchain

@Suite struct PlacementTests {
  @Test func `texts are joined in the order of their sections`() throws {
    var writer = ObjectWriter()
    _ = writer.addText([])
    _ = writer.addText([Instruction(.ja), exit], ".text.first")
    _ = writer.addText([exit], ".text.unlikely.")
    #expect(try load(writer.bytes()) == Loaded(layout: .elf, text: [Instruction(.ja), exit, exit]))
  }

  @Test func `data is joined with its alignments and zeros come behind it wherever they stand`() throws {
    var writer = ObjectWriter()
    _ = writer.addText([exit])
    let zeros = writer.addZeros(".bss", size: 5, alignment: 4)
    let first = writer.addData([1, 2, 3], alignment: 1)
    let second = writer.addData([4], ".data.second", alignment: 4)
    let pointers = writer.addData(.init(repeating: 0, count: 24), ".data.pointers", alignment: 8)
    let more = writer.addZeros(".bss.more", size: 3, alignment: 16)
    for (index, section) in [second, zeros, more].enumerated() {
      let symbol = writer.addSectionSymbol(section)
      writer.addRelocation(in: pointers, at: index * 8, .absolute64, symbol: symbol)
    }
    _ = first
    let loaded = try load(writer.bytes())
    let addresses = [4, 32, 48].flatMap { little(dataAddress + $0) }
    #expect(loaded.data == [1, 2, 3, 0, 4, 0, 0, 0] + addresses)
    #expect(loaded.bssSize == 19)
  }

  @Test func `read-only data is one window of the image over all its sections`() throws {
    var writer = ObjectWriter()
    let strings = writer.addRodata([65, 66, 0], ".rodata.str1.1")
    let text = writer.addText(wide(.lddw, 1) + wide(.lddw, 0) + [exit])
    let constants = writer.addRodata([7, 8, 9], ".rodata.cst")
    let first = writer.addSectionSymbol(strings)
    let second = writer.addSymbol("constants", type: .object, section: constants, value: 1)
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: first)
    writer.addRelocation(in: text, at: 16, .wideLoad, symbol: second)
    let loaded = try load(writer.bytes())
    #expect(loaded.rodata.starts(with: [65, 66, 0]) && loaded.rodata.suffix(3) == [7, 8, 9])
    let distance = UInt64(loaded.rodata.count - 3)
    #expect(loaded.text == wide(.lddwRodata, 1) + wide(.lddwRodata, distance + 1) + [exit])
  }

  @Test func `constants that hold addresses are data`() throws {
    var writer = ObjectWriter()
    _ = writer.addText([exit])
    let strings = writer.addRodata([65, 0])
    let names = writer.addRodata(little(1), ".rodata.names")
    let symbol = writer.addSectionSymbol(strings)
    writer.addRelocation(in: names, at: 0, .absolute64, symbol: symbol)
    let loaded = try load(writer.bytes())
    #expect(loaded.rodata == [65, 0] && loaded.data == little(rodataAddress + 1))
  }

  @Test func `sections that are no part of the program are left out`() throws {
    var writer = ObjectWriter()
    let text = writer.addText([exit])
    let debug = writer.addSection(".debug_line", flags: [], contents: little(0))
    let unwinding = writer.addSection(".eh_frame", flags: .allocated, contents: little(0))
    let symbol = writer.addSectionSymbol(text)
    writer.addRelocation(in: debug, at: 0, .absolute32, symbol: symbol)
    writer.addRelocation(in: unwinding, at: 0, .absolute64, symbol: symbol)
    #expect(try load(writer.bytes()) == Loaded(layout: .elf, text: [exit]))
  }

  @Test func `the function called program is the entry`() throws {
    var writer = ObjectWriter()
    let first = writer.addText([exit, exit], ".text.helper")
    let second = writer.addText([exit, exit])
    _ = writer.addSymbol("helper", type: .function, section: first)
    _ = writer.addSymbol("program", type: .function, section: second, value: 8)
    let bytes = writer.bytes()
    #expect(try load(bytes).entry == 3)
    let image = try ProgramImage(bytes.span)
    let names: [StaticString] = ["helper", "program", "missing", ""]
    let entries = try names.map { try image.entry(named: $0.bytes) }
    #expect(entries == [0, 3, nil, nil])
  }

  @Test func `without a function called program the first slot is the entry`() throws {
    var writer = ObjectWriter()
    let text = writer.addText([exit, exit])
    let data = writer.addData(little(0))
    _ = writer.addSymbol("other", type: .function, section: text, value: 8)
    _ = writer.addSymbol("program", type: .object, section: text, value: 8)
    _ = writer.addSymbol("program", type: .function, section: data, value: 8)
    #expect(try load(writer.bytes()).entry == 0)
  }
}

@Suite struct RelocationTests {
  @Test func `a wide load names its region and keeps its addend`() throws {
    var writer = ObjectWriter()
    let text = writer.addText(
      wide(.lddw, 8) + wide(.lddw, UInt64(bitPattern: -4)) + wide(.lddw, 1 << 33) + wide(.lddw, 5) + [exit])
    let data = writer.addData(.init(repeating: 0, count: 12))
    let zeros = writer.addZeros(".bss", size: 8)
    let rodata = writer.addRodata([1, 2])
    let symbols = [data, zeros, rodata].map {
      writer.addSymbol("v\($0)", type: .object, section: $0, value: 1)
    }
    for (index, symbol) in symbols.enumerated() {
      writer.addRelocation(in: text, at: index * 16, .wideLoad, symbol: symbol)
    }
    let expected =
      wide(.lddwData, 9) + wide(.lddwData, 16 + 1 - 4) + wide(.lddwRodata, 1 << 33 + 1) + wide(.lddw, 5) + [
        exit
      ]
    #expect(try load(writer.bytes()).text == expected)
  }

  @Test func `an explicit addend stands in for the stored one`() throws {
    var writer = ObjectWriter()
    let text = writer.addText(wide(.lddw, 99) + [open, exit, exit])
    let data = writer.addData(little(77))
    let function = writer.addSectionSymbol(text)
    let variable = writer.addSectionSymbol(data)
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: variable, addend: 4)
    writer.addRelocation(in: text, at: 16, .call, symbol: function, addend: 32)
    writer.addRelocation(in: data, at: 0, .absolute64, symbol: variable, addend: -8)
    let loaded = try load(writer.bytes())
    #expect(loaded.text == wide(.lddwData, 4) + [Instruction(.callLocal, immediate: 1), exit, exit])
    #expect(loaded.data == little(dataAddress - 8))
  }

  @Test func `calls reach functions of every text, by name and by section`() throws {
    var writer = ObjectWriter()
    let main = writer.addText([open, Instruction(.callLocal, immediate: 1), exit])
    let other = writer.addText([exit, exit, open, exit], ".text.other")
    let section = writer.addSectionSymbol(other)
    let local = writer.addSymbol("local", type: .function, binding: .local, section: other, value: 8)
    let global = writer.addSymbol("global", type: .function, section: main, value: 16)
    writer.addRelocation(in: main, at: 0, .call, symbol: local)
    writer.addRelocation(in: main, at: 8, .call, symbol: section)
    writer.addRelocation(in: other, at: 16, .call, symbol: global)
    let distances = try load(writer.bytes()).text.compactMap(\.distance)
    #expect(distances == [4 - 1, 5 - 2, 2 - 6])
  }

  @Test func `a call of LLVM's trap function ends the program`() throws {
    var writer = ObjectWriter()
    let text = writer.addText([open])
    let trap = writer.addSymbol("__bpf_trap", binding: .weak)
    writer.addRelocation(in: text, at: 0, .call, symbol: trap)
    #expect(try load(writer.bytes()).text == [Instruction(.trap)])
  }

  @Test func `an undefined symbol is refused and its name can be read from the image`() throws {
    var writer = ObjectWriter()
    let text = writer.addText([open, exit])
    let symbol = writer.addSymbol("malloc")
    writer.addRelocation(in: text, at: 0, .call, symbol: symbol)
    let bytes = writer.bytes()
    guard case .refused(.undefinedSymbol, at: symbol, let offset, let length) = error(loading: bytes) else {
      Issue.record("not refused")
      return
    }
    #expect(Array(bytes[Int(offset)..<Int(offset + length)]) == Array("malloc".utf8))
  }

  /// Relocations that cannot be done: in which section, where, how, to what, and what is wrong with it.
  struct Refusal: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var inText = true
    var offset = 0
    var type = RelocationType.wideLoad
    var target = Target.data
    var error: ImageError
  }

  enum Target: Sendable {
    case text, data, debug, absolute, trap
  }

  static let refusals = [
    Refusal(
      testDescription: "behind the text", offset: 40,
      error: .refused(.relocationOutside, found: 40, expected: 40)),
    Refusal(
      testDescription: "far behind the text", offset: .max - 7,
      error: .refused(.relocationOutside, found: .max - 7, expected: 40)),
    Refusal(
      testDescription: "within a slot", offset: 4, error: .refused(.relocationOutside, found: 4, expected: 40)
    ),
    Refusal(
      testDescription: "wide load of a call", offset: 16, error: .refused(.relocationMismatch, found: 0x85)),
    Refusal(
      testDescription: "wide load cut by the end", offset: 32,
      error: .refused(.relocationMismatch, found: 0x18)),
    Refusal(
      testDescription: "call of a wide load", type: .call, target: .text,
      error: .refused(.relocationMismatch, found: 0x18)),
    Refusal(
      testDescription: "unknown type", type: .absolute32, error: .refused(.unsupportedRelocation, found: 3)),
    Refusal(testDescription: "address of a function", target: .text, error: .refused(.functionAddress)),
    Refusal(testDescription: "address of the trap", target: .trap, error: .refused(.functionAddress)),
    Refusal(
      testDescription: "call of data", offset: 16, type: .call, target: .data, error: .refused(.callOfData)),
    Refusal(
      testDescription: "symbol of a debug section", target: .debug,
      error: .refused(.symbolOutsideProgram, at: 4, found: 3)),
    Refusal(
      testDescription: "absolute symbol", target: .absolute,
      error: .refused(.symbolOutsideProgram, at: 4, found: 0xFFF1)),
    Refusal(
      testDescription: "behind the data", inText: false, offset: 9, type: .absolute64,
      error: .refused(.relocationOutside, found: 9, expected: 16)),
    Refusal(
      testDescription: "half a pointer", inText: false, type: .absolute32,
      error: .refused(.unsupportedRelocation, found: 3)),
    Refusal(
      testDescription: "pointer to a function", inText: false, type: .absolute64, target: .text,
      error: .refused(.functionAddress)),
  ]

  @Test(arguments: refusals)
  func `a relocation that cannot be done is refused`(refusal: Refusal) {
    var writer = ObjectWriter()
    let text = writer.addText(
      wide(.lddw, 0) + [open, exit, Instruction(.lddw)])
    let data = writer.addData(.init(repeating: 0, count: 16))
    let debug = writer.addSection(".debug", flags: [], contents: [0])
    let sections = [Target.text: text, .data: data, .debug: debug]
    _ = writer.addSectionSymbol(text)
    _ = writer.addSectionSymbol(data)
    _ = writer.addSectionSymbol(debug)
    let symbol =
      switch refusal.target {
      case .absolute: writer.addSymbol("absolute", section: 0xFFF1)
      case .trap: writer.addSymbol("__bpf_trap")
      default: writer.addSymbol("symbol", section: sections[refusal.target] ?? 0)
      }
    writer.addRelocation(
      in: refusal.inText ? text : data, at: refusal.offset, refusal.type, symbol: symbol)
    #expect(error(loading: writer.bytes()) == refusal.error)
  }

  @Test func `a call target between slots or too far away is refused`() {
    for value in [4, 1 << 40] {
      var writer = ObjectWriter()
      let text = writer.addText([open, exit])
      let symbol = writer.addSymbol("function", type: .function, section: text, value: value)
      writer.addRelocation(in: text, at: 0, .call, symbol: symbol)
      #expect(error(loading: writer.bytes()) == .refused(.callTarget, found: Int64(value)))
    }
  }
}
