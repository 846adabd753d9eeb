import Delivery
public import Emulator
import Platform
public import Toolchain
import VirtualDevice

/// What a trial is made on. Its boards trust a key that is made for the trial.
public struct TrialBoard: Sendable {
  public enum Kind: String, CaseIterable, Codable, Sendable {
    /// The firmware on an emulated board.
    case qemu
    /// A device in this process.
    case linux
  }

  public let kind: Kind
  /// The firmware of emulated boards, an ELF file.
  public let firmware: String
  /// What emulated boards are.
  public let machine: BoardMachine
  public let key = SigningKey()

  public init(_ kind: Kind, firmware: String? = nil, machine: BoardMachine = .an386) {
    self.kind = kind
    self.firmware = firmware ?? machine.defaultFirmware
    self.machine = machine
  }

  /// Starts a board, runs `body`, and stops the board whatever happens.
  ///
  /// - Parameters:
  ///   - flash: the file that keeps its slots; `nil` for an empty one that goes away.
  ///   - body: gets the UDP port of this machine that is the board's, and what cuts the power of an emulated one.
  /// - Returns: what `body` returns.
  /// - Throws: what starting the board throws, or `body`.
  public func run<Result: Sendable>(
    flash: String? = nil,
    _ body:
      @escaping @Sendable (_ port: UInt16, _ cutPower: @escaping @Sendable () -> Void) async throws -> Result
  ) async throws -> Result {
    switch kind {
    case .qemu:
      var configuration = BoardConfiguration(
        firmware: firmware, provisioning: try provisioning(of: "mps2-an386").block)
      configuration.flash = flash
      configuration.machine = machine
      return try await withEmulatedBoard(configuration) { board in
        try await body(board.port) { board.cutPower() }
      }
    case .linux:
      let device = try await VirtualDevice(
        host: "127.0.0.1", port: 0, provisioning: try provisioning(of: "linux"),
        flash: try flash.map { try FileFlash(path: $0) }
      ) { _ in }
      do {
        let result = try await body(device.port) {}
        await device.close()
        return result
      } catch {
        await device.close()
        throw error
      }
    }
  }

  private func provisioning(of board: String) throws -> Provisioning {
    try makeProvisioning(
      trusting: [key.publicKey], vendor: Signing.defaultVendor, deviceClass: board, serial: 1)
  }
}
