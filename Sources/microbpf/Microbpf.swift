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

      Exit status:
        0   done
        1   the device or a check refused
        2   the device did not answer
        64  wrong usage
        65  the input is wrong
        69  a tool or a service is missing
        130 ended by a signal
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(
        name: "Programs",
        subcommands: [
          Compile.self, Link.self, Assemble.self, Disassemble.self, Inspect.self, Verify.self, Run.self,
          Bench.self,
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
