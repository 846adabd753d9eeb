import ArgumentParser
import DeviceClient
import Foundation
import Helpers

/// What a run may take and call.
struct RunOptions: ParsableArguments {
  @Flag(help: "Run the compiled program; it is compiled first unless it is.")
  var jit = false

  @Option(help: "The most milliseconds of the processor's time; 0 for as many as it likes.")
  var milliseconds: UInt32?

  @Option(help: "The most instructions, where they are counted; 0 for as many as it likes.")
  var instructions: UInt32?

  @Option(
    parsing: .upToNextOption,
    help: "The only helpers that it may call, by name or number, of those that it is granted.")
  var helpers: [HelperArgument] = []

  var conditions: RunConditions {
    RunConditions(
      milliseconds: milliseconds, instructions: instructions,
      helpers: helpers.isEmpty ? nil : helpers.map(\.helper))
  }

  var engine: Engine { jit ? .jit : .interpreter }

  func validate() throws {
    for number in [milliseconds, instructions] where number ?? 0 > 999_999_999 {
      throw ValidationError("a limit has at most nine digits")
    }
  }

  /// Sees to it that there is compiled code if it is asked for.
  func compileIfNeeded(_ slot: Int, on device: DeviceClient) async throws {
    guard jit, try await device.slot(slot).code == nil else { return }
    _ = try await device.compile(slot)
  }
}

extension Restart: ExpressibleByArgument {}

struct Start: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start a slot's program on the device, and leave it to itself.",
    discussion: """
      It goes on until it ends, `microbpf kill` ends it, or another program takes its slot. With --every it is run again \
      and again instead.

      Example: microbpf start --slot 1
               microbpf start --slot 1 --jit --restart on-failure
               microbpf start --slot 2 --every 1000
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var source: SourceOption
  @OptionGroup var run: RunOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "When to start it again after it has ended: never, on-failure or always.")
  var restart = Restart.never

  @Option(help: "Run it every so many milliseconds.")
  var every: UInt32?

  @Option(help: "A file with the program's input, which r1 points to.", completion: .file())
  var context: String?

  func validate() throws {
    guard let every else { return }
    guard (1...999_999_999).contains(every) else { throw ValidationError("a period has 1 to 9 digits") }
    guard restart == .never, context == nil else {
      throw ValidationError("--every takes neither --restart nor --context")
    }
  }

  func run() async throws {
    try await perform { [self] in
      let input = try context.map { try Array(Data(contentsOf: URL(filePath: $0))) } ?? []
      let instance = try await device.withClient(slot: slot.slot, sources: source.finder) { device in
        try await run.compileIfNeeded(slot.slot, on: device)
        if let every {
          return try await device.start(
            slot.slot, every: every, engine: run.engine, conditions: run.conditions)
        }
        return try await device.start(
          slot.slot, context: input, engine: run.engine, restart: restart, conditions: run.conditions)
      }
      try output.print(instance, text: "slot \(slot.slot) is \(instance.state)")
    }
  }
}

struct Kill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End what runs in a slot, and what would run there later.",
    discussion: """
      The program stays in its slot; `microbpf start` starts it again.

      Example: microbpf kill --slot 1
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let instance = try await device.withClient(slot: slot.slot) { device in
        try await device.kill(slot.slot)
        return try await device.instance(slot.slot)
      }
      try output.print(instance, text: "nothing runs in slot \(slot.slot)")
    }
  }
}

struct Pause: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take a slot's program from the processor until it is to resume.",
    discussion: """
      It keeps its memory, and goes on where it was.

      Example: microbpf pause --slot 1
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let instance = try await device.withClient(slot: slot.slot) { try await $0.pause(slot.slot) }
      try output.print(instance, text: "slot \(slot.slot) is \(instance.state)")
    }
  }
}

struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Let a paused program go on.",
    discussion: """
      It goes on where `microbpf pause` stopped it.

      Example: microbpf resume --slot 1
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let instance = try await device.withClient(slot: slot.slot) { try await $0.resume(slot.slot) }
      try output.print(instance, text: "slot \(slot.slot) is \(instance.state)")
    }
  }
}

/// Finds what is new in a text of which only the end is known.
struct LogFollower {
  private var last: [UInt8] = []

  /// What stands behind what was there the last time: behind the longest end of that which the text begins with.
  mutating func new(in text: [UInt8]) -> [UInt8] {
    defer { last = text }
    for start in last.indices where text.starts(with: last[start...]) {
      return Array(text.dropFirst(last.count - start))
    }
    return text
  }
}
