import Bytes
import Foundation
import Measurement
import ProgramImage
import Subprocess
import Toolchain

/// What one engine needs for one kernel. Instructions are those that the emulated processor executed.
public struct BenchmarkRecord: Codable, Equatable, Sendable {
  public let kernel: String
  /// `native`, `interpreter`, `jit-checked`, `jit-hardware`.
  public let engine: String
  /// For one run.
  public let instructions: Int
  /// `instructions` to those of `native`.
  public let ratio: Double
  /// Whether result and context were right.
  public let correct: Bool
  /// Bytes of machine code.
  public var codeBytes: Int?
  /// Bytes of the image, and of the instructions in it.
  public var imageBytes: Int?
  public var textBytes: Int?
  /// For opening, decoding and verifying the image, structure alone.
  public var loadInstructions: Int?
  /// The same with both storeys of the verifier, for a context of the size it is given.
  public var verifyInstructions: Int?
  /// For bringing the program into the form that is interpreted.
  public var translateInstructions: Int?
  /// eBPF instructions of one run.
  public var executed: Int?
  /// For compiling.
  public var compileInstructions: Int?
  /// Loads and stores in the program, and those that are checked when they are run.
  public var accesses: Int?
  /// For entering and leaving the program, which is not in `instructions`.
  public var callInstructions: Int?
  public var checkedAccesses: Int?
  /// Bytes of the image in each layout that can hold the program, by the layout's name.
  public var layoutBytes: [String: Int]?
  /// Bytes of RAM that one loaded program needs of its slot: stack frames, data, zeros, context, and what the engine makes
  /// of the program. The stack of its thread and the image come on top.
  public var memoryBytes: Int?

  enum CodingKeys: String, CodingKey {
    case kernel, engine, instructions, ratio, correct, executed
    case codeBytes = "code_bytes"
    case imageBytes = "image_bytes"
    case textBytes = "text_bytes"
    case loadInstructions = "load_instructions"
    case verifyInstructions = "verify_instructions"
    case translateInstructions = "translate_instructions"
    case compileInstructions = "compile_instructions"
    case accesses
    case callInstructions = "call_instructions"
    case checkedAccesses = "checked_accesses"
    case layoutBytes = "layout_bytes"
    case memoryBytes = "memory_bytes"
  }
}

/// Measures kernels on an emulated Cortex-M4.
public struct Measuring: Sendable {
  /// Where `make firmware` leaves the program that measures, from the project's folder.
  public static let defaultFirmware = "Firmware/.build/armv7em-none-none-eabi/release/Benchmark"

  public var firmware = Self.defaultFirmware
  public var machine = "mps2-an386"

  public init() {}

  /// Measures the kernel natively and in every engine.
  public func measure(_ kernel: Kernel) async throws -> [BenchmarkRecord] {
    let code = try await NativeCode(kernel)
    let native = try await board(kernel, .native, program: [], native: code.memory)
    let instructions = try native.figure("instructions")
    var records = [
      BenchmarkRecord(
        kernel: kernel.name, engine: "native", instructions: instructions, ratio: 1,
        correct: try native.figure("correct") == 1, codeBytes: code.functionBytes)
    ]
    var compiler = try Compiler()
    compiler.definitions = kernel.definitions
    let object = try await compiler.compile(kernel.source).object
    let program = try Linker(layout: .elf, entry: kernel.function).link([object])
    let memory = try ProgramMemory(program, contextSize: kernel.context.count)
    let interpreted = try await board(kernel, .interpreter, program: program.image, native: [])
    /// Whether an engine did what it should and, when nobody knows what that is, what native code did.
    func isCorrect(_ console: Console) throws -> Bool {
      guard try console.figure("correct") == 1 else { return false }
      return try kernel.isOutcomeKnown
        || console.figure("returned") == native.figure("returned")
          && console.figure("context") == native.figure("context")
    }
    let count = try interpreted.figure("instructions")
    records.append(
      BenchmarkRecord(
        kernel: kernel.name, engine: "interpreter", instructions: count,
        ratio: Double(count) / Double(instructions), correct: try isCorrect(interpreted),
        imageBytes: program.image.count, textBytes: program.textSize,
        loadInstructions: try interpreted.figure("load_instructions"),
        verifyInstructions: try interpreted.figure("verify_instructions"),
        translateInstructions: try interpreted.figure("translate_instructions"),
        executed: try interpreted.figure("executed"),
        layoutBytes: try layoutSizes(of: object, entry: kernel.function),
        memoryBytes: memory.interpreted))
    for (engine, name) in [(BenchmarkEngine.checked, "jit-checked"), (.hardware, "jit-hardware")] {
      let compiled = try await board(kernel, engine, program: program.image, native: [])
      let isCorrect = try isCorrect(compiled)
      let count = isCorrect ? try compiled.figure("instructions") : 0
      records.append(
        BenchmarkRecord(
          kernel: kernel.name, engine: name, instructions: count,
          ratio: Double(count) / Double(instructions), correct: isCorrect,
          codeBytes: try? compiled.figure("code_bytes"), imageBytes: program.image.count,
          textBytes: program.textSize,
          verifyInstructions: try interpreted.figure("verify_instructions"),
          compileInstructions: try? compiled.figure("compile_instructions"),
          accesses: try? compiled.figure("accesses"),
          callInstructions: try? compiled.figure("call_instructions"),
          checkedAccesses: try? compiled.figure("checked_accesses"),
          memoryBytes: (try? compiled.figure("code_bytes")).map { memory.compiled(codeBytes: $0) }))
    }
    return records
  }

