import ArgumentParser

@main
struct Microbpf: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "microbpf",
    abstract:
      "Programs for microcontrollers: compiled to eBPF, signed, pulled over CoAP, checked, run in a compartment.",
    discussion: """
      Example, a first program on an emulated board:

        microbpf keygen                 # once: your key
        microbpf emulate                # a board; leave it running

      and in a second terminal:

        microbpf deploy Examples/fletcher16.c --slot 0
        microbpf execute --slot 0

      A project file says once which device, key and slot are meant: `microbpf init` makes one.

      Exit status:
      \(ExitStatus.allCases.map { "  \(String($0.rawValue).padding(toLength: 3, withPad: " ", startingAt: 0)) \($0.meaning)" }
        .joined(separator: "\n"))
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Programs",
        subcommands: [
          Init.self, Compile.self, Link.self, Assemble.self, Disassemble.self, Inspect.self, Verify.self,
          Run.self, Bench.self,
        ]),
      CommandGroup(
        name: "Deployment",
        subcommands: [
          KeyGen.self, Sign.self, Serve.self, Pull.self, Push.self, Deploy.self,
        ]),
      CommandGroup(
        name: "Devices",
        subcommands: [
          Execute.self, Start.self, Stop.self, Kill.self, Pause.self, Resume.self, ProcessStatus.self,
          Logs.self,
          StoreCommands.self, JITCommands.self, Slots.self, Erase.self, Info.self, Shell.self, Reboot.self,
        ]),
      CommandGroup(
        name: "Boards",
        subcommands: [
          Emulate.self, Device.self, Demo.self, Examples.self, RunWeatherStation.self,
        ]),
      CommandGroup(name: "Endurance", subcommands: [Faults.self, Load.self, RunAttacks.self]),
      CommandGroup(
        name: "Conformance",
        subcommands: [RunConformance.self, AnswerConformanceRunner.self, Differential.self]),
    ])
}
