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

func tests(of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, exclude: exclude,
    swiftSettings: host)
}

// In the order of the arrows: a module imports only what stands above it.

let portableModules = [
  portableModule("Bytes"),
  portableModule("BPF"),
  portableModule("Helpers"),
  portableModule("ELF", ["Bytes"]),
  portableModule("ProgramImage", ["BPF", "Bytes", "ELF", "Helpers"]),
  portableModule("Compartment", ["Bytes"]),
  portableModule("Verifier", ["BPF", "Compartment", "Helpers"]),
  portableModule("Interpreter", ["BPF", "Bytes", "Compartment", "Helpers", "Verifier"]),
  portableModule("Thumb2"),
  portableModule("JIT", ["BPF", "Compartment", "Helpers", "Thumb2", "Verifier"]),
  portableModule("CBOR", ["Bytes"]),
  portableModule("COSE", ["Bytes", "CBOR"]),
  portableModule("SUIT", ["Bytes", "CBOR", "COSE"]),
  portableModule("CoAP", ["Bytes"]),
  portableModule(
    "Platform", ["Bytes", "COSE", "CoAP", "Compartment", "Helpers", "Interpreter", "JIT", "SUIT"]),
  portableModule("SimulatedPeripherals", ["Helpers", "Platform"]),
  portableModule("SlotStorage", ["Bytes", "COSE", "Helpers", "JIT", "Platform"]),
  portableModule(
    "Runtime",
    [
      "BPF", "Bytes", "COSE", "CoAP", "Compartment", "Helpers", "Interpreter", "JIT", "Platform",
      "ProgramImage", "SUIT", "SlotStorage", "Verifier",
    ]),
  portableModule("DeviceProtocol", ["Bytes", "CBOR", "CoAP", "Helpers"]),
  portableModule(
    "DeviceServer",
    [
      "Bytes", "CBOR", "COSE", "CoAP", "Compartment", "DeviceProtocol", "ELF", "Helpers", "Interpreter",
      "JIT", "Platform",
      "ProgramImage", "Runtime", "SUIT", "SlotStorage", "Verifier",
    ]),
  portableModule("DeviceConsole", ["Bytes", "CBOR", "CoAP", "DeviceProtocol"]),
  portableModule("EarlierPaths", ["Bytes", "CBOR", "CoAP", "DeviceProtocol", "Helpers"]),
  portableModule("Measurement", ["Bytes"]),
  portableModule("RandomPrograms", ["BPF", "Bytes", "Helpers"]),
  portableModule(
    "Checks", ["BPF", "Bytes", "CBOR", "COSE", "CoAP", "Compartment", "Helpers", "Interpreter", "Verifier"]),
]

