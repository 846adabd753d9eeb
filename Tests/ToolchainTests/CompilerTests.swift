import Foundation
import Interpreter
import Testing
import Toolchain

/// Compiles, links and runs a program, and returns how it ended.
private func result(
  _ text: String, language: String = "c", compiler: Compiler? = nil, argument: UInt64 = 0
) async throws -> Outcome.Result {
  let object = try await compile(text, language: language, with: compiler)
  var device = TestDevice()
  return try device.run(Linker().link([object]).image, argument: argument)
}

@Suite struct CProgramTests {
  @Test(arguments: ProcessorVersion.allCases)
  func `a program runs whatever instructions the compiler may use`(processor: ProcessorVersion) async throws {
    var compiler = try Compiler()
    compiler.processor = processor
    let program = """
      long table[] = {3, -5, 7};
      unsigned long program(unsigned long n) {
        int sum = 0;
        for (unsigned i = 0; i < 3; i++) if ((int)n > table[i]) sum += (short)table[i] * 2;
        return sum < 0 ? -sum : sum;
      }
      """
    #expect(try await result(program, compiler: compiler, argument: 4) == .returned(4))
  }

  @Test func `debug information is there when wanted and never in the image`() async throws {
    var compiler = try Compiler()
    let program = "unsigned long program(void) { return 7; }"
    let with = try await compile(program, with: compiler)
    compiler.hasDebugInformation = false
    let without = try await compile(program, with: compiler)
    #expect(with.count > without.count)
    let images = try [with, without].map { try Linker().link([$0]).image }
    #expect(images[0] == images[1])
  }

  @Test func `headers are found where the caller says`() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try Data("#define ANSWER 42\n".utf8).write(to: directory.appendingPathComponent("answer.h"))
    var compiler = try Compiler()
    compiler.includeDirectories = [directory]
    let program = "#include <answer.h>\nunsigned long program(void) { return ANSWER; }"
    #expect(try await result(program, compiler: compiler) == .returned(42))
  }

  @Test func `loops that copy and fill stay loops`() async throws {
    let program = """
      unsigned long program(unsigned long n) {
        char a[64], b[64];
        for (unsigned long i = 0; i < n; i++) a[i] = 1;
        for (unsigned long i = 0; i < n; i++) b[i] = a[i];
        unsigned long sum = 0;
        for (unsigned long i = 0; i < n; i++) sum += b[i];
        return sum;
      }
      """
    #expect(try await result(program, argument: 50) == .returned(50))
  }

  @Test func `what the compiler says of a wrong program is passed on`() async throws {
    let failure = await failure { _ = try await compile("unsigned long program(void) { return x; }") }
    guard case .refused(tool: "clang", let diagnostics)? = failure else {
      Issue.record("not refused: \(String(describing: failure))")
      return
    }
    #expect(diagnostics.contains("source.c:1:38: error: use of undeclared identifier 'x'"))
  }

  @Test func `a library function that the compiler wants is explained`() async throws {
    let program = "void program(char *p, unsigned long n) { __builtin_memset(p, 1, n); }"
    let failure = await failure { _ = try await compile(program) }
    let description = failure.map(String.init(describing:)) ?? ""
    #expect(
      description.contains("source.c:1:42: error: A call to built-in function 'memset' is not supported."))
    #expect(description.hasSuffix("note: 'memset' is not there: \(copying)\n"))
  }

  private var copying: String { "there is no C library; copy in a loop, or with the helper bpf_memcpy" }

  @Test func `warnings are passed on`() async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let source = directory.appendingPathComponent("source.c")
    try Data("#warning \"unfinished\"\nint program(void) { return 0; }".utf8).write(to: source)
    #expect(try await Compiler().compile(source).diagnostics.contains("unfinished"))
  }

  @Test func `a file in another language is refused`() async throws {
    #expect(await failure { _ = try await compile("", language: "rs") } == .unknownLanguage("source.rs"))
  }
}

@Suite struct SwiftProgramTests {
  @Test func `helpers are a module`() async throws {
    let program = """
      import BPFHelpers
      @c public func program() -> UInt64 {
        var value: UInt32 = 0
        _ = bpf_store_global(7, 35)
        _ = bpf_fetch_global(7, &value)
        _ = bpf_printf(("value %d\\n" as StaticString).utf8Start, UInt64(value))
        return UInt64(value) + 7
      }
      """
    let object = try await compile(program, language: "swift")
    var device = TestDevice()
    #expect(try device.run(Linker().link([object]).image) == .returned(42))
    #expect(device.printed == ["value %d\n"])
  }

