import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import ProgramImage
import Toolchain

struct Demo: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take the examples the whole road to an emulated board and back.",
    discussion: """
      Each program runs in the interpreter, and compiled by the board.

      Example: microbpf demo
               microbpf demo --machine mps2-an500
      """)

  @OptionGroup var machine: MachineOption

  @OptionGroup var firmware: FirmwareOption

  @Option(help: "The folder of the examples.")
  var examples = "Examples"

  @Flag(help: "Show the board's console.")
  var console = false

  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let programs = try [
        ("fletcher16.c", ImageLayout.elf), ("fletcher16.swift", .elf), ("hello.c", .elf), ("counter.c", .elf),
        ("counter.c", .text), ("globals.c", .elf), ("globals.c", .femtoContainers), ("hello.c", .extended),
      ].map { name, layout in (example: try Example(path: "\(examples)/\(name)"), layout: layout) }
      let signing = Signing(key: SigningKey())
      let provisioning = try makeProvisioning(
        trusting: [signing.key.publicKey], vendor: signing.vendor, deviceClass: "mps2-an386", serial: 1)
      let firmware = firmware.path(for: machine.machine)
      say("booting \(firmware) on QEMU's \(machine.machine.rawValue)")
      let showsConsole = console
      var configuration = BoardConfiguration(firmware: firmware, provisioning: provisioning.block)
      configuration.machine = machine.machine
      let rows = try await withEmulatedBoard(
        configuration,
        console: { line in if showsConsole { FileHandle.standardError.write(Data("  board: \(line)\n".utf8)) }
        },
        body: { board in
          say("the board answers at \(board.url)")
          return try await withClient {
            try await demonstrate(
              programs, on: DeviceClient(url: board.url, client: $0), signing: signing
            ) { say("\($0.program) (\($0.layout), \($0.engine)): \($0.result)") }
          }
        })
      try output.print(rows, text: "\n" + Self.table(rows).text)
    }
  }

  private static func table(_ rows: [DemonstrationRow]) -> Table {
    Table(
      header: [
        "program", "layout", "engine", "image bytes", "packets", "deploy ms", "code bytes", "result",
        "expected",
        "instructions", "run µs",
      ],
      rows: rows.map { row in
        [
          row.program, row.layout, row.engine.rawValue, "\(row.imageBytes)", "\(row.packets)",
          "\(row.milliseconds)", row.codeBytes.map { "\($0)" } ?? "", "\(row.result)", "\(row.expected)",
          row.instructions.map { "\($0)" } ?? "", "\(row.microseconds)",
        ]
      })
  }
}
