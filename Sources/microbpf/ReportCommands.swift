import ArgumentParser
import DeviceClient
import Foundation
import Toolchain

/// What runs in a slot, or ran there last, and the source line at which it was stopped.
struct InstanceReport: Encodable {
  let instance: InstanceDescription
  let source: SourceLine?

  private enum CodingKeys: CodingKey {
    case source
  }

  func encode(to encoder: any Encoder) throws {
    try instance.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(source, forKey: .source)
  }

  /// What stopped the program, with its place in the source; `nil` when nothing did.
  var explanation: String? {
    guard let stop = instance.stop else { return nil }
    let complaint = Complaint(stop, source: source?.description)
    let plain = Terminal(isTerminal: false, environment: [:])
    return (["slot \(instance.slot): \(complaint.what)"] + complaint.explanation(on: plain))
      .joined(separator: "\n")
  }
}

struct ProcessStatus: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ps",
    abstract: "Show what runs in the device's slots, and how what ran there ended.",
    discussion: """
      Of a program that was stopped the report names the source line, if it was built on this machine.

      Example: microbpf ps
               microbpf ps --json
      """)

  @OptionGroup var device: DeviceOptions
  @OptionGroup var source: SourceOption
  @OptionGroup var output: OutputOptions

  func run() async throws {
    try await perform { [self] in
      let reports = try await device.withClient { device in
        var reports: [InstanceReport] = []
        for instance in try await device.instances() {
          reports.append(await source.finder.report(on: instance, of: device))
        }
        return reports
      }
      let rows = reports.map(\.instance).map { it in
        [
          "\(it.slot)", it.state, it.model, it.engine, "\(it.starts)", "\(it.restarts)", "\(it.milliseconds)",
          it.instructions.map { "\($0)" } ?? "", it.endingSentence,
        ]
      }
      let table = Table(
        header: [
          "slot", "state", "model", "engine", "starts", "restarts", "ms used", "instructions", "last ending",
        ],
        rows: rows)
      try output.print(
        reports, text: ([table.text] + reports.compactMap(\.explanation)).joined(separator: "\n\n"))
    }
  }
}

extension SourceFinder {
  /// What runs in a slot, or how and where it ended.
  func report(on instance: InstanceDescription, of device: DeviceClient) async -> InstanceReport {
    guard instance.stop != nil, let index = instance.index else {
      return InstanceReport(instance: instance, source: nil)
    }
    return InstanceReport(
      instance: instance, source: await line(index, ofSlot: instance.slot, on: device))
  }
}

struct Logs: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what a slot's program printed last.",
    discussion: """
      If the program was stopped, the reason follows on the standard error. With --follow the
      device tells what is printed when it is, and how much was overwritten or dropped before it
      could be told.

      Example: microbpf logs --slot 1
               microbpf logs --slot 1 --follow
               microbpf logs --slot 1 --follow --json
      """)

  @OptionGroup var slot: SlotOption
  @OptionGroup var device: DeviceOptions
  @OptionGroup var source: SourceOption

  @Flag(name: .shortAndLong, help: "Go on showing what is printed, until Ctrl-C.")
  var follow = false

  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let slot: Int
    let text: String
    let instance: InstanceReport
  }

  /// A line of JSON for what has come.
  private struct Line: Encodable {
    let slot: Int
    let text: String
    let lost: Int
    let dropped: Int
  }

  func run() async throws {
    try await perform { [self] in
      try await device.withClient(slot: slot.slot) { device in
        guard follow else { return try await showOnce(device) }
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try await showText(device) }
          group.addTask { try await explainEndings(device) }
          try await group.waitForAll()
        }
      }
    }
  }

  // A device has a few places for those who want to be told of changes. As long as all are taken, it is asked.

  private func showText(_ device: DeviceClient) async throws {
    var shown = LogFollower()
    while true {
      for try await log in device.followLog(of: slot.slot) {
        let news = shown.news(in: log)
        guard !news.text.isEmpty || news.lost > 0 || news.dropped > 0 else { continue }
        if output.json {
          let text = String(decoding: news.text, as: UTF8.self)
          try output.print(
            Line(slot: slot.slot, text: text, lost: news.lost, dropped: news.dropped), text: "")
          fflush(nil)
          continue
        }
        if news.lost > 0 { say("\(news.lost) bytes were overwritten before they could be shown") }
        FileHandle.standardOutput.write(Data(news.text))
        if news.dropped > 0 { say("\(news.dropped) bytes were not printed, being too many for a second") }
      }
      try await Task.sleep(for: .milliseconds(250))
    }
  }

  private func explainEndings(_ device: DeviceClient) async throws {
    var told: String?
    while true {
      for try await instance in device.followInstance(slot.slot) {
        let explanation = await source.finder.report(on: instance, of: device).explanation
        if let explanation, explanation != told { say(explanation) }
        told = explanation
      }
      try await Task.sleep(for: .milliseconds(250))
    }
  }

  private func showOnce(_ device: DeviceClient) async throws {
    let log = try await device.log(of: slot.slot)
    let report = await source.finder.report(on: try await device.instance(slot.slot), of: device)
    if output.json {
      return try output.print(
        Result(slot: slot.slot, text: String(decoding: log, as: UTF8.self), instance: report), text: "")
    }
    FileHandle.standardOutput.write(Data(log))
    if let explanation = report.explanation { say(explanation) }
  }
}
