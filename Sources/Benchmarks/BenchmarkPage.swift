import Foundation

/// The page that shows a saved run beside other engines: `docs/benchmarks.md`. The same figures give the same text.
public struct BenchmarkPage: Sendable {
  let report: BenchmarkReport
  let peers: Peers

  public init(_ report: BenchmarkReport, peers: Peers) {
    self.report = report
    self.peers = peers
  }

  /// The page, in Markdown.
  public var text: String {
    let sections = [
      opening, speed, fletcher, loading, sizes, memory, isolation, firmware, hardware, method,
    ]
    return sections.joined(separator: "\n\n") + "\n"
  }

  // MARK: Sections

  private var opening: String {
    """
    # Benchmarks

    Made by `make bench` from [its last results](../Benchmarks/results/latest.json); do not change by hand. Every number is a count of
    instructions that the emulated Cortex-M4 executes, or of bytes. They repeat exactly, so two runs can be compared to the last
    instruction:

    ```sh
    microbpf bench compare Benchmarks/results/latest.json Benchmarks/results/latest.json --fail-above 1
    ```

    What is measured here is measured again by `make bench`; other engines' figures are facts in
    [peers.json](../Benchmarks/peers.json), counted on the same board with the same kernels and inputs.
    """
  }

  private var speed: String {
    let columns = Self.speedPeers.compactMap { peers[$0] }
    let header =
      ["kernel", "native", "hardware", "checked", "interpreter"] + columns.map(\.name)
    var rows: [[String]] = []
    for kernel in kernels where BenchmarkReport.counts(kernel) {
      var row = [kernel, "\(native(kernel))"]
      for engine in ["jit-hardware", "jit-checked", "interpreter"] {
        row.append(ratio(report.record(kernel, engine)))
      }
      for peer in columns { row.append(ratio(peer, kernel)) }
      rows.append(row)
    }
    let means = ["jit-hardware", "jit-checked", "interpreter"].map { engine in
      report.geometricMean(engine: engine).map { BenchmarkReport.format($0) } ?? ""
    }
    rows.append(["geometric mean", "1"] + means + columns.map(mean))
    rows.append(["of the earlier JIT's", "1"] + meansOfFew(columns))
    return """
      ## One run, as a multiple of native code

      ![Ratio to native code, by kernel](pictures/ratios.svg)

      \(table(header, rows))

      *native* is `arm-none-eabi-gcc -O2`, in instructions; the others are multiples of it. *hardware* and *checked* are programs compiled
      on the device ([jit.md](jit.md)), *interpreter* is [interpreter.md](interpreter.md). What calling takes is not counted for
      native and compiled code; peers' figures include it. A number in brackets behind a mean says of how many kernels it is, where
      an engine does not get all of them right: such means cannot be set against others. So the last row has everybody's means over
      those that the earlier system's JIT gets right. `*`: wrong as published, the count is of a corrected copy.
      """
  }

  private var fletcher: String {
    let lengths = kernels.filter { $0.hasPrefix("fletcher16_") && $0.dropFirst(11).allSatisfy(\.isNumber) }
    let columns = Self.speedPeers.compactMap { peers[$0] }
    var rows: [[String]] = []
    for kernel in lengths {
      var row = [String(kernel.dropFirst(11))]
      for engine in ["native", "jit-hardware", "jit-checked", "interpreter"] {
        row.append(number(report.record(kernel, engine)?.instructions))
      }
      for peer in columns { row.append(number(peer.instructions[kernel])) }
      rows.append(row)
    }
    return """
      ## Time against size

      ![Instructions for Fletcher-16 by length](pictures/fletcher16.svg)

      Fletcher-16 over so many bytes, instructions:

      \(table(["bytes", "native", "hardware", "checked", "interpreter"] + columns.map(\.name), rows))
      """
  }

  private var loading: String {
    let header = [
      "kernel", "slots", "open and verify structure", "verify values too", "translate", "compile",
    ]
    let rows = kernels.filter { BenchmarkReport.counts($0) || $0 == "noop" }.compactMap { kernel in
      report.record(kernel, "interpreter").map { record in
        [
          kernel, "\((record.textBytes ?? 0) / 8)", number(record.loadInstructions),
          number(record.verifyInstructions), number(record.translateInstructions),
          number(report.record(kernel, "jit-hardware")?.compileInstructions),
        ]
      }
    }
    let known = ["noop", "fletcher16_640", "popcount", "coap_parse", "siphash24"]
    let otherRows = peers.engines.filter { $0.loadInstructions != nil }.map { peer in
      [peer.name] + known.map { number(peer.loadInstructions?[$0]) }
    }
    return """
      ## Before the first run

      Instructions, once for each installation: opening and verifying the image (with values that includes all before), translating it
      for the interpreter, compiling it.

      \(table(header, rows))

      What other engines take from bytes in flash to ready to run, allocation included:

      \(table(["engine"] + known, otherRows))
      """
  }

