import ArgumentParser
import Emulator
import Endurance
import FaultNetwork
import Foundation

extension TrialBoard.Kind: ExpressibleByArgument {}

/// What to make a trial on.
struct TrialBoardOptions: ParsableArguments {
  @Option(help: "qemu is the firmware on an emulated board, linux a device in this process.")
  var board = TrialBoard.Kind.qemu

  @OptionGroup var firmware: FirmwareOption

  @OptionGroup var machine: MachineOption

  var trialBoard: TrialBoard {
    TrialBoard(board, firmware: firmware.path(for: machine.machine), machine: machine.machine)
  }
}

struct Faults: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Deploy over bad networks and look what the devices hold afterwards.",
    discussion: """
      Between client and device, and between device and file server, datagrams are dropped, delayed, doubled, reordered and \
      changed; the seed decides which. Each deployment has to end installed or untouched.

      Example: microbpf faults --seeds 200 --loss 20
               microbpf faults --seeds 100 --loss 10 --power-cuts 50
               microbpf faults --seed 4711 --seeds 1 --board linux
      """)

  @Option(help: "How many deployments, each with a seed of its own.")
  var seeds = 200

  @Option(help: "The first seed; the next deployment has the one behind it.")
  var seed: UInt64 = 1

  @Option(help: "How many percent of the datagrams are lost, in each direction.")
  var loss: UInt32 = 20

  @Option(help: "How many percent of the datagrams arrive with a changed byte, in each direction.")
  var corruption = FaultCampaign.rates(loss: 0).corruption

  @Option(help: "During how many percent of the deployments the board's power is cut.")
  var powerCuts: UInt32 = 0

  @Option(help: "How many devices there are side by side.")
  var boards = 16

  @OptionGroup var board: TrialBoardOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...100_000).contains(seeds) else { throw ValidationError("--seeds is 1 to 100000") }
    guard (0...100).contains(loss), (0...100).contains(corruption) else {
      throw ValidationError("--loss and --corruption are percentages")
    }
    guard (0...100).contains(powerCuts), powerCuts == 0 || board.board == .qemu else {
      throw ValidationError("--power-cuts is a percentage, and only emulated boards have power")
    }
    guard (1...64).contains(boards) else { throw ValidationError("--boards is 1 to 64") }
    guard seed <= .max - UInt64(seeds) else { throw ValidationError("--seed is too large") }
  }

  func run() async throws {
    try await perform { [self] in
      var rates = FaultCampaign.rates(loss: loss)
      rates.corruption = corruption
      var campaign = FaultCampaign(board: board.trialBoard, rates: rates, firstSeed: seed, count: seeds)
      campaign.boards = boards
      campaign.powerCuts = powerCuts
      let isJSON = output.json
      let report = try await withProgress("deploying over \(seeds) networks") { progress in
        try await campaign.run { trial in
          progress.clear()
          if !isJSON { tell(trial.line) }
        }
      }
      let faults = report.faults
      let numbers = [
        ["installed", "\(report.installed)"], ["untouched", "\(report.untouched)"],
        ["median time, ms", "\(report.medianMilliseconds)"],
        ["median datagrams", "\(report.medianDatagrams)"], ["datagrams", "\(faults.datagrams)"],
        ["dropped", "\(faults.dropped)"], ["delayed", "\(faults.delayed)"],
        ["doubled", "\(faults.duplicated)"],
        ["reordered", "\(faults.reordered)"], ["changed", "\(faults.corrupted)"],
      ]
      try output.print(
        report, text: "\n" + Table(header: ["what", "number"], rows: numbers).text + "\n" + report.summary)
      guard report.sound == report.trials.count else { throw ExitCode.failure }
    }
  }
}

extension DeploymentTrial {
  fileprivate var line: String {
    let restart = wasRestarted ? ", restarted" : ""
    return "seed \(seed): \(outcome.rawValue)\(restart), the client was told: \(told) "
      + "(\(milliseconds) ms, \(faults.datagrams) datagrams)"
  }
}

struct Load: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Run a program very often on one board, and check each result.",
    discussion: """
      First one client asks, then several at once. No answer may be lost or wrong, and the board's heap may not grow.

      Example: microbpf load --count 10000 --clients 8
      """)

  @Option(help: "How many executions by one client, and then by all of them.")
  var count = 10_000

  @Option(help: "How many clients ask at once.")
  var clients = 8

  @OptionGroup var board: TrialBoardOptions
  @OptionGroup var output: OutputOptions

  func validate() throws {
    guard (1...10_000_000).contains(count) else { throw ValidationError("--count is 1 to 10000000") }
    guard (1...64).contains(clients) else { throw ValidationError("--clients is 1 to 64") }
  }

  func run() async throws {
    try await perform { [self] in
      let report = try await withProgress("executing") { progress in
        try await LoadCampaign(board: board.trialBoard, count: count, clients: clients).run {
          progress.advance($0, of: 2 * count)
        }
      }
      let table = Table(
        header: ["clients", "right", "wrong", "lost", "seconds", "a second"],
        rows: report.phases.map {
          [
            "\($0.clients)", "\($0.right)", "\($0.wrong)", "\($0.lost)",
            String(format: "%.1f", $0.seconds), "\($0.perSecond)",
          ]
        })
      let heap =
        if let before = report.heapBefore, let after = report.heapAfter {
          "heap \(before) bytes before, \(after) bytes after"
        } else {
          "the device does not tell its heap"
        }
      try output.print(
        report,
        text: "\(table.text)\n\(heap)\n\(report.runsCounted) executions counted by the device\n"
          + (report.isSound ? "sound" : "not sound"))
      guard report.isSound else { throw ExitCode.failure }
    }
  }
}
