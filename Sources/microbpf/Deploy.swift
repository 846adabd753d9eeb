import ArgumentParser
import Delivery
import DeviceClient
import Foundation
import Toolchain

struct Deploy: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compile, link, sign and serve a program, and have the device install it.",
    discussion: """
      Takes a source file, an object file or an image. The device fetches it
      from this machine, which therefore has to be reachable from the device.

      Example:
        microbpf deploy Examples/fletcher16.c --slot 0
        microbpf deploy app.img --slot 2 --device coap://192.0.2.7 --key my.pem
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.")
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
    try await perform { [self] in
      let signing = Signing(
        key: try key.read(), vendor: manifest.vendor, deviceClass: manifest.deviceClass,
        sequenceNumber: manifest.sequence, form: manifest.form)
      let image = try await build(program, layout: layout.layout)
      let report: DeliveryReport
      do {
        report = try await device.withClient { device in
          try await showingProgress(of: device, isQuiet: output.json) {
            try await deliver(
              image: image, to: slot.slot, of: device, signing: signing, fileServerAddress: serveAddress)
          }
        }
      } catch DeviceError.refused(let refusal) where refusal.stage == .verifier {
        say("`microbpf verify \(program)` shows where and what to do")
        throw DeviceError.refused(refusal)
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

      Example:
        microbpf push Examples/fletcher16.c --slot 0 --device coap://192.0.2.7
      """)

  @Argument(help: "The program: .c, .swift, an object file or an image.")
  var program: String

  @OptionGroup var slot: SlotOption
  @OptionGroup var layout: LayoutOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var key: KeyOption
  @OptionGroup var manifest: ManifestOptions
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let signing = Signing(
        key: try key.read(), vendor: manifest.vendor, deviceClass: manifest.deviceClass,
        sequenceNumber: manifest.sequence, form: manifest.form)
      let image = try await build(program, layout: layout.layout)
      let installation = try await device.withClient { device in
        try await showingProgress(of: device, isQuiet: output.json) {
          try await push(image: image, to: slot.slot, of: device, signing: signing)
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
