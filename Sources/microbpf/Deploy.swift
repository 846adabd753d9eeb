import ArgumentParser
import Delivery
import DeviceClient
import Foundation
import Toolchain

struct Deploy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compile, link, sign and serve a program, and have the device install it.",
    discussion: """
      Takes a source file, an object file or an image. The device fetches it \
      from this machine, which therefore has to be reachable from the device.

      Example: microbpf deploy Examples/fletcher16.c --slot 0
               microbpf deploy app.img --slot 2 --device coap://192.0.2.7 --key my.pem
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.", completion: .program)
  var program: String

  @OptionGroup var slot: SlotOption
  @OptionGroup var layout: LayoutOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var key: KeyOption
  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var output: OutputOptions

  @Option(help: "This machine's address as the device reaches it. Default: the one it sees.")
  var serveAddress: String?

  func run() async throws {
    try await perform(on: program) { [self] in
      let signing = Signing(
        key: try key.read(), vendor: manifest.vendor, deviceClass: manifest.deviceClass,
        sequenceNumber: manifest.sequence, form: manifest.form)
      let (image, source) = try await buildForDevice(program, layout: layout.layout)
      let report = try await explainingRefusal(of: program) {
        try await device.withClient(slot: slot.slot, sources: SourceFinder(built: source)) { device in
          try await withProgress("deploying \(program) to \(device.url)", of: device) {
            try await deliver(
              image: image, to: slot.slot, of: device, signing: signing, fileServerAddress: serveAddress)
          }
        }
      }
      let installation = report.installation
      try output.print(
        report,
        text:
          "slot \(installation.slot) holds \(installation.size) bytes, sequence number \(installation.sequence) "
          + "(\(report.serverPackets) packets, \(installation.milliseconds) ms)")
    }
  }
}

struct Push: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compile, link and sign a program, and send it to the device with its manifest.",
    discussion: """
      Like deploy, but the device does not have to reach this machine.

      Example: microbpf push Examples/fletcher16.c --slot 0 --device coap://192.0.2.7
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.", completion: .program)
  var program: String

  @OptionGroup var slot: SlotOption
  @OptionGroup var layout: LayoutOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var key: KeyOption
  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform(on: program) { [self] in
      let signing = Signing(
        key: try key.read(), vendor: manifest.vendor, deviceClass: manifest.deviceClass,
        sequenceNumber: manifest.sequence, form: manifest.form)
      let (image, source) = try await buildForDevice(program, layout: layout.layout)
      let installation = try await explainingRefusal(of: program) {
        try await device.withClient(slot: slot.slot, sources: SourceFinder(built: source)) { device in
          try await withProgress("sending \(program) to \(device.url)") { progress in
            try await push(image: image, to: slot.slot, of: device, signing: signing) {
              progress.advance($0, of: $1)
            }
          }
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

/// Says where to read more when the verifier of a device refuses a program.
private func explainingRefusal<Result>(
  of program: String, _ body: () async throws -> Result
) async throws -> Result {
  do {
    return try await body()
  } catch let failure as DeviceFailure {
    var complaint = Complaint(failure)
    if case .refused(let refusal) = failure.error, refusal.stage == .verifier {
      complaint.next.append("`microbpf verify \(program)` shows what leads there")
    }
    throw complaint
  }
}
