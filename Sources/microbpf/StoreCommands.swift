import ArgumentParser
import DeviceClient

struct StoreCommands: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "store",
    abstract: "Look at what programs keep under keys, and change it.",
    discussion: """
      Without --slot it is the store that all programs share.

      Example: microbpf store list
               microbpf store set 7 42
               microbpf store get 7 --slot 1
               microbpf store delete 7
      """,
    subcommands: [ListStore.self, GetValue.self, SetValue.self, DeleteValue.self])
}

/// Which store of which device.
struct StoreOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: "The slot whose program keeps it. Default: the store that all share.",
    completion: .slot)
  var slot: Int?

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func validate() throws { if let slot { try SlotOption.validate(slot) } }

  /// Runs `body` with the device and the slot.
  func withStore<Result>(
    _ body: (_ device: DeviceClient, _ slot: Int?) async throws -> Result
  ) async throws -> Result {
    try await device.withClient(slot: slot) { try await body($0, slot) }
  }
}

struct ListStore: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Show every key and its value.",
    discussion: "Example: microbpf store list --slot 1 --json")

  @OptionGroup var store: StoreOptions

  func run() async throws {
    try await perform { [self] in
      let entries = try await store.withStore { try await $0.store(of: $1) }
      let rows = entries.map { ["\($0.key)", "\($0.value)", $0.owner.map { "slot \($0)" } ?? ""] }
      try store.output.print(
        entries, text: Table(header: ["key", "value", "brought in by"], rows: rows).text)
    }
  }
}

struct GetValue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "get", abstract: "Print the value under a key.",
    discussion: "Example: microbpf store get 7")

  @Argument(help: "The key, a number of 32 bits.")
  var key: UInt32

  @OptionGroup var store: StoreOptions

  func run() async throws {
    try await perform { [self] in
      let entry = try await store.withStore { try await $0.value(of: key, in: $1) }
      try store.output.print(entry, text: "\(entry.value)")
    }
  }
}

struct SetValue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set", abstract: "Put a value under a key.", discussion: "Example: microbpf store set 7 42")

  @Argument(help: "The key, a number of 32 bits.")
  var key: UInt32

  @Argument(help: "The value, a number of 32 bits.")
  var value: UInt32

  @OptionGroup var store: StoreOptions

  func run() async throws {
    try await perform { [self] in
      let entry = try await store.withStore { try await $0.store(value, under: key, in: $1) }
      try store.output.print(entry, text: "key \(entry.key) has the value \(entry.value)")
    }
  }
}

struct DeleteValue: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete", abstract: "Forget a key and its value.",
    discussion: "Example: microbpf store delete 7 --slot 1")

  @Argument(help: "The key, a number of 32 bits.")
  var key: UInt32

  @OptionGroup var store: StoreOptions

  func run() async throws {
    try await perform { [self] in
      try await store.withStore { try await $0.removeValue(of: key, in: $1) }
      try store.output.print(["key": key], text: "key \(key) has no value")
    }
  }
}
