import ArgumentParser
import Delivery
import DeviceClient
import CoAPTransport
import Emulator
import Foundation
import Platform
import Toolchain
import VirtualDevice

/// Who a device started here is, and whom it trusts.
struct IdentityOptions: ParsableArguments {
  @Option(
    help: """
      A public key the device shall trust; may be given several times. Default: the setting 'trust', else that of \
      `microbpf keygen`.
      """, completion: .file(extensions: ["pub", "pem"]))
  var trust: [String] = []

  @Option(
    name: .customLong("vendor"),
    help: ArgumentHelp(
      """
      The domain that the vendor id is made from. Default: the setting 'vendor', else \(Signing.defaultVendor).
      """, valueName: "vendor"))
  var chosenVendor: String?

  @Option(
    name: .customLong("class"),
    help: ArgumentHelp(
      "The name that the class id is made from. Default: the setting 'class', else the board's name.",
      valueName: "class"))
  var chosenClass: String?

  @Option(help: "The serial number.")
  var serial: UInt64 = 1

  /// The block that provisions a board of this name.
  func provisioning(board: String) throws -> Provisioning {
    var paths = trust.isEmpty ? [Settings.current[.trust]].compactMap(\.self) : trust
    if paths.isEmpty {
      let path = KeyOption.defaultPath + ".pub"
      guard FileManager.default.fileExists(atPath: path) else { throw NoKey(path: path) }
      paths = [path]
    }
    return try makeProvisioning(
      trusting: paths.map { try KeyFile.readPublicKey(at: $0) },
      vendor: chosenVendor ?? Settings.current[.vendor] ?? Signing.defaultVendor,
      deviceClass: chosenClass ?? Settings.current[.deviceClass] ?? board, serial: serial)
  }
}

extension BoardMachine: ExpressibleByArgument {}

/// Which machine to emulate.
struct MachineOption: ParsableArguments {
  @Option(
    name: .customLong("machine"),
    help: ArgumentHelp(
      "QEMU's name of the machine. Default: the setting 'machine', else \(BoardMachine.an386.rawValue).",
      valueName: "machine"))
  var chosen: BoardMachine?

  var machine: BoardMachine {
    chosen ?? Settings.current[.machine].flatMap(BoardMachine.init(rawValue:)) ?? .an386
  }
}

/// What runs on it.
struct FirmwareOption: ParsableArguments {
  @Option(
    name: .customLong("firmware"),
    help: ArgumentHelp(
      """
      The firmware, an ELF file. Default: the setting 'firmware', else what `make firmware` builds in this folder.
      """, valueName: "firmware"), completion: .file())
  var chosen: String?

  /// The firmware of boards of a kind.
  func path(for machine: BoardMachine) -> String {
    chosen ?? Settings.current[.firmware] ?? machine.defaultFirmware
  }
}

struct Emulate: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Start an emulated board, show its console, and stop it on Ctrl-C.",
    discussion: """
      Lines that are typed go to the board's console; `help` lists what it understands.

      The board is QEMU's MPS2 with a Cortex-M4, or with a Cortex-M7 (mps2-an500), running the firmware that \
      `make firmware` builds, or with a Cortex-M3 (mps2-an385), running that of `make firmware-cortex-m3`. To \
      manifests it is mps2-an386 in any case.

      Example: microbpf emulate
               microbpf emulate --machine mps2-an500
               microbpf emulate --port 5690 --trust release.pem.pub
               microbpf emulate --capture board.pcap
               microbpf emulate --flash board.flash     # keeps its slots in this file
      """)

  @OptionGroup var machine: MachineOption

  @Option(
    help:
      "The UDP port of this machine that leads to the board. Default: 5683, or a free one if that is taken.")
  var port: UInt16?

  @OptionGroup var firmware: FirmwareOption

  @Option(help: "Write the frames of the board's Ethernet to this file, in the format of libpcap.")
  var capture: String?

  @Option(
    help:
      "The file that is the board's flash, where its slots outlive a restart. Default: one that goes away with it."
  )
  var flash: String?

  @Flag(help: "Let the board's clock count instructions: each takes a nanosecond.")
  var countInstructions = false

  @OptionGroup var identity: IdentityOptions

  func run() async throws {
    try await perform { [self] in
      var configuration = BoardConfiguration(
        firmware: firmware.path(for: machine.machine),
        provisioning: try identity.provisioning(board: "mps2-an386").block)
      configuration.machine = machine.machine
      configuration.countsInstructions = countInstructions
      configuration.capture = capture
      configuration.flash = flash
      configuration.restarts = true
      configuration.port = port ?? (isFree(port: 5683) ? 5683 : nil)
      try await withEmulatedBoard(configuration, console: tell) { board in
        tell("the board answers at \(board.url); stop it with Ctrl-C")
        // In the background of a terminal, reading there would stop this process.
        if isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) == getpgrp() { passOnTyping(to: board) }
        await untilCancelled()
      }
    }
  }
}

/// Types at the board's console what is typed at this terminal, a line at a time.
private func passOnTyping(to board: EmulatedBoard) {
  Thread.detachNewThread {
    while let line = readLine() {
      Task { try? await board.type(line + "\n") }
    }
  }
}

struct Device: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a device as a process of this machine, until interrupted.",
    discussion: """
      The same server as on the boards, without an emulator: for trying things \
      out and for tests.

      Example: microbpf device --port 5684
               microbpf device --flash device.flash     # keeps its slots in this file
      """)

  @Option(help: "The UDP port; 0 takes a free one.")
  var port: UInt16 = 5683

  @Option(help: "The file in which the slots outlive a restart. Default: none.")
  var flash: String?

  @OptionGroup var identity: IdentityOptions

  func run() async throws {
    try await perform { [self] in
      let flash = try flash.map { try FileFlash(path: $0) }
      let device = try await VirtualDevice(
        port: port, provisioning: try identity.provisioning(board: "linux"), flash: flash
      ) {
        FileHandle.standardOutput.write(Data($0))
      }
      tell("the device answers at coap://127.0.0.1:\(device.port); stop it with Ctrl-C")
      await untilCancelled()
      await device.close()
    }
  }
}
