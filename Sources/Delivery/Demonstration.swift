public import DeviceClient
import Foundation
public import ProgramImage
import Toolchain

/// One program of a demonstration: where it came from, what its way cost, what it did.
public struct DemonstrationRow: Codable, Sendable {
  public let program: String
  public let layout: String
  /// Bytes of the image.
  public let imageBytes: Int
  /// Datagrams between the device and the file server.
  public let packets: Int
  /// On the device's clock, from the request to the installed program.
  public let milliseconds: Int
  public let result: Int64
  public let expected: Int64
  /// eBPF instructions executed.
  public let instructions: Int
}

/// Takes examples the whole road, one after another: compile, link, sign, serve, pull, verify, run.
///
/// - Parameters:
///   - examples: the programs and the layouts of their images.
///   - device: where they run; its slots are filled from 0 on, and round again.
///   - signing: whose key signs.
///   - progress: called with each finished row.
/// - Returns: a row for each example, all with the results they should have.
/// - Throws: ``UnexpectedResult`` at the first that returns something else; whatever stops one on its way.
public func demonstrate(
  _ examples: [(example: Example, layout: ImageLayout)], on device: DeviceClient, signing: Signing,
  progress: (DemonstrationRow) -> Void
) async throws -> [DemonstrationRow] {
  let slots = try await device.description().slots
  var rows: [DemonstrationRow] = []
  for (index, (example, layout)) in examples.enumerated() {
    let image = try await build(example.path, layout: layout)
    let report = try await deliver(image: image, to: index % slots, of: device, signing: signing)
    let execution = try await device.run(index % slots)
    guard execution.result == example.expected else {
      throw UnexpectedResult(name: example.name, expected: example.expected, found: execution.result)
    }
    let row = DemonstrationRow(
      program: example.name, layout: "\(layout)", imageBytes: image.count, packets: report.serverPackets,
      milliseconds: report.installation.milliseconds, result: execution.result, expected: example.expected,
      instructions: execution.instructions)
    progress(row)
    rows.append(row)
  }
  return rows
}
