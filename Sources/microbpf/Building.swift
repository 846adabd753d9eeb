import ArgumentParser
import Delivery
import Foundation
import ProgramImage
import Toolchain

extension ImageLayout: ExpressibleByArgument {
  public init?(argument: String) {
    guard let layout = ImageLayout.allCases.first(where: { "\($0)" == argument }) else { return nil }
    self = layout
  }

  public static var allValueStrings: [String] { allCases.map { "\($0)" } }
}

/// How an image is laid out.
struct LayoutOption: ParsableArguments {
  @Option(
    name: .customLong("layout"),
    help: ArgumentHelp(
      """
      The image's layout: elf holds everything, text nothing but instructions; femtoContainers and extended have the \
      headers that Femto-Containers and micro-bpf know. Default: the setting 'layout', else elf.
      """, valueName: "layout"))
  var chosen: ImageLayout?

  var layout: ImageLayout {
    chosen ?? Settings.current[.layout].flatMap(ImageLayout.init(argument:)) ?? .elf
  }
}

/// The source or object file of what a device holds.
struct SourceOption: ParsableArguments {
  @Option(
    help: """
      The source or object file of the program, for the lines in reports. Default: what was built for the slot on this \
      machine.
      """, completion: .file(extensions: ["c", "swift", "o"]))
  var source: String?

  var finder: SourceFinder { SourceFinder(file: source, takesFile: true) }
}

extension SourceCache {
  static var user: SourceCache { user(environment: ProcessInfo.processInfo.environment) }
}

extension ProgramSource {
  /// The source of a program, if its image in some layout is the one with this digest.
  ///
  /// - Throws: what building throws.
  init?(of path: String, whoseImageIs digest: String) async throws {
    let object = try await buildObject(path)
    for layout in ImageLayout.allCases {
      guard let program = try? Linker(layout: layout).link([object]),
        HostCryptography.hexadecimalDigest(of: program.image) == digest
      else { continue }
      self.init(
        program: path, lines: try await SourceLines(ofObject: object).lines(of: program.functions))
      return
    }
    return nil
  }
}

/// Makes the image of a program, says what the compiler said, and remembers where its instructions come from.
func buildForDevice(
  _ path: String, layout: ImageLayout = .elf
) async throws -> (image: [UInt8], source: ProgramSource) {
  let program = try await withProgress("building \(path)") { _ in try await buildProgram(path, layout: layout)
  }
  FileHandle.standardError.write(Data(program.diagnostics.utf8))
  if program.object == nil {
    let digest = HostCryptography.hexadecimalDigest(of: program.image)
    let known = SourceCache.user.source(ofImage: digest)
    return (program.image, known ?? ProgramSource(program: path, lines: [:]))
  }
  let source = ProgramSource(
    program: URL(filePath: path).path, lines: (try? await program.sourceLines()) ?? [:])
  remember(source, of: program.image)
  return (program.image, source)
}

/// Keeps source lines for later commands. Without them a report has fewer lines, so nothing else stops for that.
func remember(_ source: ProgramSource, of image: [UInt8]) {
  guard !source.isEmpty else { return }
  do { try SourceCache.user.keep(source, of: image) } catch {
    say("source lines are not kept for later reports: \(Complaint(error).what)")
  }
}
