import Foundation
import Testing

/// The commands as processes: what they print, and their exit status.
@Suite struct CommandLineRules {
  private static let wrong = """
    static int samples[4] = {3, 1, 4, 1};
    int program(void) {
      int sum = 0;
      for (int i = 0; i <= 4; i++) {
        sum += ((volatile int *)samples)[i];
      }
      return sum;
    }
    """

  /// Goes wrong only when it runs: how many there are is not known before.
  private static let unlucky = """
    static int samples[4] = {3, 1, 4, 1};
    int program(volatile unsigned *context) {
      int sum = 0;
      unsigned count = context ? *context : 40000;
      for (unsigned i = 0; i < count; i++) {
        sum += samples[i];
      }
      return sum;
    }
    """

  private static let endless = """
    static volatile unsigned turns;
    int program(void) {
      while (turns < 10) {
      }
      return 1;
    }
    """

  /// Runs `body` with a device that has the program in slot 1.
  private func withProgram(
    _ source: String, in file: String, _ body: (Workplace, _ url: String) async throws -> Void
  ) async throws {
    try await Workplace.with { place async throws in
      try place.write(source, to: file)
      #expect(try await place.microbpf("keygen").status == 0)
      try await place.withDevice { url async throws in
        let device = ["MICROBPF_DEVICE": url]
        #expect(try await place.microbpf("deploy", file, "-s", "1", environment: device).status == 0)
        try await body(place, url)
      }
    }
  }