  private var sizes: String {
    let layouts = ["text", "femtoContainers", "extended", "elf"]
    var rows: [[String]] = []
    for kernel in kernels where BenchmarkReport.counts(kernel) || kernel == "fletcher16_rodata_640" {
      let record = report.record(kernel, "interpreter")
      var row = [kernel, number(record?.textBytes)]
      for layout in layouts { row.append(number(record?.layoutBytes?[layout])) }
      for engine in ["native", "jit-hardware", "jit-checked"] {
        row.append(number(report.record(kernel, engine)?.codeBytes))
      }
      rows.append(row)
    }
    return """
      ## Size of programs

      ![Bytes of an image in each layout](pictures/layouts.svg)

      Bytes of the eBPF text, of the image in each layout ([images.md](images.md)), and of machine code: by gcc -O2 and by the device. A layout
      without a number cannot hold the program.

      \(table(["kernel", "eBPF"] + layouts + ["native", "hardware", "checked"], rows))
      """
  }

  private var memory: String {
    let engines = ["interpreter", "jit-checked", "jit-hardware"]
    let rows = ["fletcher16_640", "coap_parse", "siphash24", "decimal"].map { kernel in
      [kernel] + engines.map { number(report.record(kernel, $0)?.memoryBytes) }
    }
    let others = peers.engines.filter { $0.heapBytes != nil }.map { peer in
      [peer.name, number(peer.heapBytes), number(peer.stackBytes), number(peer.flashBytes)]
    }
    return """
      ## RAM of one program

      Bytes that a loaded program needs: stack frames of 512 bytes, data, zeros, its context (of Fletcher-16, 2,564 bytes), and what the
      engine makes of it. A device sets aside the same for each slot, whatever is in it, and takes nothing while it runs.

      \(table(["kernel", "interpreter", "checked", "hardware"], rows))

      Other engines, fletcher16_640, the context, the image and eBPF's stack not counted:

      \(table(["engine", "heap", "C stack in a run", "flash of the engine"], others))
      """
  }

  private var isolation: String {
    let threads = report.threads ?? [:]
    let entry = report.record("noop", "jit-hardware")?.callInstructions
    let means = ["jit-hardware", "jit-checked"].map { engine in
      report.geometricMean(engine: engine).map { BenchmarkReport.format($0) } ?? ""
    }
    let accesses = kernels.filter(BenchmarkReport.counts).compactMap { report.record($0, "jit-checked") }
    let all = accesses.reduce(0) { $0 + ($1.accesses ?? 0) }
    let checked = accesses.reduce(0) { $0 + ($1.checkedAccesses ?? 0) }
    let rows = [
      ["native code, in the device's own memory: nothing stands around it", "1"],
      ["compiled, behind the memory protection unit, no checks in the code", means[0]],
      ["compiled, each access checked that is not proven", means[1]],
    ]
    var costs = [
      ["entering and leaving a compiled program", number(entry)],
      ["a helper's call and its return", number(threads["helper_call"])],
      ["from one program to another", number(threads["switch"])],
    ]
    if let start = threads["start"] { costs.append(["giving a thread another program", "\(start)"]) }
    return """
      ## What isolation costs

      ![Ratio to native code by isolation, and the cost of crossing the border](pictures/isolation.svg)

      \(table(["", "times native, geometric mean"], rows))

      The verifier proves \(all - checked) of the \(all) loads and stores in these kernels; the other \(checked) are checked when they
      run.

      \(table(["crossing the border", "instructions"], costs))

      A thread takes \(number(threads["thread_bytes"])) bytes beside its block.
      """
  }

  private var firmware: String {
    guard let firmware = report.firmware else { return "## Flash and RAM\n\nNot measured." }
    let rows =
      firmware.parts.map { [$0.name, "\($0.flash)", "\($0.ram)"] } + [
        ["total", "\(firmware.flash)", "\(firmware.ram)"]
      ]
    return """
      ## Flash and RAM of the firmware

      ![Flash and RAM by part](pictures/firmware.svg)

      Bytes by part, as `make size` prints them. What the firmware takes of the heap at start comes on top; `microbpf info` tells it.

      \(table(["part", "flash", "RAM"], rows))
      """
  }

