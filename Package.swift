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

func tests(of name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, swiftSettings: host)
}

let package = Package(
  name: "microbpf",
  products: [
    .library(name: "Bytes", targets: ["Bytes"]),
    .library(name: "CoAP", targets: ["CoAP"]),
    .library(name: "Checks", targets: ["Checks"]),
  ],
  targets: [
    portableModule("Bytes"),
    tests(of: "Bytes"),
    portableModule("CoAP", ["Bytes"]),
    tests(of: "CoAP"),
    portableModule("Checks", ["Bytes", "CoAP"]),
    tests(of: "Checks"),
  ]
)
