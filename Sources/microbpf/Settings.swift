import Delivery
import Emulator
import Foundation
import ProgramImage

/// What commands take from the project file or the environment when no option says it.
enum Setting: String, CaseIterable {
  case device, key, trust, vendor
  case deviceClass = "class"
  case slot, layout, machine, firmware

  /// The environment variable that says the same.
  var variable: String { Self.prefix + rawValue.uppercased() }

  static let prefix = "MICROBPF_"

  /// For documentation and for the file that `microbpf init` makes.
  var summary: String {
    switch self {
    case .device: "the device to talk to: a name given with device.NAME, or a coap:// address"
    case .key: "the private key that signs"
    case .trust: "the public key that boards and devices started here trust"
    case .vendor: "the domain that the vendor id is made from"
    case .deviceClass: "the name that the class id is made from; without it the device's board"
    case .slot: "the program slot"
    case .layout: "the layout of images"
    case .machine: "QEMU's name of the machine to emulate"
    case .firmware: "the firmware of emulated boards"
    }
  }

  /// Whether it names a file, which counts from the folder of the file that says it.
  fileprivate var isPath: Bool { [.key, .trust, .firmware].contains(self) }

  /// What a value has to be, if this one is wrong.
  fileprivate func expectation(of value: String) -> String? {
    guard !value.isEmpty else { return "it needs a value" }
    switch self {
    case .slot:
      return Int(value).map { (0...9999).contains($0) } == true ? nil : "a slot's number is 0 or more"
    case .layout: return Self.expectation(of: value, among: ImageLayout.allCases.map { "\($0)" })
    case .machine: return Self.expectation(of: value, among: BoardMachine.allCases.map(\.rawValue))
    case .device, .key, .trust, .vendor, .deviceClass, .firmware: return nil
    }
  }

  private static func expectation(of value: String, among values: [String]) -> String? {
    values.contains(value) ? nil : "it is \(values.joined(separator: " or "))"
  }
}

/// Something in the project file or the environment is wrong.
struct SettingsError: Complaining, Equatable {
  /// The file and the line in it, or the environment.
  let place: String
  /// What stands there.
  let text: String
  let problem: String

  var complaint: Complaint {
    Complaint(.input, problem, next: "mend it there; `microbpf init --help` lists the settings").at(
      "\(place): \(text)")
  }
}

/// What the project file and the environment say.
///
/// The project file `.microbpf` has a line `name = value` for each setting and `device.NAME = coap://…` for each device;
/// `.env` sets variables for those who did not set them. Both are looked for in the working directory, then above.
struct Settings: Equatable {
  static let fileName = ".microbpf"
  static let environmentFileName = ".env"

  private struct Entry: Equatable {
    let value: String
    let place: String
  }

  private var entries: [Setting: Entry] = [:]
  /// The addresses of devices by their names.
  private(set) var devices: [String: String] = [:]

  private static let loaded = Result { () throws(SettingsError) -> Settings in
    try Settings(
      from: URL(filePath: FileManager.default.currentDirectoryPath),
      environment: ProcessInfo.processInfo.environment)
  }

  /// What holds for this process; nothing if there is a ``problem``.
  static let current = (try? loaded.get()) ?? Settings()

  static var problem: SettingsError? {
    if case .failure(let error) = loaded { error } else { nil }
  }

  /// Without anything.
  init() {}

  init(from folder: URL, environment: [String: String]) throws(SettingsError) {
    if let file = Self.find(Self.fileName, from: folder) { try read(projectFile: file) }
    if let file = Self.find(Self.environmentFileName, from: folder) { try read(environmentFile: file) }
    for setting in Setting.allCases {
      guard let value = environment[setting.variable], !value.isEmpty else { continue }
      try set(setting, to: value, folder: nil, place: "the environment", "\(setting.variable)=\(value)")
    }
    try checkDevice()
  }

  subscript(setting: Setting) -> String? { entries[setting]?.value }

  /// The address that a text stands for: itself, or that of the device with this name.
  func address(of device: String) throws -> String {
    if device.contains("://") { return device }
    if let address = devices[device] { return address }
    throw UnknownDevice(name: device, known: devices.keys.sorted())
  }

  // MARK: Reading

