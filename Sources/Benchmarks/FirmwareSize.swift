import Foundation

/// Flash and RAM of a firmware, in bytes, as `scripts/firmware-size` tells them.
public struct FirmwareSize: Codable, Equatable, Sendable {
  public struct Part: Codable, Equatable, Sendable {
    public let name: String
    public let flash, ram: Int

    public init(name: String, flash: Int, ram: Int) {
      self.name = name
      self.flash = flash
      self.ram = ram
    }
  }

  public let program: String
  public let parts: [Part]
  public let flash, ram: Int

  public init(program: String, parts: [Part], flash: Int, ram: Int) {
    self.program = program
    self.parts = parts
    self.flash = flash
    self.ram = ram
  }

  /// Measures the firmware that was built last; to be called in the project's folder.
  public static func measure() async throws -> FirmwareSize {
    let said = try await run("bash", ["scripts/firmware-size", "--json"])
    return try JSONDecoder().decode(Self.self, from: Data(said.utf8))
  }
}
