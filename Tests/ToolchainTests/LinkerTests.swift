import BPF
import ELF
import Interpreter
import ProgramImage
import Testing
import Toolchain

private func linkError(_ objects: [[UInt8]], with linker: Linker = Linker()) -> LinkError? {
  do throws(LinkError) { _ = try linker.link(objects) } catch { return error }
  return nil
}

@Suite struct LinkerTests {
  static let source = """
    const char *const names[] = {"zero", "one"};
    unsigned counts[4], unused_counter;
    unsigned values[2] = {20, 22};
    const unsigned *pointer = &values[1];
    __attribute__((noinline)) static unsigned get(unsigned i) { counts[i & 3]++; return values[i & 1]; }
    unsigned unused(void) { return unused_counter++; }
    unsigned long second(void) { return get(1) + 1000; }
    unsigned long program(unsigned long n) { return get(0) + *pointer + counts[0] + names[n & 1][0]; }
    """

  @Test func `an image keeps what the program can reach`() async throws {
    let object = try await compile(Self.source)
    let program = try Linker().link([object])
    #expect(program.functions.map(\.name) == ["program", "get"])
    #expect(program.entry == 0 && program.functions[0].slots.lowerBound == 0)
    #expect(program.functions.map(\.section) == [".text.program", ".text.get"])
    // The strings stay in the image; their addresses, the values and the pointer are data.
    #expect(program.rodataSize == 9 && program.dataSize == 32 && program.bssSize == 16)
    #expect(program.image.count < object.count / 4)
    var device = TestDevice()
    #expect(try device.run(program.image, argument: 1) == .returned(20 + 22 + 1 + 111))
  }

  @Test func `an object file runs as it is, and linked`() async throws {
    let object = try await compile(Self.source)
    var device = TestDevice()
    #expect(try device.run(object, argument: 1) == .returned(154))
    #expect(try device.run(Linker().link([object]).image, argument: 1) == .returned(154))
  }

  @Test func `an object file in one section runs as it is, and linked`() async throws {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable],
      contents: slots([
        Instruction(.mov64Imm, destination: .r0, immediate: 5), Instruction(.exit),
        Instruction(.callLocal, immediate: -3), Instruction(.exit),
      ]))
    _ = writer.addSymbol("five", type: .function, section: text, size: 16)
    _ = writer.addSymbol("program", type: .function, section: text, value: 16, size: 16)
    let object = writer.bytes()
    var device = TestDevice()
    #expect(try device.run(object) == .returned(5))
    let program = try Linker().link([object])
    #expect(program.entry == 2)
    #expect(try device.run(program.image) == .returned(5))
    let plain = try Linker(layout: .text).link([object])
    #expect(plain.entry == 0 && plain.image.count == 40)
    #expect(plain.functions.map(\.slots) == [1..<3, 3..<5])
    #expect(try device.run(plain.image) == .returned(5))
  }

  @Test func `a program without data fits the layout of instructions alone`() async throws {
    let object = try await compile("unsigned long program(unsigned long n) { return n * 3; }")
    let program = try Linker(layout: .text).link([object])
    #expect(program.layout == .text && program.image.count == program.textSize)
    var device = TestDevice()
    #expect(try device.run(program.image, argument: 14) == .returned(42))
  }

  @Test func `a program with data does not fit the layout of instructions alone`() async throws {
    let object = try await compile(
      "unsigned long values[2]; unsigned long program(void) { return values[1]++; }")
    let error = linkError([object], with: Linker(layout: .text))
    #expect(error == .moreThanText([".bss.values"]))
    #expect(error?.description.contains("use the layout 'elf'") == true)
  }

  @Test func `another function can be the entry, and more can be found by name`() async throws {
    let object = try await compile(Self.source)
    var device = TestDevice()
    #expect(try device.run(Linker(entry: "second").link([object]).image) == .returned(1022))
    let both = try Linker(exports: ["second"]).link([object])
    #expect(try device.run(both.image, argument: 1) == .returned(154))
    #expect(try device.run(both.image, function: "second") == .returned(1022))
    #expect(linkError([object], with: Linker(entry: "third")) == .noEntry("third"))
    #expect(linkError([object], with: Linker(exports: ["third"])) == .noEntry("third"))
  }

  @Test func `without a function called program the first one is the entry`() async throws {
    let object = try await compile("int first(void) { return 1; } int second(void) { return 2; }")
    var device = TestDevice()
    #expect(try device.run(Linker().link([object]).image) == .returned(1))
    #expect(linkError([ObjectWriter().bytes()]) == .noEntry(nil))
  }

  @Test func `object files are linked with each other`() async throws {
    let main = try await compile("int twice(int); extern int base; int program(void) { return twice(base); }")
    let other = try await compile("int base = 21; int twice(int n) { return 2 * n; }")
    var device = TestDevice()
    #expect(try device.run(Linker().link([main, other]).image) == .returned(42))
    #expect(linkError([main]) == .undefinedSymbol("base", user: "'program'"))
    #expect(linkError([main, other, other]) == .definedTwice("twice"))
  }

  @Test func `an undefined symbol is refused with its name and who wants it`() async throws {
    let object = try await compile(
      "void *malloc(unsigned long); long program(void) { return (long)malloc(8); }")
    let error = linkError([object])
    #expect(error == .undefinedSymbol("malloc", user: "'program'"))
    #expect(
      error?.description.contains("'program' needs 'malloc', which is not there: there is no heap") == true)
  }

  @Test func `the address of a function is refused`() async throws {
    let object = try await compile(
      "int f(int n) { return n; } int (*volatile p)(int) = f; int program(void) { return p(1); }")
    #expect(linkError([object]) == .functionAddress("'f'", user: "'p'"))
  }

  @Test func `a last call that never returns is followed by a trap`() async throws {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable], contents: slots([Instruction(.callLocal, immediate: -1)]))
    let symbol = writer.addSymbol("stop")
    writer.addRelocation(in: text, at: 0, .call, symbol: symbol)
    var other = ObjectWriter()
    let stop = other.addSection(
      ".text.stop", flags: [.allocated, .executable],
      contents: slots([Instruction(.ja, offset: -1), Instruction(.mov64Reg)]))
    _ = other.addSymbol("stop", type: .function, section: stop)
    let program = try Linker().link([writer.bytes(), other.bytes()])
    let image = try ProgramImage(program.image.span)
    var linked = [Instruction](repeating: Instruction(.exit), count: 4)
    var span = linked.mutableSpan
    #expect(try image.decode(into: &span) == 4)
    #expect(linked[3] == Instruction(.trap))
  }

  @Test func `constructors are refused`() {
    var writer = ObjectWriter()
    _ = writer.addSection(
      ".init_array", type: SectionType(rawValue: 14), flags: [.allocated, .writable],
      contents: .init(repeating: 0, count: 8))
    #expect(linkError([writer.bytes()]) == .unsupportedSection(".init_array"))
  }

  @Test func `no flipped byte of an object file makes linker or device trap`() async throws {
    var compiler = try Compiler()
    compiler.hasDebugInformation = false
    let good = try await compile(Self.source, with: compiler)
    for index in good.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var bytes = good
        bytes[index] ^= mask
        _ = linkError([bytes])
        var device = TestDevice()
        _ = try? device.run(bytes, budget: 1000)
      }
    }
  }
}

func slots(_ instructions: [Instruction]) -> [UInt8] {
  instructions.flatMap { instruction in
    (0..<8).map { UInt8(truncatingIfNeeded: instruction.slot >> (8 * $0)) }
  }
}
