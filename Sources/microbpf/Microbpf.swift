import ArgumentParser

@main
struct Microbpf: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "microbpf",
    abstract:
      "Programs for microcontrollers: compiled to eBPF, signed, pulled over CoAP, checked, run in a compartment.",
    discussion: """
      A first program on an emulated board, in two terminals:

        microbpf keygen
        microbpf emulate
                                                 microbpf deploy Examples/fletcher16.c --slot 0
                                                 microbpf execute --slot 0

      Exit status: 0 done, 1 the device or a check refused, 2 the device did not answer, 64 wrong usage, 65 the input is
      wrong, 69 a tool or service is missing.
      """,
    version: "0.1.0",
    groupedSubcommands: [
      CommandGroup(name: "Programs", subcommands: [Compile.self, Link.self, Run.self, Bench.self]),
      CommandGroup(
        name: "Deployment", subcommands: [KeyGen.self, Sign.self, Serve.self, Pull.self, Deploy.self]),
      CommandGroup(name: "Devices", subcommands: [Execute.self, Slots.self, Erase.self, Info.self]),
      CommandGroup(name: "Boards", subcommands: [Emulate.self, Device.self, Demo.self]),
    ])
}