  @Test func `a program that runs is done`() async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(void) { return 45; }", to: "right.c")
      let outcome = try await place.microbpf("run", "right.c", "--json")
      #expect(outcome.status == 0)
      #expect(outcome.output == #"{"instructions":2,"result":45}"# + "\n")
      #expect(outcome.errors == "")
    }
  }

  @Test func `a refusal of the verifier names the line and what to do`() async throws {
    try await Workplace.with { place async throws in
      try place.write(Self.wrong, to: "wrong.c")
      let outcome = try await place.microbpf("run", "wrong.c")
      #expect(outcome.status == 1)
      #expect(outcome.output == "")
      #expect(
        outcome.errors == """
          microbpf: program refused by the verifier: the access is outside the program's data
            where:   wrong.c
            source:  wrong.c:5: sum += ((volatile int *)samples)[i];
            found:   instruction 9, offset 16 of 16 bytes
            next:    check the index into the array, and what is added to its address
            next:    `microbpf verify wrong.c` shows what leads there

          """)
    }
  }

  @Test func `what stops a program on a device is told with its line, by every command that tells it`()
    async throws
  {
    try await withProgram(Self.unlucky, in: "unlucky.c") { place, url async throws in
      let device = ["MICROBPF_DEVICE": url]
      let line = "unlucky.c:6: sum += samples[i];"
      let executed = try await place.microbpf("execute", "-s", "1", environment: device)
      #expect(executed.status == 1)
      #expect(executed.errors.contains("  where:   slot 1 of the device at \(url)\n  source:  \(line)\n"))
      let status = try await place.microbpf("ps", environment: device)
      #expect(status.output.contains("trap readOutside at instruction"))
      #expect(status.output.contains("  source:  \(line)\n"))
      let json = try await place.microbpf("ps", "--json", environment: device)
      #expect(json.output.contains(#""source":{"file":""#))
      #expect(try await place.microbpf("logs", "-s", "1", environment: device).errors.contains(line))

      try FileManager.default.removeItem(at: place.folder.appending(path: "cache"))
      let forgotten = try await place.microbpf("execute", "-s", "1", environment: device)
      #expect(!forgotten.errors.contains("source:"))
      #expect(forgotten.errors.contains("--source FILE"))
      let given = try await place.microbpf(
        "execute", "-s", "1", "--source", "unlucky.c", environment: device)
      #expect(given.errors.contains(line))
      try place.write(Self.wrong, to: "other.c")
      let other = try await place.microbpf("execute", "-s", "1", "--source", "other.c", environment: device)
      #expect(other.errors.contains("microbpf: other.c is not what the slot holds"))
      #expect(!other.errors.contains("source:"))
    }
  }

  @Test func `a program that was killed is told with the line it was at`() async throws {
    try await withProgram(Self.endless, in: "endless.c") { place, url async throws in
      let device = ["MICROBPF_DEVICE": url]
      #expect(try await place.microbpf("start", "-s", "1", environment: device).status == 0)
      #expect(try await place.microbpf("kill", "-s", "1", environment: device).status == 0)
      let status = try await place.microbpf("ps", environment: device)
      #expect(status.output.contains("killed at instruction"))
      #expect(status.output.contains("  source:  endless.c:3: while (turns < 10) {\n"), "\(status.output)")
    }
  }

  @Test func `a device refuses a wrong program with its line`() async throws {
    try await Workplace.with { place async throws in
      try place.write(Self.wrong, to: "wrong.c")
      #expect(try await place.microbpf("keygen").status == 0)
      try await place.withDevice { url async throws in
        for command in ["deploy", "push"] {
          let outcome = try await place.microbpf(command, "wrong.c", "--device", url)
          #expect(outcome.status == 1)
          #expect(outcome.errors.contains("  source:  wrong.c:5: sum += ((volatile int *)samples)[i];\n"))
        }
      }
    }
  }

  @Test func `a device that is not there is said to be so at once`() async throws {
    try await Workplace.with { place async throws in
      let outcome = try await place.microbpf("slots", "--device", "coap://127.0.0.1:9")
      #expect(outcome.status == 2)
      #expect(outcome.errors.contains("microbpf: no device runs at coap://127.0.0.1:9\n"))
      #expect(outcome.errors.contains("  next:    start one with `microbpf emulate` or `microbpf device`"))
    }
  }

  @Test(
    arguments: [
      (["run", "syntax.c"], 65, "does not compile"), (["run", "missing.c"], 65, "there is no such file"),
      (["run", "missing.img"], 65, "there is no such file"),
      (["link", "syntax.c"], 65, "the file is no object file"),
      (["inspect", "noise.img"], 1, "noise.img"),
      (["slots", "--device", "kitchen"], 65, "no device is called"),
      (["slots", "--device", "coap://kitchen"], 65, "the device's address is none"),
      (["emulate"], 65, "there is no key yet"),
      (["emulate", "--firmware", "none"], 65, "there is no key yet"),
      (["serve", "nowhere"], 69, "there is no such folder"), (["examples", "nothing"], 65, "no such file"),
      (["conformance"], 69, "no conformance suite"), (["deploy", "syntax.c"], 65, "there is no key yet"),
      (["assemble", "syntax.c"], 65, "does not assemble"), (["bench", "nothing"], 65, "no such file"),
      (["slots", "--slot", "1"], 64, "Unknown option"), (["execute", "--slot", "x"], 64, "invalid"),
      (["dance"], 64, "Unexpected argument"),
    ] as [([String], Int32, String)])
  func `a failure has its status, its place and a next step`(
    arguments: [String], status: Int32, text: String
  ) async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(void) { return y; }", to: "syntax.c")
      try place.write("noise", to: "noise.img")
      let outcome = try await place.microbpf(arguments)
      #expect(outcome.status == status)
      #expect(outcome.output == "")
      #expect(outcome.errors.contains(text), "\(outcome.errors)")
      if status == 64 {
        #expect(outcome.errors.contains("--help"))
      } else {
        #expect(outcome.errors.contains("  where:   "), "\(outcome.errors)")
        #expect(outcome.errors.contains("  next:    "), "\(outcome.errors)")
      }
    }
  }

  @Test func `without the toolchain nothing compiles, and it is said which tool is missing`() async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(void) { return 1; }", to: "right.c")
      let outcome = try await place.microbpf("run", "right.c", environment: ["PATH": place.folder.path])
      #expect(outcome.status == 69)
      #expect(outcome.errors.contains("'swiftc' of the Swift toolchain is not there"))
    }
  }

  @Test func `a wrong key and a wrong slot are told apart`() async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(void) { return 45; }", to: "right.c")
      #expect(try await place.microbpf("keygen").status == 0)
      let again = try await place.microbpf("keygen")
      #expect(again.status == 65)
      #expect(again.errors.contains("exists already"))
      #expect(try await place.microbpf("keygen", "--output", "other.pem").status == 0)
      try await place.withDevice { url async throws in
        let device = ["MICROBPF_DEVICE": url]
        let refused = try await place.microbpf("deploy", "right.c", "--key", "other.pem", environment: device)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("no signature by a key that this device trusts"))
        #expect(refused.errors.contains("(--key)"))
        let outside = try await place.microbpf("deploy", "right.c", "--slot", "7", environment: device)
        #expect(outside.status == 1)
        #expect(outside.errors.contains("`microbpf slots` lists"))
        let compiled = try await place.microbpf("jit", "compile", "0", environment: device)
        #expect(compiled.status == 1)
        let empty = try await place.microbpf("execute", environment: device)
        #expect(empty.errors.contains("`microbpf deploy PROGRAM --slot N`"))
      }
    }
  }

  @Test func `the project file says which device, and names its own mistakes`() async throws {
    try await Workplace.with { place async throws in
      #expect(try await place.microbpf("keygen").status == 0)
      try await place.withDevice { url async throws in
        #expect(try await place.microbpf("init", "--device", url, "--name", "here").status == 0)
        #expect(try await place.microbpf("init").status == 65)
        #expect(try await place.microbpf("slots").status == 0)
        #expect(try await place.microbpf("info", "--device", "here").status == 0)
      }
      try place.write("slot = 1\ndevize = x\n", to: ".microbpf")
      let outcome = try await place.microbpf("slots")
      #expect(outcome.status == 65)
      #expect(outcome.errors.contains("/.microbpf:2: devize = x\n"))
      #expect(try await place.microbpf("slots", "--help").status == 0)
    }
  }

  @Test func `inspect shows the source between the instructions`() async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(int *a) {\n  return a[1] + a[2];\n}\n", to: "sum.c")
      for arguments in [["inspect", "sum.c"], ["inspect", "--jit", "sum.c"], ["verify", "sum.c"]] {
        let outcome = try await place.microbpf(arguments)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("; sum.c:2: return a[1] + a[2];\n"), "\(outcome.output)")
      }
    }
  }

  @Test func `results are one line of JSON when asked`() async throws {
    try await Workplace.with { place async throws in
      try place.write("int program(void) { return 45; }", to: "right.c")
      #expect(try await place.microbpf("keygen", "--json").output.hasPrefix(#"{"privateKey":"#))
      try await place.withDevice { url async throws in
        for command in [
          "compile right.c", "link right.o", "deploy right.img", "push right.c -s 1", "run right.c",
          "verify right.c", "inspect right.c", "inspect --jit right.c", "disassemble right.c", "slots",
          "info",
          "execute", "start -s 1 --every 60000", "ps", "kill -s 1", "logs", "erase",
        ] {
          let outcome = try await place.microbpf(
            command.split(separator: " ").map { String($0) } + ["--json"],
            environment: ["MICROBPF_DEVICE": url])
          #expect(outcome.status == 0, "\(command): \(outcome.errors)")
          #expect(outcome.output.split(separator: "\n").count == 1, "\(command)")
          #expect(throws: Never.self, "\(command)") {
            try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
          }
        }
      }
    }
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `what a signal ends says so`(signal: Int32) async throws {
    try await Workplace.with { place async throws in
      #expect(try await place.microbpf("keygen").status == 0)
      #expect(try await place.endDevice(with: signal) == 130)
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `the shell gets its completions`(shell: String) async throws {
    try await Workplace.with { place async throws in
      let outcome = try await place.microbpf("--generate-completion-script", shell)
      #expect(outcome.status == 0)
      #expect(outcome.output.contains("deploy"))
    }
  }
}