let hostModules = [
  hostModule("BPFText", ["BPF", "Helpers"]),
  hostModule("Thumb2Text", ["Thumb2"]),
  hostModule(
    "Toolchain",
    [
      "BPF", "Bytes", "CBOR", "COSE", "ELF", "Helpers", "Platform", "ProgramImage", "SUIT",
      .product(name: "Crypto", package: "swift-crypto"),
      .product(name: "Subprocess", package: "swift-subprocess"),
    ]),
  hostModule(
    "CoAPTransport",
    [
      "Bytes", "CoAP", .product(name: "NIOCore", package: "swift-nio"),
      .product(name: "NIOPosix", package: "swift-nio"),
    ]),
  hostModule(
    "DeviceClient",
    [
      "Bytes", "CBOR", "CoAP", "CoAPTransport", "DeviceConsole", "DeviceProtocol", "Helpers", "Interpreter",
      "JIT",
      "ProgramImage", "SUIT", "Verifier",
    ]),
  hostModule(
    "VirtualDevice",
    [
      "CoAP", "CoAPTransport", "Compartment", "DeviceProtocol", "DeviceServer", "EarlierPaths",
      "Interpreter", "JIT", "Platform", "Runtime", "SimulatedPeripherals", "Toolchain",
    ]),
  hostModule(
    "Delivery",
    [
      "CoAP", "CoAPTransport", "DeviceClient", "DeviceProtocol", "Interpreter", "ProgramImage", "SUIT",
      "Toolchain",
    ]),
  hostModule(
    "Emulator", ["CoAP", "CoAPTransport", .product(name: "Subprocess", package: "swift-subprocess")]),
  hostModule("FaultNetwork", ["CoAP", "CoAPTransport", "RandomPrograms"]),
  hostModule(
    "Endurance",
    [
      "BPFText", "COSE", "CoAPTransport", "Delivery", "DeviceClient", "DeviceProtocol", "Emulator",
      "FaultNetwork", "Platform", "RandomPrograms", "Toolchain", "VirtualDevice",
    ]),
  hostModule(
    "Conformance",
    [
      "BPF", "BPFText", "CoAPTransport", "Compartment", "Delivery", "DeviceClient", "DeviceProtocol",
      "Emulator", "Helpers", "Interpreter", "JIT", "Runtime", "Toolchain", "Verifier",
    ]),
  hostModule(
    "Inspection",
    [
      "BPF", "BPFText", "Bytes", "CBOR", "Delivery", "DeviceClient", "DeviceProtocol", "DeviceServer",
      "Helpers", "JIT", "ProgramImage", "Runtime", "Thumb2Text", "Toolchain", "Verifier",
    ]),
  hostModule(
    "Benchmarks",
    [
      "Bytes", "Compartment", "Measurement", "ProgramImage", "Runtime", "Toolchain", "Verifier",
      .product(name: "Subprocess", package: "swift-subprocess"),
    ]),
  hostModule("DifferentialTesting", ["BPF", "BPFText", "Bytes", "Emulator", "RandomPrograms"]),
  hostModule(
    "AttackCampaign",
    [
      "BPFText", "CoAPTransport", "Delivery", "DeviceClient", "DeviceProtocol", "Emulator", "Endurance",
      "Interpreter", "Platform", "Toolchain",
    ]),
  hostModule(
    "FuzzTargets",
    [
      "BPF", "BPFText", "Bytes", "CBOR", "COSE", "CoAP", "DeviceConsole", "DeviceServer",
      "EarlierPaths", "Helpers", "JIT", "Platform", "ProgramImage", "Runtime", "SUIT",
      "SimulatedPeripherals", "Verifier",
    ]),
  .executableTarget(
    name: "microbpf",
    dependencies: [
      "AttackCampaign", "BPFText", "Benchmarks", "CoAPTransport", "Conformance", "Delivery", "DeviceClient",
      "DeviceProtocol", "DeviceServer", "DifferentialTesting", "Emulator", "Endurance", "FaultNetwork",
      "Helpers", "Inspection", "Interpreter", "JIT", "Platform", "ProgramImage", "Runtime", "SUIT",
      "Toolchain", "Verifier", "VirtualDevice",
      .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ],
    swiftSettings: host),
]

