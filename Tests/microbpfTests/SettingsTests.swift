import Foundation
import TestSupport
import Testing

@testable import microbpf

@Suite struct SettingsRules {
  /// Reads settings in a folder below one with a project file and an environment file.
  private func settings(
    _ project: String? = nil, variables: String? = nil, environment: [String: String] = [:]
  ) async throws -> (settings: Settings, folder: String) {
    try await withDirectory { folder in
      if let project { try write(Array(project.utf8), to: ".microbpf", in: folder) }
      if let variables { try write(Array(variables.utf8), to: ".env", in: folder) }
      try write([], to: "deep/er/file", in: folder)
      return (
        try Settings(from: URL(filePath: "\(folder)/deep/er"), environment: environment), folder
      )
    }
  }

  private func error(
    _ project: String? = nil, variables: String? = nil, environment: [String: String] = [:]
  ) async throws -> SettingsError {
    try #require(
      await #expect(throws: SettingsError.self) {
        _ = try await settings(project, variables: variables, environment: environment)
      })
  }

  @Test func `the project file in a folder above is found`() async throws {
    let (settings, folder) = try await settings(
      """
      # where we deploy
      device.kitchen = coap://192.0.2.7
      device.attic = "coap://[2001:db8::7]:5700"   # under the roof
      device = kitchen
      key = keys/release.pem
      vendor = 'example.com'
      slot = 3 # the last
      """)
    #expect(settings.devices == ["kitchen": "coap://192.0.2.7", "attic": "coap://[2001:db8::7]:5700"])
    #expect(settings[.device] == "kitchen")
    #expect(settings[.key] == "\(folder)/keys/release.pem")
    #expect(settings[.vendor] == "example.com")
    #expect(settings[.slot] == "3")
    #expect(settings[.layout] == nil)
    #expect(try settings.address(of: "attic") == "coap://[2001:db8::7]:5700")
    #expect(try settings.address(of: "coap://192.0.2.9") == "coap://192.0.2.9")
  }

  @Test func `the environment goes before the environment file, and that before the project file`()
    async throws
  {
    let settings = try await settings(
      "slot = 1\nvendor = one.example\nclass = one",
      variables: "export MICROBPF_SLOT=2\nMICROBPF_VENDOR=two.example\nPATH=/x",
      environment: ["MICROBPF_SLOT": "3", "MICROBPF_KEY": "key.pem", "MICROBPF_LAYOUT": ""]
    ).settings
    #expect(settings[.slot] == "3")
    #expect(settings[.vendor] == "two.example")
    #expect(settings[.deviceClass] == "one")
    #expect(settings[.key] == "key.pem")
    #expect(settings[.layout] == nil)
  }

  @Test func `without files nothing is set`() async throws {
    #expect(try await settings().settings == Settings())
  }

  @Test(arguments: [
    ("slott = 1", "there is no setting 'slott'"),
    ("slot 1", "a line is `name = value`"),
    ("= 1", "a line is `name = value`"),
    ("key = \"a", "a line is `name = value`"),
    ("device. = coap://192.0.2.7", "a device is `device.NAME = coap://ADDRESS`"),
    ("device.kitchen = 192.0.2.7", "a device is `device.NAME = coap://ADDRESS`"),
  ])
  func `a wrong line of the project file is named`(line: String, problem: String) async throws {
    let error = try await error("# first\n\n\(line)\n")
    #expect(error.problem == "the project file is wrong: \(problem)")
    #expect(error.place.hasSuffix("/.microbpf:3"))
    #expect(error.text == line)
    #expect(error.complaint.status == .input)
  }

  @Test(arguments: [
    ("slot = first", "the value of 'slot' is wrong: a slot's number is 0 or more"),
    ("slot = -1", "the value of 'slot' is wrong: a slot's number is 0 or more"),
    ("layout = elv", "the value of 'layout' is wrong: it is text or femtoContainers or extended or elf"),
    ("machine = pdp11", "the value of 'machine' is wrong: it is mps2-an386 or mps2-an500 or mps2-an385"),
    ("key =", "the value of 'key' is wrong: it needs a value"),
  ])
  func `a wrong value is named`(line: String, problem: String) async throws {
    let error = try await error("\(line)\n")
    #expect(error.problem == problem)
    #expect(error.place.hasSuffix("/.microbpf:1"))
  }

  @Test func `a device without address is named`() async throws {
    let error = try await error("device = kitchen")
    #expect(error.problem.hasPrefix("there is no device 'kitchen'"))
    #expect(error.place.hasSuffix("/.microbpf:1"))
  }

  @Test func `a setting that is there twice is refused`() async throws {
    #expect(try await error("slot = 1\nslot = 2").problem.hasSuffix("'slot' is set in line 1 already"))
  }

  @Test func `an unknown variable of ours in the environment file is named`() async throws {
    let error = try await error(variables: "A=b\nMICROBPF_SLOTT=1")
    #expect(error.place.hasSuffix("/.env:2"))
  }

  @Test func `a wrong variable is named`() async throws {
    let error = try await error(environment: ["MICROBPF_SLOT": "x"])
    #expect(error.place == "the environment")
    #expect(error.text == "MICROBPF_SLOT=x")
  }

  @Test func `a name that nobody gave is refused with those that there are`() async throws {
    let settings = try await settings("device.kitchen = coap://192.0.2.7").settings
    let error = #expect(throws: UnknownDevice.self) { try settings.address(of: "kichen") }
    #expect(try #require(error).complaint.next[0].hasSuffix("one of the names in the project file: kitchen"))
  }

  @Test func `the file that init makes is a project file`() async throws {
    let settings = try await settings(Init.file(device: "coap://192.0.2.7", name: "kitchen")).settings
    #expect(settings.devices == ["kitchen": "coap://192.0.2.7"])
    #expect(settings[.device] == "kitchen")
  }
}
