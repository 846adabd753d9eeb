import Delivery
import DeviceClient
import Foundation
import Platform
import TestSupport
import Testing
import Toolchain

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct Examples {
  static let folder = Board.root.appending(path: "Examples").path

  @Test
  func `every example does what its first line says, in every layout that holds it and in every engine`()
    async throws
  {
    let examples = try Example.all(in: Self.folder)
    #expect(examples.count > 50)
    let built = try await build(examples)
    try await Board.run(seed: 0) { _, device in
      for (index, example) in built.enumerated() {
        let rows = try await run(
          example, in: index % 5, of: device, signing: Signing(key: Board.key))
        #expect(rows.count >= 9, "\(example.example.name)")
        for row in rows where !row.isRight {
          Issue.record(
            "\(row.program) (\(row.layout), \(row.engine.rawValue)): \(row.outcome) instead of \(row.expected)"
          )
        }
      }
    }
  }

  @Test func `at least fifteen examples exist in both languages`() throws {
    let names = try Example.all(in: Self.folder).map(\.name)
    let twins = names.filter { $0.hasSuffix(".swift") && names.contains($0.replacing(".swift", with: ".c")) }
    #expect(twins.count >= 15)
  }

  @Test func `the weather station tells what it measures while one of its programs dies again and again`()
    async throws
  {
    try await Board.run(seed: 1) { _, device in
      let station = try await WeatherStation(
        from: "\(Self.folder)/weather-station", on: device, signing: Signing(key: Board.key)
      ) { _, _ in }
      var view = try await station.view()
      for _ in 0..<100 where view.compartments[3].restarts == 0 || view.display.isEmpty {
        try await Task.sleep(for: .milliseconds(200))
        view = try await station.view()
      }
      #expect(view.compartments[3].restarts > 0)
      #expect(view.compartments[3].ending == "trapped")
      #expect(view.compartments[0].restarts == 0 && view.compartments[0].ending == nil)
      #expect(view.compartments[1].restarts == 0 && view.compartments[1].ending == nil)
      let answer = try #require(view.answer)
      #expect(
        answer.wholeMatch(
          of: /\{"temperature": \d\d\.\d, "humidity": \d\d\.\d, "light": \d+, "sound": \d+\}/) != nil,
        "\(answer)")
      #expect(view.display.count == 2)
      #expect(["Temperature", "Humidity", "Light", "Sound"].contains { view.display[0].hasPrefix($0) })
      #expect(view.display[1].contains(/^-?\d+(\.\d)? (C|%|dB) *$/))
    }
  }
}
