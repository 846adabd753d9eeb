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

func tests(
  of name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "\(name)Tests", dependencies: [.target(name: name)] + dependencies, exclude: exclude,
    swiftSettings: host)
}

let package = Package(
  name: "microbpf",
  products: [
    .library(name: "Bytes", targets: ["Bytes"]),
    .library(name: "CBOR", targets: ["CBOR"]),
    .library(name: "COSE", targets: ["COSE"]),
    .library(name: "SUIT", targets: ["SUIT"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2")
  ],
  targets: [
    portableModule("Bytes"),
    portableModule("CBOR", ["Bytes"]),
    portableModule("COSE", ["Bytes", "CBOR"]),
    portableModule("SUIT", ["Bytes", "CBOR", "COSE"]),

    .target(
      name: "Toolchain",
      dependencies: ["Bytes", "CBOR", "COSE", "SUIT", .product(name: "Crypto", package: "swift-crypto")],
      swiftSettings: host),

    tests(of: "Bytes"),
    tests(of: "CBOR", ["Bytes"]),
    tests(of: "COSE", ["Bytes", "CBOR", "Toolchain", .product(name: "Crypto", package: "swift-crypto")]),
    tests(
      of: "SUIT", ["Bytes", "CBOR", "COSE", "Toolchain", .product(name: "Crypto", package: "swift-crypto")],
      exclude: ["Vectors"]),
    tests(of: "Toolchain", ["CBOR", "COSE", "SUIT"]),
  ]
)