  private var hardware: String {
    let times = peers.hardware
    let order = ["native", "rbpf-jit", "femto-containers", "rbpf"]
    let rows = times.bytes.indices.map { index in
      ["\(times.bytes[index])"] + order.map { times.times[$0].map { "\($0[index])" } ?? "" }
    }
    return """
      ## Times on a board, by others

      No board of silicon has been measured here. The earlier system's authors did: \(times.kernel), \(times.unit)
      (\(link(times.source))).

      \(table(["bytes", "native"] + order.dropFirst().map { peers[$0]?.name ?? $0 }, rows))

      With programs compiled as there, counts give the same ratios as these times for Femto-Containers, and within 11 % for the JIT at
      640 bytes (24 % by the slope from 80 to 2560): a fair guide, and no more.
      """
  }

  private var method: String {
    let rows = peers.engines.map { peer in [peer.name, peer.kind, peer.build, link(peer.source)] }
    return """
      ## Method, limits, sources

      - Board: QEMU's `mps2-an386` with `-icount shift=0`, where each instruction takes one nanosecond. Work is repeated until four
        million instructions have run; loop and clock are subtracted.
      - Kernels and inputs: [Benchmarks/Kernels](../Benchmarks/Kernels/README.md). Result and context are checked after the first and the
        last run; a wrong one fails `make bench`.
      - Instructions are not cycles: on a Cortex-M4 a load takes two, a taken branch two to four, a division up to twelve, and
        flash has wait states. Means are geometric, over fletcher16_640 and the 14 kernels beside it.
      - Peers: \(peers.method)

      \(table(["engine", "kind", "built", "source"], rows, isText: true))
      """
  }

  // MARK: Parts

  /// The engines whose speed is shown, in this order.
  static let speedPeers = ["rbpf-jit", "wasm3", "femto-containers", "rbpf", "ubpf"]

  private var kernels: [String] { report.records.filter { $0.engine == "native" }.map(\.kernel) }

  private func native(_ kernel: String) -> Int { report.record(kernel, "native")?.instructions ?? 0 }

  private func number(_ number: Int?) -> String { number.map { "\($0)" } ?? "" }

  private func ratio(_ record: BenchmarkRecord?) -> String {
    record.map { BenchmarkReport.format($0.ratio) } ?? ""
  }

  private func ratio(_ peer: Peer, _ kernel: String) -> String {
    if let failure = peer.failures?[kernel] { return failure }
    guard let count = peer.instructions[kernel] else { return "–" }
    let mark = peer.corrected?.contains(kernel) == true ? "\\*" : ""
    return BenchmarkReport.format(Double(count) / Double(native(kernel))) + mark
  }

  private func mean(_ peer: Peer) -> String {
    let counted = kernels.filter(BenchmarkReport.counts)
    let ratios = counted.compactMap { kernel in
      peer.instructions[kernel].map { Double($0) / Double(native(kernel)) }
    }
    guard let mean = BenchmarkReport.geometricMean(ratios) else { return "" }
    return BenchmarkReport.format(mean) + (ratios.count < counted.count ? " (\(ratios.count))" : "")
  }

  /// The means of everybody over the kernels that the earlier JIT gets right.
  private func meansOfFew(_ columns: [Peer]) -> [String] {
    let few = kernels.filter { BenchmarkReport.counts($0) && peers["rbpf-jit"]?.instructions[$0] != nil }
    let ours = ["jit-hardware", "jit-checked", "interpreter"].map { engine in
      few.compactMap { report.record($0, engine)?.ratio }
    }
    let others = columns.map { peer in
      few.compactMap { kernel in peer.instructions[kernel].map { Double($0) / Double(native(kernel)) } }
    }
    return (ours + others).map { ratios in
      BenchmarkReport.geometricMean(ratios).map { BenchmarkReport.format($0) } ?? ""
    }
  }

  private func link(_ source: String) -> String {
    guard source.hasPrefix("https://") else { return source }
    let end = source.firstIndex { " ,;".contains($0) } ?? source.endIndex
    return "<\(source[..<end])>\(source[end...])"
  }

  /// A table in Markdown, numbers to the right.
  private func table(_ header: [String], _ rows: [[String]], isText: Bool = false) -> String {
    let alignments = header.indices.map { column in column == 0 || isText ? "---" : "--:" }
    return ([header, alignments] + rows).map { "| " + $0.joined(separator: " | ") + " |" }
      .joined(separator: "\n")
  }
}
