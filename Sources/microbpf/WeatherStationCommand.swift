import ArgumentParser
import Delivery
import DeviceClient
import Foundation

struct RunWeatherStation: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "weather-station",
    abstract: "Deploy the weather station to an emulated board and watch it.",
    discussion: """
      Four programs in compartments of their own: one reads the sensors, one writes the display, one answers requests, and \
      one has a bug, of which it alone dies. Ctrl-C ends it.

      Example: microbpf weather-station
               microbpf weather-station --for 20 --json
      """)

  @OptionGroup var board: ScratchBoardOptions

  @Option(help: "The folder of the station's programs.")
  var folder = "Examples/weather-station"

  @Option(name: .customLong("for"), help: "End after so many seconds.")
  var seconds: Int?

  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...86_400).contains(seconds ?? 1) else {
      throw ValidationError("--for takes 1 to 86400 seconds")
    }
  }

  func run() async throws {
    try await perform { [self] in
      say("booting \(board.image) on QEMU's \(board.machine.machine.rawValue)")
      // The scripted course: a day of two minutes.
      try await board.withBoard(seed: 1) { device, signing in
        let station = try await WeatherStation(from: folder, on: device, signing: signing) { part, report in
          say("slot \(part.slot): \(part.name), \(report.installation.size) bytes")
        }
        let screen = LiveScreen(isTerminal: !output.json && isatty(STDOUT_FILENO) != 0)
        let end = ContinuousClock.now + .seconds(seconds ?? 86_400)
        repeat {
          try await Task.sleep(for: .seconds(1))
          let view = try await station.view()
          if output.json { try output.print(view, text: "") } else { screen.show(Self.text(view)) }
        } while ContinuousClock.now < end || seconds == nil
      }
    }
  }

  private static func text(_ view: WeatherStation.View) -> String {
    let edge = "+" + String(repeating: "-", count: 18) + "+"
    let display = view.display.isEmpty ? ["(dark)          "] : view.display
    let rows = zip(zip(WeatherStation.parts, view.compartments), view.lastLines).map { pair, line in
      let (part, instance) = pair
      return [
        "\(part.slot)", part.name, instance.state, "\(instance.starts)", "\(instance.restarts)",
        instance.endingSentence, line,
      ]
    }
    let table = Table(
      header: ["slot", "program", "state", "starts", "restarts", "last ending", "prints"], rows: rows)
    return """
      Weather station, \(view.seconds) s

      readings  \(view.answer ?? "the query program does not answer")
      display   \(edge)
      \(display.map { "          | \($0) |" }.joined(separator: "\n"))
                \(edge)

      \(table.text)
      """
  }
}

/// Shows a text in place of the one before, or below it where there is no terminal.
private struct LiveScreen {
  let isTerminal: Bool

  func show(_ text: String) {
    tell(isTerminal ? "\u{1b}[H\u{1b}[2J" + text : text + "\n")
  }
}
