import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Emulator
import Foundation
import Runtime
import SUIT
import Toolchain

extension CompletionKind {
  /// What can be built or is built.
  static var program: CompletionKind { .file(extensions: ["c", "swift", "o", "img", "elf"]) }

  /// The numbers of slots that devices usually have.
  static var slot: CompletionKind { .list((0..<Limits.slots).map { "\($0)" }) }

  /// The devices that the project file names.
  static var device: CompletionKind {
    .custom { _, _, _ in Settings.current.devices.keys.sorted() + ["coap://127.0.0.1:5683"] }
  }
}

/// Which device to talk to.
struct DeviceOptions: ParsableArguments {
  @Option(
    help: """
      The device: a coap:// address, or a name from the project file. Default: the setting 'device', else \
      \(DeviceOptions.defaultAddress).
      """, completion: .device)
  var device: String?

  static let defaultAddress = "coap://127.0.0.1:5683"

  /// Where the device is.
  func address() throws -> String {
    try Settings.current.address(of: device ?? Settings.current[.device] ?? Self.defaultAddress)
  }

  /// Asks the device, and closes the socket whatever happens.
  ///
  /// - Parameters:
  ///   - slot: the slot that this is about, for reports of what goes wrong.
  ///   - sources: finds the source lines of what the slot holds.
  ///   - isPatient: whether it says after two seconds that it waits.
  ///   - body: asks.
  /// - Returns: what `body` returns.
  /// - Throws: ``DeviceFailure`` for what the device refuses or does not answer; what `body` throws.
  func withClient<Result>(
    slot: Int? = nil, sources: SourceFinder = SourceFinder(), isPatient: Bool = true,
    _ body: (DeviceClient) async throws -> Result
  ) async throws -> Result {
    let url = try address()
    try checkThatSomebodyListens(url)
    let client = try await CoAPClient()
    let device = DeviceClient(url: url, client: client)
    let notice = Task {
      try await Task.sleep(for: .seconds(2))
      guard isPatient else { return }
      say("nothing from \(url) yet; it is asked for up to a minute and a half, Ctrl-C ends that")
    }
    // An answer takes as long as a deployment or a program does.
    let result: Swift.Result<Result, any Error>
    do {
      result = .success(try await body(device))
    } catch let error as DeviceError {
      var failure = DeviceFailure(error: error, device: url, slot: slot)
      if case .refused(let refusal) = error, let index = refusal.instruction, let slot {
        failure.source = await sources.line(index, ofSlot: slot, on: device)
        failure.lacksSource = failure.source == nil && sources.takesFile && sources.file == nil
      }
      result = .failure(failure)
    } catch {
      result = .failure(error)
    }
    notice.cancel()
    await client.close()
    return try result.get()
  }

  /// Of this machine one can know at once what would otherwise take the whole time-out.
  private func checkThatSomebodyListens(_ url: String) throws {
    guard let parts = URL(string: url), ["127.0.0.1", "localhost"].contains(parts.host() ?? "") else {
      return
    }
    guard let port = UInt16(exactly: parts.port ?? 5683), isFree(port: port) else { return }
    throw NobodyListens(url: url, port: port)
  }
}

/// No process of this machine uses the port.
struct NobodyListens: Complaining {
  let url: String
  let port: UInt16

  var complaint: Complaint {
    Complaint(
      .unreachable, "no device runs at \(url)",
      next: "start one with `microbpf emulate` or `microbpf device`, or name another one with --device"
    ).at("UDP port \(port) of this machine, which nobody listens on")
  }
}

/// Which slot of the device.
struct SlotOption: ParsableArguments {
  @Option(
    name: [.customShort("s"), .customLong("slot")],
    help: ArgumentHelp(
      "The program slot, counted from 0. Default: the setting 'slot', else 0.", valueName: "slot"),
    completion: .slot)
  var number: Int?

  var slot: Int { number ?? Settings.current[.slot].flatMap { Int($0) } ?? 0 }

  func validate() throws {
    if let number { try Self.validate(number) }
  }

  static func validate(_ slot: Int) throws {
    guard (0...9999).contains(slot) else {
      throw ValidationError("a slot's number is 0 or more, not \(slot)")
    }
  }
}

/// The key that signs.
struct KeyOption: ParsableArguments {
  @Option(
    help: "The private key, PEM. Default: the setting 'key', else the one that `microbpf keygen` made.",
    completion: .file(extensions: ["pem"]))
  var key: String?

  private var chosen: String? { key ?? Settings.current[.key] }

  static var defaultPath: String {
    homeFolder(environment: ProcessInfo.processInfo.environment)
      .appending(path: ".local/share/microbpf/key.pem").path
  }

  func read() throws -> SigningKey {
    let path = chosen ?? Self.defaultPath
    guard chosen != nil || FileManager.default.fileExists(atPath: path) else { throw NoKey(path: path) }
    return try KeyFile.readPrivateKey(at: path)
  }
}

/// There is no key where it is looked for.
struct NoKey: Complaining {
  let path: String
  var complaint: Complaint {
    Complaint(.input, "there is no key yet", next: "`microbpf keygen` makes one").at(path)
  }
}

/// For whom a manifest is, and as which number.
struct ManifestOptions: ParsableArguments {
  @Option(
    name: .customLong("vendor"),
    help: ArgumentHelp(
      """
      The domain that the vendor id is made from. Default: the setting 'vendor', else \(Signing.defaultVendor).
      """, valueName: "vendor"))
  var chosenVendor: String?

  var vendor: String { chosenVendor ?? Settings.current[.vendor] ?? Signing.defaultVendor }

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "The name that the class id is made from. Default: the setting 'class', else the device's board.",
      valueName: "class"))
  var chosenClass: String?

  var deviceClass: String? { chosenClass ?? Settings.current[.deviceClass] }

  @Option(help: "The sequence number. Default: one more than the slot's.")
  var sequence: UInt32?

  @Option(name: .customLong("manifest"), help: "The manifest's form: RIOT's, or the current draft's.")
  var form = ManifestForm.riot
}

extension ManifestForm: ExpressibleByArgument {}

/// How results are printed.
struct OutputOptions: ParsableArguments {
  @Flag(help: "Print the result as JSON.")
  var json = false

  init() {}

  init(json: Bool) {
    self.json = json
  }

  /// Prints `value` as JSON if that was asked for, else the text.
  func print(_ value: some Encodable, text: @autoclosure () -> String) throws {
    guard json else {
      Swift.print(text())
      return
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    Swift.print(String(decoding: try encoder.encode(value), as: UTF8.self))
  }
}
