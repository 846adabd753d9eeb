// swift-tools-version: 6.2
import PackageDescription

/// Settings of the modules that also compile as Embedded Swift for the device.
let portable: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .treatWarning("EmbeddedRestrictions", as: .error),
]

/// Settings of the modules that run on a developer's machine only.
let host: [SwiftSetting] = [
  .enableExperimentalFeature("Lifetimes"),
  .treatAllWarnings(as: .error),
]

/// A portable module and the modules it may import: the arrows of the architecture.
func portableModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: portable)
}

/// A module of the host and the modules and packages it may import.
func hostModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: host)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: host)
}

let portableModules = [
  portableModule("Bytes"),
  portableModule("BPF"),
  portableModule("Helpers"),
  portableModule("Compartment", ["Bytes"]),
  portableModule("Verifier", ["BPF", "Bytes", "Helpers"]),
  portableModule("Interpreter", ["BPF", "Compartment", "Helpers", "Verifier"]),
  portableModule("CBOR", ["Bytes"]),
  portableModule("CoAP", ["Bytes"]),
  portableModule("DeviceProtocol", ["Bytes", "CBOR", "CoAP"]),
  portableModule("Checks", ["Bytes", "CoAP"]),
]

let hostModules: [Target] = []

let testTargets = [
  tests(of: "Bytes"),
  tests(of: "BPF"),
  tests(of: "Helpers"),
  tests(of: "Compartment"),
  tests(of: "Verifier", ["BPF", "Helpers"]),
  tests(of: "Interpreter", ["BPF", "Bytes", "Compartment", "Helpers", "Verifier"]),
  tests(of: "CBOR"),
  tests(of: "CoAP"),
  tests(of: "DeviceProtocol", ["CBOR", "CoAP"]),
  tests(of: "Checks"),
  .testTarget(name: "FirmwareTests", swiftSettings: host),
]

let package = Package(
  name: "microbpf",
  products: portableModules.map { .library(name: $0.name, targets: [$0.name]) },
  targets: portableModules + hostModules + testTargets
)
