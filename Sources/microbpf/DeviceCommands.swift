import ArgumentParser
import DeviceClient
import Foundation
import JIT

struct Execute: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a slot's program on the device and print its result.",
    discussion: """
      The interpreter runs it, unless --jit asks for the compiled program, which is then compiled first unless it is.

      Example: microbpf execute --slot 0
               microbpf execute --slot 0 --jit
               microbpf execute --slot 2 --context packet.bin --json
               microbpf execute --slot 3 --helpers bpf_printf --milliseconds 20
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var source: SourceOption
  @OptionGroup var output: OutputOptions

  @Option(help: "A file with the program's input, which r1 points to.", completion: .file())
  var context: String?

  @OptionGroup var run: RunOptions

  func run() async throws {
    try await perform { [self] in
      let input = try context.map { try Array(Data(contentsOf: URL(filePath: $0))) } ?? []
      let execution = try await device.withClient(slot: slot.slot, sources: source.finder) { device in
        try await withProgress("running slot \(slot.slot) of \(device.url)") { _ in
          guard run.jit else {
            return try await device.run(slot.slot, context: input, conditions: run.conditions)
          }
          return try await device.runCompiled(slot.slot, context: input, conditions: run.conditions)
        }
      }
      try output.print(execution, text: execution.sentence)
    }
  }
}

extension ExecutionDescription {
  var sentence: String {
    let instructions = instructions.map { "\($0) instructions, " } ?? ""
    return "result \(result) after \(instructions)\(microseconds) µs"
  }
}

extension CodeDescription {
  /// What a table says of it.
  var summary: String { "\(isolation), \(checkedAccesses) of \(accesses) accesses checked" }
}

struct JITCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jit",
    abstract: "Compile slots' programs to the device's own instructions.",
    discussion: """
      The code stays until it is dropped, or another program takes the slot.

      Example: microbpf jit compile 0
               microbpf execute --slot 0 --jit
               microbpf jit drop 0
      """,
    subcommands: [CompileSlot.self, DropCode.self])
}

struct CompileSlot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compile",
    abstract: "Compile a slot's program on the device.",
    discussion: """
      Example: microbpf jit compile 0
               microbpf jit compile 2 --discard-image --device coap://192.0.2.7
      """)

  @Argument(help: "The program slot, counted from 0.", completion: .slot)
  var slot: Int

  @Option(help: "Who keeps the program within its compartment.")
  var isolation = IsolationArgument.checked

  @Flag(help: "Empty the slot afterwards, and keep the code alone.")
  var discardImage = false

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try SlotOption.validate(slot) }

  func run() async throws {
    try await perform { [self] in
      let code = try await device.withClient(slot: slot) { device in
        let code = try await device.compile(slot, isolation: isolation.isolation)
        if discardImage { try await device.erase(slot, keepingCode: true) }
        return code
      }
      try output.print(
        code,
        text: "slot \(code.slot) has \(code.codeBytes) bytes of code (\(code.summary)), "
          + "compiled in \(code.compileMicroseconds) µs")
    }
  }
}

struct DropCode: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop",
    abstract: "Drop a slot's compiled program; the slot keeps its image.",
    discussion: """
      The interpreter still runs the program.

      Example: microbpf jit drop 0
      """)

  @Argument(help: "The program slot, counted from 0.", completion: .slot)
  var slot: Int

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { try SlotOption.validate(slot) }

  func run() async throws {
    try await perform { [self] in
      let description = try await device.withClient(slot: slot) { device in
        try await device.dropCode(of: slot)
        return try await device.slot(slot)
      }
      try output.print(description, text: "slot \(slot) has no code")
    }
  }
}

struct Slots: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "List what the device's slots hold.",
    discussion: """
      The table shows the beginning of the image's SHA-256; --json gives all of it.

      Example: microbpf slots
               microbpf slots --device coap://192.0.2.7 --json
      """)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let slots = try await device.withClient { try await $0.slots() }
      let table = Table(
        header: ["slot", "bytes", "sequence", "runs", "boot", "SHA-256", "code bytes", "code"],
        rows: slots.map { slot in
          let isEmpty = slot.size == 0
          return [
            "\(slot.slot)", isEmpty ? "empty" : "\(slot.size)", "\(slot.sequence)",
            isEmpty && slot.code == nil ? "" : "\(slot.runs)", slot.startsAtBoot ? "start" : "",
            isEmpty ? "" : String(slot.digest.prefix(16)),
            slot.code.map { "\($0.codeBytes)" } ?? "", slot.code?.summary ?? "",
          ]
        })
      try output.print(slots, text: table.text)
    }
  }
}

struct Erase: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Empty a slot of the device.",
    discussion: """
      Its sequence number stays, so that old manifests are still refused.

      Example: microbpf erase --slot 0
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let description = try await device.withClient(slot: slot.slot) { device in
        try await device.erase(slot.slot)
        return try await device.slot(slot.slot)
      }
      try output.print(description, text: "slot \(slot.slot) is empty")
    }
  }
}

struct Info: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show who the device is and what it has room for.",
    discussion: """
      The ids of vendor and class are what a manifest has to name.

      Example: microbpf info
               microbpf info --device coap://192.0.2.7 --json
      """)

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
          heap      \(info.heapBytes.map { "\($0) bytes" } ?? "not told")
          served    \(info.served ?? "not told")
          code      \(info.codeRegionBytes == 0 ? "no compiled programs" : "\(info.codeRegionBytes) bytes per slot")
          sees you  at \(info.you)
          """)
    }
  }
}

extension DeviceDescription {
  fileprivate var served: String? {
    guard let requests, let refused, let datagrams, let malformed else { return nil }
    return "\(requests) requests, \(refused) refused; \(datagrams) datagrams, \(malformed) malformed"
  }
}

struct Reboot: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Restart the device.",
    discussion: """
      What runs ends; what is to start at boot starts. `microbpf info` shows how long the device is up.

      Example: microbpf reboot
      """)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      try await device.withClient { try await $0.reboot() }
      try output.print(["device": try device.address()], text: "the device restarts")
    }
  }
}
