import BPF
import Bytes
import ELF
import Helpers
import Interpreter
import ProgramImage
import Testing
import Toolchain
import Verifier

private let headerLayouts = [ImageLayout.femtoContainers, .extended]

private func linkError(_ object: [UInt8], _ linker: Linker) -> LinkError? {
  do throws(LinkError) { _ = try linker.link([object]) } catch { return error }
  return nil
}

@Suite struct HeaderLayoutTests {
  /// A program with the sizes of micro-bpf's `printf` test: 42 bytes of constants, 50 of strings, 208 of text.
  static let sized: [UInt8] = {
    var writer = ObjectWriter()
    func load() -> [Instruction] {
      [Instruction(.lddw, destination: .r1), Instruction(.wideUpperHalf)]
    }
    let gap = [Instruction](repeating: Instruction(.mov64Imm, destination: .r2), count: 15)
    let second = Array(gap.prefix(2))
    var code = load() + gap + load() + second + load()
    code += [Instruction](repeating: Instruction(.mov64Imm), count: 25 - code.count) + [Instruction(.exit)]
    let text = writer.addSection(".text", flags: [.allocated, .executable], contents: slots(code))
    let constants = writer.addSection(
      ".rodata", flags: .allocated, contents: .init(repeating: 67, count: 42), alignment: 1)
    let strings = writer.addSection(
      ".rodata.str1.1", flags: .allocated, contents: .init(repeating: 83, count: 50), alignment: 1)
    let first = writer.addSectionSymbol(constants)
    let other = writer.addSectionSymbol(strings)
    _ = writer.addSymbol("test_printf", type: .function, section: text, size: 208)
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: first)
    writer.addRelocation(in: text, at: 0x88, .wideLoad, symbol: other)
    writer.addRelocation(in: text, at: 0xA8, .wideLoad, symbol: other, addend: 22)
    return writer.bytes()
  }()

  @Test func `the smaller header is written byte for byte as it is known`() throws {
    let image = try Linker(layout: .femtoContainers).link([Self.sized]).image
    let words: [UInt8] = [123, 0, 0, 0x68, 0xD0, 1].flatMap { [$0, 0, 0, 0] }
    #expect(image.prefix(28) == words.prefix(12) + [0, 0, 0, 0] + words.suffix(12))
    #expect(image.count == 346)
    #expect(Array(image[28 + 92..<28 + 104]) == Array("test_printf".utf8) + [0])
    #expect(image.suffix(6) == [92, 0, 0, 0, 0, 0])
    let text = 28 + 104
    // Strings get the load for constants, which stays right when there is data.
    for (offset, value) in [(0, 0), (0x88, 42), (0xA8, 64)] {
      #expect(image[text + offset] == 0xD8 && Int(image[text + offset + 4]) == value)
    }
  }

  @Test func `the extended header is four bytes longer and ends with the helpers`() throws {
    let small = try Linker(layout: .femtoContainers).link([Self.sized]).image
    let none = try Linker(layout: .extended).link([Self.sized]).image
    #expect(none == small.prefix(28) + [0, 0, 0, 0] + small.dropFirst(28))
    let numbers = (1...29).map(UInt8.init).reversed()
    let given = try Linker(layout: .extended, helpers: Array(numbers)).link([Self.sized]).image
    #expect(given == none + numbers && given.count == small.count + 4 + 29)
  }

  @Test(arguments: headerLayouts)
  func `variables, zeros, strings and pointers to all of them work together`(layout: ImageLayout) async throws
  {
    let object = try await compile(LinkerTests.source)
    let program = try Linker(layout: layout).link([object])
    #expect(program.layout == layout && program.entry == 0)
    // 32 bytes with values, then what were 16 of zeros.
    #expect(program.dataSize == 48 && program.bssSize == 0)
    var device = TestDevice()
    #expect(try device.run(program.image, argument: 1) == .returned(154))
    #expect(try device.run(program.image, function: "program", argument: 1) == .returned(154))
  }

  @Test(arguments: headerLayouts)
  func `each function found by name sees its pointers, and the program may stand anywhere`(
    layout: ImageLayout
  ) async throws {
    let object = try await compile(
      """
      static int seven = 7; static int *volatile pointer = &seven;
      int helper(int n) { return *pointer * n; }
      int other(int n) { return helper(n) + 1; }
      int program(int n) { return helper(n) + 2; }
      """)
    var device = TestDevice()
    let image = try Linker(layout: layout, exports: ["other", "helper"]).link([object]).image
    #expect(try device.run(image, argument: 3) == .returned(23))
    for (name, result) in [("other", 22), ("helper", 21), ("program", 23)] as [(String, UInt64)] {
      #expect(try device.run(image, function: name, argument: 3) == .returned(result), "\(name)")
    }
    let renamed = try Linker(layout: layout, entry: "other").link([object]).image
    #expect(try device.run(renamed, argument: 3) == .returned(22))
    #expect(try device.run(renamed, function: "other", argument: 3) == .returned(22))
  }

  @Test(arguments: headerLayouts)
  func `a program that is not the first function is jumped to`(layout: ImageLayout) throws {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable],
      contents: slots([
        Instruction(.mov64Imm, destination: .r0, immediate: 5), Instruction(.exit),
        Instruction(.callLocal, immediate: -3), Instruction(.exit),
      ]))
    _ = writer.addSymbol("five", type: .function, section: text, size: 16)
    _ = writer.addSymbol("program", type: .function, section: text, value: 16, size: 16)
    let program = try Linker(layout: layout, exports: ["five"]).link([writer.bytes()])
    #expect(program.entry == 0 && program.functions.map(\.slots) == [1..<3, 3..<5])
    var device = TestDevice()
    #expect(try device.run(program.image) == .returned(5))
    #expect(try device.run(program.image, function: "five") == .returned(5))
  }

  @Test(arguments: headerLayouts)
  func `variables without bytes do not make their loads mean constants`(layout: ImageLayout) throws {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable],
      contents: slots([
        Instruction(.lddw, destination: .r0), Instruction(.wideUpperHalf), Instruction(.exit),
      ]))
    let data = writer.addSection(".data", flags: [.allocated, .writable], contents: [])
    let symbol = writer.addSectionSymbol(data)
    writer.addRelocation(in: text, at: 0, .wideLoad, symbol: symbol)
    let program = try Linker(layout: layout).link([writer.bytes()])
    #expect(program.dataSize == 8)
  }

  @Test(arguments: headerLayouts)
  func `an alignment that the header cannot ask for is refused`(layout: ImageLayout) async throws {
    let object = try await compile(
      "_Alignas(16) int values[4]; int program(int n) { return values[n & 3]++; }")
    let error = linkError(object, Linker(layout: layout))
    #expect(error == .alignmentUnknown(layout, 16))
    #expect(error?.description.contains("use the layout 'elf'") == true)
  }

  @Test(arguments: headerLayouts)
  func `a name or function that 16 bits cannot reach is refused`(layout: ImageLayout) throws {
    func object(rodata: Int, fill: Int) -> [UInt8] {
      var writer = ObjectWriter()
      let code =
        [Instruction(.lddw), Instruction(.wideUpperHalf)]
        + [Instruction](repeating: Instruction(.mov64Imm), count: fill) + [Instruction(.exit)]
      let text = writer.addSection(".text", flags: [.allocated, .executable], contents: slots(code))
      let constants = writer.addSection(
        ".rodata", flags: .allocated, contents: .init(repeating: 0, count: rodata))
      let symbol = writer.addSectionSymbol(constants)
      writer.addRelocation(in: text, at: 0, .wideLoad, symbol: symbol)
      _ = writer.addSymbol("program", type: .function, section: text)
      _ = writer.addSymbol("end", type: .function, section: text, value: (code.count - 1) * 8)
      return writer.bytes()
    }
    let linker = Linker(layout: layout, exports: ["end"])
    #expect(linkError(object(rodata: 1, fill: 8189), linker) == nil)
    #expect(linkError(object(rodata: 1, fill: 8190), linker) == .functionTooFar("end", layout))
    #expect(linkError(object(rodata: 65_536, fill: 0), linker) == .functionTooFar("program", layout))
  }
}

