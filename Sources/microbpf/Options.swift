import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Foundation
import SUIT
import Toolchain

/// Which device to talk to.
struct DeviceOptions: ParsableArguments {
  @Option(help: "The device's address. Default: $MICROBPF_DEVICE, else coap://127.0.0.1:5683.")
  var device: String?

  /// Asks the device, and closes the socket whatever happens.
  ///
  /// - Parameters:
  ///   - isPatient: whether it says after two seconds that it waits.
  ///   - body: what asks.
  /// - Returns: what `body` returns.
  /// - Throws: what `body` throws.
  func withClient<Result>(
    isPatient: Bool = true, _ body: (DeviceClient) async throws -> Result
  ) async throws -> Result {
    let url = device ?? ProcessInfo.processInfo.environment["MICROBPF_DEVICE"] ?? "coap://127.0.0.1:5683"
    let client = try await CoAPClient()
    let notice = Task {
      try await Task.sleep(for: .seconds(2))
      guard isPatient else { return }
      say("waiting for \(url); Ctrl-C gives up")
    }
    defer { notice.cancel() }
    do {
      let result = try await body(DeviceClient(url: url, client: client))
      await client.close()
      return result
    } catch {
      await client.close()
      throw error
    }
  }
}

/// Which slot of the device.
struct SlotOption: ParsableArguments {
  @Option(name: .shortAndLong, help: "The program slot, counted from 0.")
  var slot = 0

  func validate() throws { try Self.validate(slot) }

  static func validate(_ slot: Int) throws {
    guard (0...9999).contains(slot) else {
      throw ValidationError("a slot's number is 0 or more, not \(slot)")
    }
  }
}

/// The key that signs.
struct KeyOption: ParsableArguments {
  @Option(help: "The private key, PEM. Default: the one that `microbpf keygen` made.")
  var key: String?

  var path: String { key ?? Self.defaultPath }

  static var defaultPath: String {
    FileManager.default.homeDirectoryForCurrentUser.appending(path: ".local/share/microbpf/key.pem").path
  }

  func read() throws -> SigningKey {
    guard key != nil || FileManager.default.fileExists(atPath: path) else { throw NoKey(path: path) }
    return try KeyFile.readPrivateKey(at: path)
  }
}

/// There is no key where it is looked for.
struct NoKey: Error, CustomStringConvertible {
  let path: String
  var description: String { "\(path): there is no key yet; `microbpf keygen` makes one" }
}

/// For whom a manifest is, and as which number.
struct ManifestOptions: ParsableArguments {
  @Option(help: "The domain that the vendor id is made from.")
  var vendor = Signing.defaultVendor

  @Option(
    name: .customLong("class"), help: "The name that the class id is made from. Default: the device's board.")
  var deviceClass: String?

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
