import ArgumentParser
import Conformance
import Emulator
import Foundation

/// Where programs of the suite run.
struct MachineOptions: ParsableArguments {
  enum Engine: String, CaseIterable, ExpressibleByArgument {
    case interpreter, jit
    /// Compiled code whose accesses the memory protection unit checks.
    case jitHardware = "jit-hardware"
  }

  enum Machine: String, CaseIterable, ExpressibleByArgument {
    case host, qemu
  }

  @Option(help: "What runs the programs.")
  var engine = Engine.interpreter

  @Option(help: "Where they run: host is this machine, qemu the emulated board.")
  var board = Machine.host

  @OptionGroup var firmware: FirmwareOption

  func withEngine<Result: Sendable>(
    _ body: @escaping @Sendable (any ConformanceEngine) async throws -> Result
  ) async throws -> Result {
    switch (engine, board) {
    case (.interpreter, .host): try await body(InterpreterEngine())
    case (.interpreter, .qemu):
      try await withBoardEngine(firmware: firmware.path(for: .an386)) { try await body($0) }
    case (.jit, .qemu):
      try await withBoardEngine(firmware: firmware.path(for: .an386), engine: .jit) { try await body($0) }
    case (.jitHardware, .qemu):
      try await withBoardEngine(firmware: firmware.path(for: .an386), engine: .jit, isolation: .hardware) {
        try await body($0)
      }
    case (.jit, .host), (.jitHardware, .host): throw ValidationError(Self.noCode)
    }
  }

  func validate() throws {
    if engine != .interpreter, board == .host { throw ValidationError(Self.noCode) }
  }

  private static let noCode = "compiled programs run on the board only; add --board qemu"
}

/// The public suite is not where it was looked for.
struct NoSuite: Complaining {
  var complaint: Complaint {
    Complaint(
      .unavailable, "there is no conformance suite",
      next: "name the folder of its cases with --suite or in BPF_CONFORMANCE_DIR"
    ).at("--suite, $BPF_CONFORMANCE_DIR, ../shared/conformance")
  }
}

struct RunConformance: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance",
    abstract: "Run the public BPF conformance suite.",
    discussion: """
      Prints each case that failed, then how many passed. The exit status is 1 if any failed.

      Example: microbpf conformance --board qemu
               microbpf conformance --board qemu --engine jit
               microbpf conformance --suite bpf_conformance/tests
      """)

  @Option(help: "The folder of the cases. Default: $BPF_CONFORMANCE_DIR, else ../shared/conformance.")
  var suite: String?

  @OptionGroup var machine: MachineOptions
  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let engine: String
    let passed, total: Int
    let failures: [String]
  }

  func run() async throws {
    try await perform { [self] in
      let here = URL(filePath: FileManager.default.currentDirectoryPath)
      guard let folder = suite.map({ URL(filePath: $0) }) ?? ConformanceCase.folder(besidePackage: here),
        FileManager.default.fileExists(atPath: folder.path)
      else { throw NoSuite() }
      let cases = try ConformanceCase.load(folder: folder)
      guard !cases.isEmpty else { throw NoSuite() }
      let report = try await withProgress("running \(cases.count) cases") { _ in
        try await machine.withEngine { try await $0.run(cases) }
      }
      let failures = report.failures.map { "\($0)" }
      try output.print(
        Result(
          engine: "\(report.engine)", passed: report.passed, total: report.total, failures: failures),
        text: (failures + ["\(report.engine): \(report.passed) of \(report.total) passed"])
          .joined(separator: "\n"))
      if !report.failures.isEmpty { throw ExitCode(ExitStatus.refused.rawValue) }
    }
  }
}

struct AnswerConformanceRunner: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance-plugin",
    abstract: "Run one program for the public conformance suite's own runner.",
    discussion: """
      Reads the program from the standard input unless it is given, and prints r0; all in hexadecimal.

      Example: bpf_conformance_runner --test_file_directory tests --plugin_path microbpf-plugin
               with `exec microbpf conformance-plugin "$@"` in the script microbpf-plugin
      """)

  @Argument(help: "The program's memory, in hexadecimal.")
  var memory = ""

  @Option(parsing: .upToNextOption, help: "The program, in hexadecimal.")
  var program: [String] = []

  @Flag(help: "Say that the program is an ELF object. It is told from bare instructions without that.")
  var elf = false

  @OptionGroup var machine: MachineOptions

  func run() async throws {
    try await perform { [self] in
      let input =
        program.isEmpty
        ? String(decoding: FileHandle.standardInput.readDataToEndOfFile(), as: UTF8.self) : program.joined()
      let reply = try await machine.withEngine { engine in
        try await ConformancePlugin(engine: engine).reply(memory: memory, input: input)
      }
      FileHandle.standardOutput.write(Data(reply.standardOutput.utf8))
      FileHandle.standardError.write(Data(reply.standardError.utf8))
      if reply.exitStatus != 0 { throw ExitCode(reply.exitStatus) }
    }
  }
}