@Suite struct EmbeddedHelperTests {
  /// Calls two helpers.
  static let source: [UInt8] = {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable],
      contents: slots([
        Instruction(.callHelper, immediate: Int32(Helper.nowMilliseconds.rawValue)),
        Instruction(.mov64Imm, destination: .r1, immediate: 1),
        Instruction(.mov64Imm, destination: .r2, immediate: 2),
        Instruction(.callHelper, immediate: Int32(Helper.storeLocal.rawValue)),
        Instruction(.callHelper, immediate: Int32(Helper.nowMilliseconds.rawValue)), Instruction(.exit),
      ]))
    _ = writer.addSymbol("program", type: .function, section: text)
    return writer.bytes()
  }()

  @Test func `the helpers that the program calls are embedded, each once, in order`() throws {
    let program = try Linker(layout: .extended).link([Self.source]).image
    #expect(program.suffix(8) == [0, 0, 0, 0, 0, 0, 0x10, 0x20])
    let image = try ProgramImage(program.span)
    #expect(image.grantedHelpers == HelperSet(.storeLocal).union(HelperSet(.nowMilliseconds)))
    var device = TestDevice()
    _ = try device.run(program)
  }

  @Test(arguments: ImageLayout.allCases)
  func `ahead of time a call that is not granted is named with its function and place`(
    layout: ImageLayout
  ) throws {
    let granted = HelperSet(.nowMilliseconds)
    let error = linkError(Self.source, Linker(layout: layout, granted: granted))
    #expect(error == .helperNotGranted(HelperCall(number: 0x10, index: 3), function: "program"))
    let both = granted.union(HelperSet(.storeLocal))
    #expect(linkError(Self.source, Linker(layout: layout, granted: both)) == nil)
  }

  @Test func `a helper that is not embedded is refused by the verifier`() throws {
    let program = try Linker(layout: .extended, helpers: [Helper.nowMilliseconds.rawValue])
      .link([Self.source]).image
    var device = TestDevice()
    let error = #expect(throws: VerifierError.self) { try device.run(program) }
    #expect(error?.rule == .helperNotGranted && error?.index == 3 && error?.found == 0x10)
  }
}