  @Test(arguments: [true, false])
  func `a failed check ends the program with a trap`(hasDebugInformation: Bool) async throws {
    let program = """
      let table: InlineArray<4, UInt64> = [10, 11, 12, 13]
      @c public func program(_ index: UInt64) -> UInt64 { table[Int(index)] + 1 }
      """
    var compiler = try Compiler()
    compiler.hasDebugInformation = hasDebugInformation
    #expect(
      try await result(program, language: "swift", compiler: compiler, argument: 2) == .returned(13))
    guard
      case .trapped(let trap) = try await result(program, language: "swift", compiler: compiler, argument: 4)
    else {
      Issue.record("not trapped")
      return
    }
    #expect(trap.rule == .checkFailed)
  }

  @Test func `typed errors, optionals, signed division, generics and structs work`() async throws {
    let program = """
      enum Bad: Error { case odd(Int) }
      struct Pair<T: BinaryInteger> { var a: T; var b: T; var sum: T { a + b } }
      @inline(never) func half(_ a: Int) throws(Bad) -> Int { if a % 2 != 0 { throw .odd(a) }; return a / 2 }
      @inline(never) func positive(_ a: Int) -> Int? { a > 0 ? a : nil }
      @inline(never) func six(_ a: Int, _ b: Int, _ c: Int, _ d: Int, _ e: Int, _ f: Int) -> Int {
        a + b + c + d + e + f
      }
      var calls = 0
      @c public func program(_ n: UInt64) -> UInt64 {
        calls += 1
        var squares = InlineArray<16, Int32>(repeating: 0)
        for i in squares.indices { squares[i] = Int32(i * i) }
        let pair = Pair(a: Int(squares[5]), b: positive(-3) ?? 7)
        do throws(Bad) { return UInt64(try half(-Int(n)) + pair.sum + six(1, 2, 3, 4, 5, Int(n))) } catch {
          switch error { case .odd(let a): return UInt64(-a) + UInt64(calls) }
        }
      }
      """
    // -10 / 2 + 25 + 7 + 15 + 10
    #expect(try await result(program, language: "swift", argument: 10) == .returned(52))
    #expect(try await result(program, language: "swift", argument: 11) == .returned(12))
  }

  @Test func `checked multiplication of 64 bits traps exactly when the product does not fit`() async throws {
    let operands: [Int64] = [
      0, 1, -1, 2, 3, -3, 1 << 31, 1 << 32, -(1 << 32), (1 << 32) - 1, 3_037_000_499, 3_037_000_500,
      -3_037_000_500,
      1 << 62, .max, .min, .min + 1,
    ]
    for (type, name) in [("Int64", "signed"), ("UInt64", "unsigned")] {
      let program = """
        import BPFHelpers
        @c public func program(_ n: UInt64) -> UInt64 {
          var a: UInt32 = 0, b: UInt32 = 0, c: UInt32 = 0, d: UInt32 = 0
          _ = bpf_fetch_local(0, &a); _ = bpf_fetch_local(1, &b)
          _ = bpf_fetch_local(2, &c); _ = bpf_fetch_local(3, &d)
          let x = \(type)(truncatingIfNeeded: UInt64(a) << 32 | UInt64(b))
          let y = \(type)(truncatingIfNeeded: UInt64(c) << 32 | UInt64(d))
          return UInt64(truncatingIfNeeded: x * y)
        }
        """
      let image = try await Linker().link([compile(program, language: "swift")]).image
      for x in operands {
        for y in operands {
          var device = TestDevice()
          for (key, value) in [x >> 32, x, y >> 32, y].enumerated() {
            device.local[UInt32(key)] = UInt32(truncatingIfNeeded: value)
          }
          let overflow =
            name == "signed"
            ? x.multipliedReportingOverflow(by: y).overflow
            : UInt64(bitPattern: x).multipliedReportingOverflow(by: UInt64(bitPattern: y)).overflow
          let result = try device.run(image)
          if overflow, case .trapped(let trap) = result {
            #expect(trap.rule == .checkFailed)
          } else {
            #expect(!overflow && result == .returned(UInt64(bitPattern: x &* y)), "\(name) \(x) * \(y)")
          }
        }
      }
    }
  }

  @Test func `constant arrays need no heap`() async throws {
    let program = """
      let primes = [2, 3, 5, 7, 11]
      @c public func program(_ n: UInt64) -> UInt64 { UInt64(primes[Int(n)]) }
      """
    #expect(try await result(program, language: "swift", argument: 4) == .returned(11))
  }

  @Test(arguments: [
    ("var a: [UInt64] = []; for i in 0..<n { a.append(i) }; return a[Int(n / 2)]", "posix_memalign", "heap"),
    ("print(n); return 0", "putchar", "bpf_printf"),
  ])
  func `a program that needs a runtime is refused by the name of what it needs`(
    body: String, symbol: String, reason: String
  ) async throws {
    let program = "@c public func program(_ n: UInt64) -> UInt64 { \(body) }"
    let failure = await failure { _ = try await compile(program, language: "swift") }
    guard case .needsRuntime(let symbols)? = failure else {
      Issue.record("not refused: \(String(describing: failure))")
      return
    }
    #expect(symbols.contains(symbol))
    let description = failure.map(String.init(describing:)) ?? ""
    #expect(description.contains("'\(symbol)'") && description.contains(reason))
  }

  @Test func `what the compiler says of a wrong program is passed on`() async throws {
    let failure = await failure {
      _ = try await compile("@c public func program() -> UInt64 { x }", language: "swift")
    }
    guard case .refused(tool: "swiftc", let diagnostics)? = failure else {
      Issue.record("not refused: \(String(describing: failure))")
      return
    }
    #expect(diagnostics.contains("source.swift:1:38: error: cannot find 'x' in scope"))
  }
}

private func failure(_ body: () async throws -> Void) async -> CompileError? {
  do { try await body() } catch { return error as? CompileError }
  return nil
}
