public import DeviceClient
import Foundation
public import ProgramImage
import Toolchain

/// One program of a demonstration: where it came from, what its way cost, what it did.
public struct DemonstrationRow: Codable, Sendable {
  public let program: String
  public let layout: String
  public let engine: Engine
  /// Bytes of the image.
  public let imageBytes: Int
  /// Datagrams between the device and the file server.
  public let packets: Int
  /// On the device's clock, from the request to the installed program.
  public let milliseconds: Int
  /// Bytes of code that the device compiled; `nil` for the interpreter.
  public let codeBytes: Int?
  public let result: Int64
  public let expected: Int64
  /// eBPF instructions executed; `nil` for compiled programs.
  public let instructions: Int?
  /// The run on the device's clock.
  public let microseconds: Int
}

/// Takes examples the whole road, one after another: compile, link, sign, serve, pull, verify, run. Where the device can, it
/// also compiles and runs each once more.
///
/// - Parameters:
///   - examples: the programs and the layouts of their images; only those that return a number are taken.
///   - device: where they run; its slots are filled from 0 on, and round again.
///   - signing: whose key signs.
///   - progress: called with each finished row.
/// - Returns: a row for each example and engine, all with the results they should have.
/// - Throws: ``UnexpectedResult`` at the first that returns something else; whatever stops one on its way.
public func demonstrate(
  _ examples: [(example: Example, layout: ImageLayout)], on device: DeviceClient, signing: Signing,
  progress: (DemonstrationRow) -> Void
) async throws -> [DemonstrationRow] {
  let description = try await device.description()
  let engines = description.codeRegionBytes == 0 ? [Engine.interpreter] : Engine.allCases
  var rows: [DemonstrationRow] = []
  for (index, (example, layout)) in examples.enumerated() {
    guard case .result(let expected) = example.expectation else { continue }
    let image = try await build(example.path, layout: layout)
    for engine in engines {
      // The program is brought anew, so that both start with an empty store.
      let slot = index % description.slots
      let report = try await deliver(image: image, to: slot, of: device, signing: signing)
      let codeBytes = engine == .jit ? try await device.compile(slot).codeBytes : nil
      let execution = try await device.run(slot, engine: engine)
      guard execution.result == expected else {
        throw UnexpectedResult(name: example.name, expected: "\(expected)", found: "\(execution.result)")
      }
      let row = DemonstrationRow(
        program: example.name, layout: "\(layout)", engine: engine, imageBytes: image.count,
        packets: report.serverPackets, milliseconds: report.installation.milliseconds, codeBytes: codeBytes,
        result: execution.result, expected: expected, instructions: execution.instructions,
        microseconds: execution.microseconds)
      progress(row)
      rows.append(row)
    }
  }
  return rows
}
