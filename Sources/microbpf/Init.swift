import ArgumentParser
import Foundation

struct Init: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Make a project file, which says what options would say again and again.",
    discussion: """
      The project file is \(Settings.fileName) in the working directory, or in a folder above it. It has a line \
      `name = value` for each setting, and one for each device that is to have a name:

      \(Setting.allCases.map { "  \($0.rawValue.padding(toLength: 12, withPad: " ", startingAt: 0)) \($0.summary)" }
        .joined(separator: "\n"))
        device.NAME  the address of the device with this name

      Files count from its folder. An option goes before the environment variable of a setting (\(Setting.prefix) \
      and its name in capitals), that before the same variable in a file \(Settings.environmentFileName), and all of \
      these before the project file.

      Example: microbpf init
               microbpf init --device coap://192.0.2.7 --name kitchen
      """)

  @Option(help: "The address of a device.")
  var device = DeviceOptions.defaultAddress

  @Option(help: "The device's name.")
  var name = "board"

  @OptionGroup var output: OutputOptions

  private struct Result: Encodable {
    let path: String
    let device: String
  }

  func validate() throws {
    guard device.hasPrefix("coap://") else { throw ValidationError("an address begins with coap://") }
    guard !name.isEmpty, !name.contains(where: { $0.isWhitespace || $0 == "=" || $0 == "#" }) else {
      throw ValidationError("a device's name is one word")
    }
  }

  func run() async throws {
    let path = FileManager.default.currentDirectoryPath + "/" + Settings.fileName
    // The settings are not looked at: a file above may be wrong.
    try await perform(needingSettings: false) { [self] in
      guard !FileManager.default.fileExists(atPath: path) else {
        throw Complaint(.input, "there is a project file already", next: "change it, or remove it first").at(
          path)
      }
      try Data(Self.file(device: device, name: name).utf8).write(to: URL(filePath: path))
      try output.print(
        Result(path: path, device: device),
        text: "\(path): '\(name)' is \(device); the file says what else there is")
    }
  }

  /// The project file, with the settings that have no value yet as comments.
  static func file(device: String, name: String) -> String {
    let others = Setting.allCases.filter { $0 != .device }.map { setting in
      "#\(setting.rawValue) =".padding(toLength: 16, withPad: " ", startingAt: 0) + "# \(setting.summary)"
    }
    return """
      # What microbpf takes from here when no option says it. Devices by their names, and the usual one:
      device.\(name) = \(device)
      device = \(name)

      \(others.joined(separator: "\n"))

      """
  }
}
