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

/// A portable module and the portable modules it may import: the arrows of the architecture.
func portableModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: portable)
}

/// A module that runs on a developer's machine only.
func hostModule(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: host)
}

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: host)
}

let package = Package(
  name: "microbpf",
  products: [
    .library(name: "Bytes", targets: ["Bytes"]),
    .library(name: "BPF", targets: ["BPF"]),
    .library(name: "Helpers", targets: ["Helpers"]),
    .library(name: "ELF", targets: ["ELF"]),
    .library(name: "ProgramImage", targets: ["ProgramImage"]),
    .library(name: "Compartment", targets: ["Compartment"]),
    .library(name: "Verifier", targets: ["Verifier"]),
    .library(name: "Interpreter", targets: ["Interpreter"]),
  ],
  dependencies: [
    .package(url: "https://github.com/swiftlang/swift-subprocess.git", exact: "1.0.2")
  ],
  targets: [
    portableModule("Bytes"),
    tests(of: "Bytes"),
    portableModule("BPF"),
    tests(of: "BPF"),
    portableModule("Helpers"),
    tests(of: "Helpers"),
    portableModule("ELF", ["Bytes"]),
    tests(of: "ELF", ["Bytes", "Toolchain"]),
    portableModule("ProgramImage", ["BPF", "Bytes", "ELF", "Helpers"]),
    tests(of: "ProgramImage", ["BPF", "Bytes", "ELF", "Toolchain"]),
    portableModule("Compartment", ["Bytes"]),
    tests(of: "Compartment"),
    portableModule("Verifier", ["BPF", "Bytes", "Helpers"]),
    tests(of: "Verifier", ["BPF", "Helpers"]),
    portableModule("Interpreter", ["BPF", "Compartment", "Helpers", "Verifier"]),
    tests(of: "Interpreter", ["BPF", "Compartment", "Helpers", "Verifier"]),

    hostModule(
      "Toolchain",
      [
        "BPF", "Bytes", "ELF", "Helpers", "ProgramImage",
        .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
    tests(of: "Toolchain", [
        "BPF", "Bytes", "Compartment", "ELF", "Helpers", "Interpreter", "ProgramImage", "Verifier",
      ]),
  ]
)
