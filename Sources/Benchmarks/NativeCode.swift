import Foundation
import Measurement
import Subprocess

/// A kernel as machine code of a Cortex-M4, by the compiler that firmware is usually built with.
struct NativeCode {
  /// What to lay at `BenchmarkMemory.emptyFunctionAddress`.
  let memory: [UInt8]
  /// Size of the kernel's function, literals included, library functions not.
  let functionBytes: Int

  /// `bx lr`, and nothing up to the kernel.
  private static let emptyFunction: [UInt8] =
    [0x70, 0x47]
    + [UInt8](
      repeating: 0, count: Int(BenchmarkMemory.functionAddress - BenchmarkMemory.emptyFunctionAddress) - 2)

  init(_ kernel: Kernel) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "microbpf-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let script = """
      SECTIONS {
        .text \(BenchmarkMemory.functionAddress) : {
          *(.text.\(kernel.function)) *(.text .text.*) *(.rodata .rodata.*)
        }
        /DISCARD/ : { *(.ARM.*) *(.comment) }
      }
      """
    try Data(script.utf8).write(to: folder.appending(path: "kernel.ld"))
    let machine = ["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"]
    try await run(
      "arm-none-eabi-gcc",
      machine + ["-O2", "-ffreestanding", "-ffunction-sections"] + kernel.definitions.map { "-D\($0)" }
        + ["-c", kernel.source.path, "-o", path("kernel.o")])
    try await run(
      "arm-none-eabi-gcc",
      machine + [
        "-nostdlib", "-T", path("kernel.ld"), "-e", kernel.function, path("kernel.o"), "-lgcc", "-o",
        path("kernel.elf"),
      ])
    try await run("arm-none-eabi-objcopy", ["-O", "binary", path("kernel.elf"), path("kernel.bin")])
    memory = Self.emptyFunction + [UInt8](try Data(contentsOf: folder.appending(path: "kernel.bin")))
    let symbol = try await run("arm-none-eabi-nm", ["--print-size", path("kernel.o")]).split(separator: "\n")
      .map { $0.split(separator: " ") }.first { $0.last == kernel.function[...] }
    functionBytes = symbol.flatMap { $0.count == 4 ? Int($0[1], radix: 16) : nil } ?? 0
  }
}

/// Runs a tool of the path and returns what it put out.
@discardableResult
func run(_ tool: String, _ arguments: [String]) async throws -> String {
  do {
    let result = try await Subprocess.run(
      .name(tool), arguments: Arguments(arguments), output: .string(limit: 1 << 20),
      error: .string(limit: 1 << 20))
    guard result.terminationStatus.isSuccess else {
      throw BenchmarkError.tool(name: tool, said: result.standardOutput + result.standardError)
    }
    return result.standardOutput
  } catch let error as SubprocessError {
    throw BenchmarkError.tool(name: tool, said: "could not be run (\(error)); `make setup` installs it")
  }
}
