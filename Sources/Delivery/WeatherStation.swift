public import DeviceClient
import Foundation
import Toolchain

/// The weather station of the examples: four programs that a board runs side by side, each in a slot of its own.
public struct WeatherStation: Sendable {
  /// One of its programs, and where it runs.
  public struct Part: Sendable {
    public let file: String
    public let slot: Int
    let restart: Restart?

    public var name: String { URL(filePath: file).deletingPathExtension().lastPathComponent }
  }

  public static let parts = [
    Part(file: "sensors.c", slot: 0, restart: .onFailure),
    Part(file: "display.c", slot: 1, restart: .onFailure),
    // Runs when somebody asks.
    Part(file: "query.c", slot: 2, restart: nil),
    // Goes wrong now and then.
    Part(file: "trend.c", slot: 3, restart: .onFailure),
  ]

  private static let querySlot = 2

  private let device: DeviceClient

  /// Compiles and deploys the programs, and starts those that run on.
  ///
  /// - Parameters:
  ///   - folder: where their sources are.
  ///   - device: where they shall run, in its slots 0 to 3.
  ///   - signing: whose key signs.
  ///   - progress: called with each that has been deployed.
  /// - Throws: ``DeviceError`` when the device refuses, with its reason; ``CompileError`` and ``LinkError``.
  public init(
    from folder: String, on device: DeviceClient, signing: Signing, progress: (Part, DeliveryReport) -> Void
  ) async throws {
    for part in Self.parts {
      let image = try await build("\(folder)/\(part.file)")
      let report = try await deliver(image: image, to: part.slot, of: device, signing: signing)
      if let restart = part.restart { _ = try await device.start(part.slot, restart: restart) }
      progress(part, report)
    }
    self.device = device
  }

  /// What the station shows at a time.
  public struct View: Codable, Sendable {
    /// Seconds since the board started.
    public let seconds: Int
    /// What the query program answers; `nil` when it does not.
    public let answer: String?
    public let display: [String]
    /// What runs in each slot, in the order of the parts.
    public let compartments: [InstanceDescription]
    /// The last line that each part has printed, in their order.
    public let lastLines: [String]
  }

  /// What the query program answers; `nil` when it has gone wrong.
  private func answer() async throws -> String? {
    do {
      let response = try await device.request(.get, Self.querySlot)
      return String(decoding: response.body, as: UTF8.self)
    } catch DeviceError.refused {
      return nil
    }
  }

  /// Asks the board how things are.
  public func view() async throws -> View {
    let answer = try await answer()
    let display = try await device.peripherals().display
    var compartments: [InstanceDescription] = []
    var lastLines: [String] = []
    for part in Self.parts {
      compartments.append(try await device.instance(part.slot))
      let log = String(decoding: try await device.log(of: part.slot), as: UTF8.self)
      lastLines.append(log.split(separator: "\n").last.map { String($0) } ?? "")
    }
    return View(
      seconds: Int(try await device.description().uptime / 1000), answer: answer, display: display,
      compartments: compartments, lastLines: lastLines)
  }
}