let testTargets = [
  .target(
    name: "TestSupport", dependencies: ["Bytes", "CoAP", "CoAPTransport", "Platform"],
    path: "Tests/TestSupport", swiftSettings: host),
  .testTarget(name: "ArchitectureTests", swiftSettings: host),
  tests(of: "Bytes"),
  tests(of: "BPF"),
  tests(of: "Helpers"),
  tests(of: "ELF", ["Bytes", "Toolchain"]),
  tests(of: "ProgramImage", ["BPF", "Bytes", "ELF", "Helpers", "Toolchain"]),
  tests(of: "Compartment"),
  tests(of: "Verifier", ["BPF", "Bytes", "Helpers", "TestSupport"]),
  tests(of: "Interpreter", ["BPF", "Bytes", "Compartment", "Helpers", "Verifier"]),
  tests(of: "Thumb2", ["TestSupport"]),
  tests(
    of: "JIT", ["BPF", "Bytes", "Compartment", "Helpers", "ProgramImage", "Toolchain", "Verifier"]),
  tests(of: "SlotStorage", ["Bytes", "COSE", "Helpers", "JIT", "Platform", "TestSupport"]),
  tests(of: "RandomPrograms", ["BPF", "Bytes", "Helpers", "Verifier"]),
  tests(of: "BPFText", ["BPF", "TestSupport"]),
  tests(of: "Thumb2Text", ["TestSupport", "Thumb2"]),
  tests(of: "CBOR", ["Bytes", "TestSupport"]),
  tests(of: "COSE", ["Bytes", "CBOR", "Toolchain", .product(name: "Crypto", package: "swift-crypto")]),
  tests(
    of: "SUIT",
    ["Bytes", "CBOR", "COSE", "TestSupport", "Toolchain", .product(name: "Crypto", package: "swift-crypto")],
    exclude: ["Vectors"]),
  tests(of: "CoAP", ["Bytes", "TestSupport"]),
  tests(
    of: "DeviceServer",
    [
      "Bytes", "CBOR", "CoAP", "CoAPTransport", "DeviceClient", "DeviceConsole", "DeviceProtocol",
      "EarlierPaths", "Helpers", "Interpreter", "Platform", "Runtime", "SUIT", "SimulatedPeripherals",
      "TestSupport", "Toolchain", "Verifier",
      "VirtualDevice",
    ]),
  tests(of: "SimulatedPeripherals", ["Helpers", "Platform"]),
  tests(
    of: "Runtime",
    [
      "BPF", "Bytes", "COSE", "CoAP", "Compartment", "Helpers", "Interpreter", "Platform", "ProgramImage",
      "SimulatedPeripherals", "Toolchain", "Verifier",
    ]),
  tests(of: "FaultNetwork", ["CoAP", "CoAPTransport", "TestSupport"]),
  tests(of: "CoAPTransport", ["Bytes", "CoAP", "TestSupport"]),
  .testTarget(
    name: "EndToEndTests",
    dependencies: [
      "AttackCampaign", "BPFText", "Bytes", "CoAP", "CoAPTransport", "Conformance", "Delivery",
      "DeviceClient",
      "DeviceProtocol",
      "Emulator", "Endurance", "FaultNetwork", "Helpers", "Interpreter", "JIT", "Platform", "ProgramImage",
      "SUIT",
      "TestSupport", "Toolchain", "Verifier",
    ],
    swiftSettings: host),
  tests(
    of: "Toolchain",
    [
      "BPF", "Bytes", "CBOR", "COSE", "Compartment", "ELF", "Helpers", "Interpreter", "ProgramImage", "SUIT",
      "Verifier",
    ]),
  tests(
    of: "Inspection", ["BPFText", "JIT", "ProgramImage", "Toolchain", "Verifier"], exclude: ["Listings"]),
  tests(of: "Delivery", ["Toolchain"]),
  tests(of: "Checks", ["COSE", "Toolchain"]),
  tests(
    of: "microbpf",
    [
      "CoAP", "CoAPTransport", "Delivery", "DeviceClient", "DeviceProtocol", "DeviceServer", "Interpreter",
      "TestSupport",
      "Toolchain", "Verifier", .product(name: "ArgumentParser", package: "swift-argument-parser"),
    ]),
  .testTarget(
    name: "FirmwareTests",
    dependencies: [
      "AttackCampaign", "BPF", "BPFText", "Benchmarks", "CoAPTransport", "DifferentialTesting", "Emulator",
      "RandomPrograms",
    ],
    exclude: ["Differential"], swiftSettings: host),
  tests(of: "Benchmarks"),
  .testTarget(
    name: "DocumentationTests",
    dependencies: [
      "CoAPTransport", "Compartment", "DeviceProtocol", "Helpers", "Interpreter", "Runtime", "TestSupport",
      "Toolchain",
    ],
    swiftSettings: host),
  tests(of: "FuzzTargets"),
  tests(of: "AttackCampaign", ["Interpreter", "Platform"]),
]

let package = Package(
  name: "microbpf",
  products: (portableModules.map(\.name) + ["FuzzTargets"]).map { Product.library(name: $0, targets: [$0]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
    .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
    .package(url: "https://github.com/swiftlang/swift-subprocess.git", exact: "1.0.2"),
    .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
  ],
  targets: portableModules + hostModules + testTargets
)
