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

  @Option(help: "The most bytes of its memory, a multiple of 1024; all of it unless given.")
  var arena: UInt32?

  @Option(help: "The most bytes that it may print in one second.")
  var logRate: UInt32?

  @Option(
    parsing: .upToNextOption,
    help: "The only helpers that it may call, by name or number, of those that it is granted.")
  var helpers: [HelperArgument] = []

  var conditions: RunConditions {
    RunConditions(
      milliseconds: milliseconds, instructions: instructions, arena: arena, logRate: logRate,
      helpers: helpers.isEmpty ? nil : helpers.map(\.helper))
  }

  var engine: Engine { jit ? .jit : .interpreter }

  func validate() throws {
    for number in [milliseconds, instructions, arena, logRate] where number ?? 0 > 999_999_999 {
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
      It goes on until it ends, `microbpf stop` or `microbpf kill` ends it, or another program takes its slot. With --every
      it is run again and again instead, with --on whenever a button is pressed or a sensor comes above or below a value. A
      device is named by its type or, as of several, by its number in `microbpf shell sensors`; values are what that shows.

      Example: microbpf start --slot 1
               microbpf start --slot 1 --jit --restart on-failure --at-boot
               microbpf start --slot 2 --every 1000
               microbpf start --slot 2 --on button
               microbpf start --slot 2 --on 'temperature>250'
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

  @Option(help: "Run it at an event of the board: 'button', 'light<20', '3>-50'.")
  var on: EventNotation?

  @Flag(
    help:
      "Start it so whenever the device has started, too, until `microbpf stop` or another program in its slot."
  )
  var atBoot = false

  @Option(help: "A file with the program's input, which r1 points to.", completion: .file())
  var context: String?

  func validate() throws {
    if let every, !(1...999_999_999).contains(every) {
      throw ValidationError("a period has 1 to 9 digits")
    }
    if every != nil, on != nil { throw ValidationError("--every and --on exclude each other") }
    if every != nil || on != nil, restart != .never || context != nil {
      throw ValidationError("--every and --on take neither --restart nor --context")
    }
    if atBoot, context != nil { throw ValidationError("--at-boot does not keep a --context") }
  }

  func run() async throws {
    try await perform { [self] in
      let input = try context.map { try Array(Data(contentsOf: URL(filePath: $0))) } ?? []
      let instance = try await device.withClient(slot: slot.slot, sources: source.finder) { device in
        try await run.compileIfNeeded(slot.slot, on: device)
        if let every {
          return try await device.start(
            slot.slot, every: every, engine: run.engine, conditions: run.conditions, atBoot: atBoot)
        }
        if let on {
          let event = try on.event(amongst: try await device.peripherals().readings)
          return try await device.start(
            slot.slot, on: event, engine: run.engine, conditions: run.conditions, atBoot: atBoot)
        }
        return try await device.start(
          slot.slot, context: input, engine: run.engine, restart: restart, conditions: run.conditions,
          atBoot: atBoot)
      }
      try output.print(instance, text: "slot \(slot.slot) is \(instance.state)")
    }
  }
}

struct Stop: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End what runs in a slot for good: the device does not start it at boot any more either.",
    discussion: """
      `microbpf kill` ends it as well, but leaves alone what starts at boot.

      Example: microbpf stop --slot 1
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let instance = try await device.withClient(slot: slot.slot) { device in
        try await device.stop(slot.slot)
        return try await device.instance(slot.slot)
      }
      try output.print(instance, text: "nothing runs in slot \(slot.slot), and nothing will by itself")
    }
  }
}

struct Kill: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "End what runs in a slot, and what would run there later.",
    discussion: """
      The program stays in its slot; `microbpf start` starts it again. A program that starts at boot will do so again, too;
      `microbpf stop` ends that.

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
