import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import Toolchain

/// A board that is there for one command.
struct ScratchBoardOptions: ParsableArguments {
  @OptionGroup var machine: MachineOption

  @OptionGroup var firmware: FirmwareOption

  /// The path of the firmware.
  var image: String { firmware.path(for: machine.machine) }

  @Flag(help: "Show the board's console.")
  var console = false

  /// Boots a board whose sensors follow the course with this seed, and asks it.
  func withBoard<Result: Sendable>(
    seed: UInt64, _ body: @escaping @Sendable (DeviceClient, Signing) async throws -> Result
  ) async throws -> Result {
    let signing = Signing(key: SigningKey())
    var provisioning = try makeProvisioning(
      trusting: [signing.key.publicKey], vendor: signing.vendor, deviceClass: "mps2-an386", serial: 1)
    provisioning.seed = seed
    var configuration = BoardConfiguration(firmware: image, provisioning: provisioning.block)
    configuration.machine = machine.machine
    let showsConsole = console
    return try await withEmulatedBoard(
      configuration,
      console: { line in if showsConsole { FileHandle.standardError.write(Data("  board: \(line)\n".utf8)) }
      },
      body: { board in
        try await withClient { try await body(DeviceClient(url: board.url, client: $0), signing) }
      })
  }
}

struct Examples: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run the examples on an emulated board, in every layout and engine, and check what they do.",
    discussion: """
      The first line of each says what it must do. Without names all of them run.

      Example: microbpf examples
               microbpf examples fletcher16 hello --json
      """)

  @Argument(help: "The examples to run, such as hello, or hello.c.")
  var names: [String] = []

  @OptionGroup var board: ScratchBoardOptions

  @Option(help: "The folder of the examples.")
  var folder = "Examples"

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let all = try Example.all(in: folder)
      let chosen = all.filter { example in
        names.isEmpty || names.contains { $0 == example.name || example.name.hasPrefix("\($0).") }
      }
      guard !chosen.isEmpty else { throw NoExample(folder: folder) }
      say("compiling \(chosen.count) examples")
      let built = try await withProgress("compiling") { _ in try await build(chosen) }
      say("booting \(board.image) on QEMU's \(board.machine.machine.rawValue)")
      let rows = try await board.withBoard(seed: 0) { device, signing in
        var rows: [ExampleRow] = []
        for (index, example) in built.enumerated() {
          let own = try await Delivery.run(example, in: index % 5, of: device, signing: signing)
          let wrong = own.filter { !$0.isRight }
          say("\(example.example.name): \(wrong.isEmpty ? own[0].outcome : "WRONG")")
          rows += own
        }
        return rows
      }
      try output.print(
        rows, text: "\n" + Self.table(rows).text + "\n\nC and Swift\n\n" + Self.twins(rows).text)
      if let wrong = rows.first(where: { !$0.isRight }) {
        throw UnexpectedResult(
          name: "\(wrong.program) (\(wrong.layout), \(wrong.engine.rawValue))", expected: wrong.expected,
          found: wrong.outcome)
      }
    }
  }

  private static func table(_ rows: [ExampleRow]) -> Table {
    Table(
      header: [
        "program", "layout", "engine", "image bytes", "code bytes", "expected", "outcome", "instructions",
        "run µs",
      ],
      rows: rows.map { row in
        [
          row.program, row.layout, row.engine.rawValue, "\(row.imageBytes)",
          row.codeBytes.map { "\($0)" } ?? "", row.expected, row.outcome,
          row.instructions.map { "\($0)" } ?? "", row.microseconds.map { "\($0)" } ?? "",
        ]
      })
  }

  /// The programs that exist in both languages, side by side.
  private static func twins(_ rows: [ExampleRow]) -> Table {
    func row(_ program: String, _ engine: ExampleEngine) -> ExampleRow? {
      rows.first { $0.program == program && $0.layout == "elf" && $0.engine == engine }
    }
    func number(_ number: Int?) -> String { number.map { "\($0)" } ?? "" }
    var names: [String] = []
    for row in rows where row.program.hasSuffix(".swift") {
      let name = String(row.program.dropLast(".swift".count))
      if !names.contains(name) { names.append(name) }
    }
    return Table(
      header: [
        "program", "C text bytes", "Swift text bytes", "C image", "Swift image", "C code", "Swift code",
        "C instructions", "Swift instructions",
      ],
      rows: names.compactMap { name in
        guard let c = row("\(name).c", .interpreter), let swift = row("\(name).swift", .interpreter) else {
          return nil
        }
        return [
          name, "\(c.textBytes)", "\(swift.textBytes)", "\(c.imageBytes)", "\(swift.imageBytes)",
          number(row(c.program, .jit)?.codeBytes), number(row(swift.program, .jit)?.codeBytes),
          number(c.instructions), number(swift.instructions),
        ]
      })
  }
}

/// No example has the names that were given.
struct NoExample: Complaining {
  let folder: String
  var complaint: Complaint {
    Complaint(
      .input, "there is no example with such a name",
      next: "name files of that folder, with or without the ending; --folder names another one"
    ).at(folder)
  }
}
