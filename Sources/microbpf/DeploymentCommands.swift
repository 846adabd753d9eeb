import ArgumentParser
import CoAPTransport
import Delivery
import DeviceClient
import Foundation
import Toolchain

struct KeyGen: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keygen",
    abstract: "Make a key that signs deployments.",
    discussion: """
      Writes the private key, readable by you alone, and beside it the public \
      key with the ending .pub, which goes onto devices. An existing key is kept.

      Example: microbpf keygen
               microbpf keygen --output release.pem
      """)

  @Option(
    name: .shortAndLong,
    help: "The file of the private key. Default: .local/share/microbpf/key.pem in your home folder.",
    completion: .file(extensions: ["pem"]))
  var output: String?

  @OptionGroup var format: OutputOptions

  private struct Result: Encodable {
    let privateKey, publicKey: String
  }

  func run() async throws {
    try await perform { [self] in
      let output = output ?? KeyOption.defaultPath
      let key = SigningKey()
      try FileManager.default.createDirectory(
        at: URL(filePath: output).deletingLastPathComponent(), withIntermediateDirectories: true)
      try KeyFile.write(key, to: output)
      try KeyFile.write(key.publicKey, to: output + ".pub")
      try format.print(
        Result(privateKey: output, publicKey: "\(output).pub"),
        text: "private key  \(output)\npublic key   \(output).pub")
    }
  }
}

struct Sign: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make the signed manifest that installs an image.",
    discussion: """
      Example: microbpf sign app.img --slot 1 --class mps2-an386 --sequence 7 \\
                 --uri coap://192.0.2.1/app.img --output manifest.suit
      """)

  @Argument(help: "The image.", completion: .file())
  var image: String

  @OptionGroup var slot: SlotOption
  @OptionGroup var key: KeyOption
  @OptionGroup var manifest: ManifestOptions

  @Option(help: "Where the device will fetch the image: coap:// with an IP address.")
  var uri: String

  @Option(name: .shortAndLong, help: "The envelope to write.")
  var output: String

  @OptionGroup var format: OutputOptions

  private struct Result: Encodable {
    let envelope: String
    let bytes: Int
    let sequence: UInt32
    let slot: Int
  }

  func validate() throws {
    guard manifest.deviceClass != nil else {
      throw ValidationError(
        "--class is needed: no device is asked when only signing; `microbpf info` shows the device's board")
    }
    guard uri.utf8.count <= 127 else {
      throw ValidationError("--uri has \(uri.utf8.count) bytes, and devices keep no more than 127")
    }
  }

  func run() async throws {
    try await perform(on: image) { [self] in
      let content = try Array(Data(contentsOf: URL(filePath: image)))
      let signing = Signing(key: try key.read(), vendor: manifest.vendor, form: manifest.form)
      // Seconds rise faster than anyone deploys, so the default exceeds what the slot has seen.
      let sequence = manifest.sequence ?? UInt32(clamping: Int(Date().timeIntervalSince1970))
      let envelope = try signing.envelope(
        for: content, at: uri, slot: slot.slot, sequenceNumber: sequence,
        deviceClass: manifest.deviceClass ?? "")
      try Data(envelope).write(to: URL(filePath: output))
      try format.print(
        Result(envelope: output, bytes: envelope.count, sequence: sequence, slot: slot.slot),
        text: "\(output): \(envelope.count) bytes, sequence number \(sequence), for slot \(slot.slot)")
    }
  }
}

struct Serve: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Serve a folder over CoAP until interrupted.",
    discussion: """
      For `microbpf pull`: devices fetch manifests and images from here.

      Example: microbpf serve ./deployments --port 5700
      """)

  @Argument(
    help: "The folder; its files are readable by everyone who reaches the port.", completion: .directory)
  var directory: String

  @Option(help: "The UDP port; 0 takes a free one.")
  var port: UInt16 = 5683

  func run() async throws {
    try await perform { [self] in
      let server = try await CoAPFileServer(directory: directory, port: port)
      tell("serving \(directory) on UDP port \(server.port); stop with Ctrl-C")
      await untilCancelled()
      await server.close()
    }
  }
}

/// Waits for the task's cancellation, which is how signals arrive.
func untilCancelled() async {
  while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
}

struct Pull: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Have the device install what the manifest at a URL describes.",
    discussion: """
      The manifest is one that `microbpf sign` made.

      Example: microbpf pull coap://192.0.2.1/manifest.suit --device coap://192.0.2.7
      """)

  @Argument(help: "The manifest's URL, as the device reaches it.")
  var url: String

  @OptionGroup var device: DeviceOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let installation = try await device.withClient { device in
        try await withProgress("waiting for \(device.url) to install it", of: device) {
          try await device.install(manifest: url)
        }
      }
      try output.print(
        installation,
        text:
          "slot \(installation.slot) holds \(installation.size) bytes, sequence number \(installation.sequence) "
          + "(\(installation.packets) packets, \(installation.milliseconds) ms)")
    }
  }
}