  /// The file with this name that is nearest.
  private static func find(_ name: String, from folder: URL) -> URL? {
    var folder = folder.standardizedFileURL
    while true {
      let file = folder.appending(path: name)
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: file.path, isDirectory: &isDirectory), !isDirectory.boolValue
      {
        return file
      }
      let above = folder.deletingLastPathComponent().standardizedFileURL
      guard above.path != folder.path, folder.path != "/" else { return nil }
      folder = above
    }
  }

  private mutating func read(projectFile file: URL) throws(SettingsError) {
    var seen: [String: Int] = [:]
    for (number, text) in try Self.lines(of: file) {
      let place = "\(file.path):\(number)"
      func wrong(_ problem: String) -> SettingsError {
        SettingsError(place: place, text: text, problem: "the project file is wrong: \(problem)")
      }
      guard let (name, value) = Self.assignment(text) else { throw wrong("a line is `name = value`") }
      if let first = seen.updateValue(number, forKey: name) {
        throw wrong("'\(name)' is set in line \(first) already")
      }
      let deviceName = name.hasPrefix("device.") ? String(name.dropFirst("device.".count)) : nil
      if let deviceName {
        guard !deviceName.isEmpty, value.hasPrefix("coap://") else {
          throw wrong("a device is `device.NAME = coap://ADDRESS`")
        }
        devices[deviceName] = value
      } else if let setting = Setting(rawValue: name) {
        try set(setting, to: value, folder: file.deletingLastPathComponent(), place: place, text)
      } else {
        throw wrong("there is no setting '\(name)'")
      }
    }
  }

  private mutating func read(environmentFile file: URL) throws(SettingsError) {
    for (number, text) in try Self.lines(of: file) {
      let line = text.hasPrefix("export ") ? String(text.dropFirst("export ".count)) : text
      // Others keep their variables in this file, too.
      guard line.hasPrefix(Setting.prefix) else { continue }
      let place = "\(file.path):\(number)"
      guard let (name, value) = Self.assignment(line),
        let setting = Setting.allCases.first(where: { $0.variable == name })
      else {
        throw SettingsError(place: place, text: text, problem: "there is no such variable of microbpf")
      }
      try set(setting, to: value, folder: file.deletingLastPathComponent(), place: place, text)
    }
  }

  private mutating func set(
    _ setting: Setting, to value: String, folder: URL?, place: String, _ text: String
  ) throws(SettingsError) {
    if let expectation = setting.expectation(of: value) {
      throw SettingsError(
        place: place, text: text, problem: "the value of '\(setting.rawValue)' is wrong: \(expectation)")
    }
    var value = value
    if setting.isPath, let folder {
      value =
        value.hasPrefix("~/")
        ? homeFolder(environment: ProcessInfo.processInfo.environment).path + value.dropFirst()
        : value.hasPrefix("/") ? value : folder.appending(path: value).path
    }
    entries[setting] = Entry(value: value, place: place)
  }

  /// Checked last: the devices may be named behind it, or in another file.
  private func checkDevice() throws(SettingsError) {
    guard let entry = entries[.device], !entry.value.contains("://"), devices[entry.value] == nil else {
      return
    }
    throw SettingsError(
      place: entry.place, text: "device = \(entry.value)",
      problem: "there is no device '\(entry.value)': no line says device.\(entry.value) = coap://ADDRESS")
  }

  private static func lines(of file: URL) throws(SettingsError) -> [(number: Int, text: String)] {
    guard let text = try? String(contentsOf: file, encoding: .utf8) else {
      throw SettingsError(place: file.path, text: "", problem: "the file cannot be read as UTF-8 text")
    }
    return text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
      .map { ($0.offset + 1, $0.element.trimmingCharacters(in: .whitespaces)) }
      .filter { !$0.1.isEmpty && !$0.1.hasPrefix("#") }
  }

  /// Takes a line apart. Behind a space `#` starts a comment, but not between quotes.
  private static func assignment(_ line: String) -> (name: String, value: String)? {
    guard let equals = line.firstIndex(of: "=") else { return nil }
    let name = line[..<equals].trimmingCharacters(in: .whitespaces)
    guard !name.isEmpty, !name.contains(where: \.isWhitespace) else { return nil }
    let text = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
    if let quote = text.first, quote == "\"" || quote == "'" {
      guard let end = text.dropFirst().firstIndex(of: quote) else { return nil }
      let rest = text[text.index(after: end)...].trimmingCharacters(in: .whitespaces)
      guard rest.isEmpty || rest.hasPrefix("#") else { return nil }
      return (name, String(text.dropFirst()[..<end]))
    }
    let value = text.hasPrefix("#") ? "" : text.components(separatedBy: " #")[0]
    return (name, value.trimmingCharacters(in: .whitespaces))
  }
}

/// No device has the name.
struct UnknownDevice: Complaining {
  let name: String
  let known: [String]

  var complaint: Complaint {
    Complaint(
      .input, "no device is called '\(name)'",
      next: known.isEmpty
        ? "give an address, such as coap://192.0.2.7, or name devices in a project file: `microbpf init`"
        : "give an address, such as coap://192.0.2.7, or one of the names in the project file: "
          + known.joined(separator: ", ")
    ).at("--device \(name)")
  }
}
