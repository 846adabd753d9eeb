import ArgumentParser
import DeviceClient
import Foundation

struct Execute: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a slot's program on the device and print its result.",
    discussion: """
      Example: microbpf execute --slot 0
               microbpf execute --slot 2 --context packet.bin --json
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "A file with the program's input, which r1 points to.")
  var context: String?

  func run() async throws {
    try await perform { [self] in
      let input = try context.map { try Array(Data(contentsOf: URL(filePath: $0))) } ?? []
      let execution = try await device.withClient { try await $0.run(slot.slot, context: input) }
      try output.print(
        execution, text: "result \(execution.result) after \(execution.instructions) instructions")
    }
  }
}

struct Slots: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what the device's slots hold.",
    discussion: "Example: microbpf slots --device coap://127.0.0.1:5683")

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let slots = try await device.withClient { try await $0.slots() }
      let table = Table(
        header: ["slot", "bytes", "sequence", "runs", "SHA-256"],
        rows: slots.map { slot in
          slot.size == 0
            ? ["\(slot.slot)", "empty", "\(slot.sequence)", "", ""]
            : [
              "\(slot.slot)", "\(slot.size)", "\(slot.sequence)", "\(slot.runs)",
              String(slot.digest.prefix(16)),
            ]
        })
      try output.print(slots, text: table.text)
    }
  }
}

struct Erase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Empty a slot of the device.",
    discussion: "Example: microbpf erase --slot 0")

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions

  func run() async throws {
    try await perform { [self] in
      try await device.withClient { try await $0.erase(slot.slot) }
      print("slot \(slot.slot) is empty")
    }
  }
}

struct Info: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who the device is and what it has room for.",
    discussion: "Example: microbpf info --json")

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let info = try await device.withClient { try await $0.description() }
      try output.print(
        info,
        text: """
          board     \(info.board), firmware \(info.version), serial number \(info.serial)
          vendor    \(info.vendor)
          class     \(info.classID)
          up for    \(Double(info.uptime) / 1000) s
          slots     \(info.slots) of \(info.imageBytes) bytes
          arena     \(info.arenaBytes) bytes
          sees you  at \(info.you)
          """)
    }
  }
}