  /// What threads cost on the board, by name: `helper_call`, `empty_loop` (a round of the loop around it, which is not
  /// part of it), `switch` and `start` in instructions, `thread_bytes`.
  public func measureThreads() async throws -> [String: Int] {
    let nothing = Kernel(file: URL(filePath: "threads.c"), context: [])
    let console = try await board(nothing, .threads, program: [], native: [])
    var costs: [String: Int] = [:]
    for name in ["helper_call", "empty_loop", "switch", "start", "thread_bytes"] {
      costs[name] = try console.figure(name)
    }
    return costs
  }

  /// What the board said.
  private struct Console {
    let kernel: String
    let lines: [String]

    func figure(_ name: String) throws -> Int {
      for line in lines where line.hasPrefix("\(name): ") {
        if let number = Int(line.dropFirst(name.count + 2)) { return number }
      }
      throw BenchmarkError.board(kernel: kernel, console: lines)
    }
  }

  private func board(
    _ kernel: Kernel, _ engine: BenchmarkEngine, program: [UInt8], native: [UInt8]
  ) async throws -> Console {
    guard FileManager.default.fileExists(atPath: firmware) else {
      throw BenchmarkError.noFirmware(path: firmware)
    }
    let block = try block(kernel, engine, program: program)
    let folder = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var arguments = [
      "30", "qemu-system-arm", "-M", machine, "-display", "none", "-serial", "stdio", "-monitor", "none",
      "-no-reboot", "-nic", "none", "-icount", "shift=0", "-semihosting-config", "enable=on,target=native",
      "-kernel", firmware,
    ]
    for (name, bytes, address) in [
      ("case", block, BenchmarkMemory.caseAddress), ("code", native, BenchmarkMemory.emptyFunctionAddress),
    ] where !bytes.isEmpty {
      let file = folder.appending(path: name)
      try Data(bytes).write(to: file)
      arguments += ["-device", "loader,file=\(file.path),addr=\(address),force-raw=on"]
    }
    let said = try await run("timeout", arguments)
    return Console(kernel: kernel.name, lines: said.split(whereSeparator: \.isNewline).map(String.init))
  }

  private func block(_ kernel: Kernel, _ engine: BenchmarkEngine, program: [UInt8]) throws -> [UInt8] {
    let it = BenchmarkCase(
      engine: engine, isOutcomeKnown: kernel.isOutcomeKnown, result: kernel.result, program: program.span,
      context: kernel.context.span,
      contextAfter: kernel.contextAfter.span)
    guard it.byteCount <= BenchmarkMemory.caseBytes else {
      throw BenchmarkError.tooLarge(kernel: kernel.name, bytes: it.byteCount)
    }
    var block = [UInt8](repeating: 0, count: it.byteCount)
    var writer = ByteWriter(block.mutableSpan)
    try it.write(into: &writer)
    return block
  }
}
